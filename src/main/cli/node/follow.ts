// Follows operations to their end: prints what happens, passes questions on, and asks before anything is changed.
import { HostOperation, type HostOperationPrompt } from '../../../shared/api/flotilla/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import { Informer } from '../../../shared/client/informer.ts'
import { isConflict } from '../../../shared/machinery/status.ts'
import type { Answerer } from './answerer.ts'

export interface FollowOptions {
  readonly client: Client
  readonly answerer: Answerer
  /** The plan need not be looked at. */
  readonly approved: boolean
  readonly print: (line: string) => void
}

const ENDED = new Set(['Succeeded', 'Failed', 'Cancelled'])

/** @returns the operations as they ended, in the order given */
export async function follow(names: readonly string[], options: FollowOptions): Promise<HostOperation[]> {
  const { client } = options
  const stop = new AbortController()
  const ended = new Map<string, HostOperation>()
  const followers = new Map(names.map(name => [name, new Follower(options)]))
  const informer = new Informer(client, HostOperation)
  try {
    return await new Promise((resolve, reject) => {
      const look = (operation: HostOperation) => {
        const { name } = operation.metadata
        followers.get(name)?.look(operation).catch(reject)
        if (followers.has(name) && ENDED.has(operation.status.phase ?? '')) ended.set(name, operation)
        if (ended.size === names.length) resolve(names.flatMap(each => ended.get(each) ?? []))
      }
      informer.on({ added: look, updated: look })
      void informer.start(stop.signal)
    })
  } catch (error) {
    // Nobody follows them any more: a plan that nobody can approve must not wait for ever.
    for (const name of names)
      if (!ended.has(name))
        await client
          .patch(HostOperation, { name }, { spec: { cancelled: true } }, { type: 'merge' })
          .catch(() => undefined)
    throw error
  } finally {
    stop.abort()
  }
}

class Follower {
  readonly #options: FollowOptions
  readonly #answered = new Set<string>()
  readonly #shown = new Set<string>()
  #askedForApproval = false

  constructor(options: FollowOptions) {
    this.#options = options
  }

  async look(operation: HostOperation): Promise<void> {
    const { status, spec, metadata } = operation
    for (const step of status.steps ?? []) {
      if (step.state === 'Pending' || step.state === 'Skipped') continue
      const seconds = step.completionTime
        ? (Date.parse(step.completionTime) - Date.parse(step.startTime ?? '')) / 1000
        : 0
      this.#once(`${spec.hostName}  ${step.name}: ${step.state.toLowerCase()}${seconds > 0 ? ` (${seconds} s)` : ''}`)
    }
    if (ENDED.has(status.phase ?? ''))
      this.#once(`${spec.hostName}  ${(status.phase ?? '').toLowerCase()}: ${status.message ?? ''}`)
    const prompts = (status.prompts ?? []).filter(({ id }) => !this.#answered.has(id))
    for (const { id } of prompts) this.#answered.add(id)
    await Promise.all(prompts.map(prompt => this.#answer(metadata.name, spec.hostName, prompt)))
    if (status.phase === 'WaitingForApproval' && !this.#askedForApproval) await this.#approve(operation)
  }

  #once(line: string): void {
    if (this.#shown.has(line)) return
    this.#shown.add(line)
    this.#options.print(line)
  }

  async #answer(operation: string, host: string, prompt: HostOperationPrompt): Promise<void> {
    const { client, answerer } = this.#options
    const answer = await answerer.answer(host, prompt)
    try {
      await client.createSubresource(HostOperation, { name: operation }, 'answers', { prompt: prompt.id, answer })
    } catch (error) {
      if (!isConflict(error)) throw error // somebody else answered, or it is over
    }
  }

  async #approve({ metadata, spec, status }: HostOperation): Promise<void> {
    this.#askedForApproval = true
    const { client, answerer, approved, print } = this.#options
    print(`${spec.hostName}  what will be done:`)
    for (const { changes } of status.plan ?? []) for (const change of changes) print(`${spec.hostName}    - ${change}`)
    const yes =
      approved || /^y(es)?$/i.test((await answerer.ask(`Do this to ${spec.hostName}? (yes/no) `, true)).trim())
    const change = yes ? { approved: true } : { cancelled: true }
    await client.patch(HostOperation, metadata, { spec: change }, { type: 'merge' })
  }
}
