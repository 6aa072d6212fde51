// Follows operations to their end: tells what happens, passes questions on, and asks before anything is changed. Whoever
// stops it (Ctrl-C) stops the operations; a second time it only stops looking.
import { HostOperation, type HostOperationPrompt, type HostOperationStep } from '../../../shared/api/flotilla/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import { Informer } from '../../../shared/client/informer.ts'
import { isConflict } from '../../../shared/machinery/status.ts'
import { STOPPING } from '../stopped.ts'
import { Interrupted } from '../../process/usage-error.ts'
import type { Answerer } from './answerer.ts'
import type { HostEvent } from './events.ts'

export interface FollowOptions {
  readonly client: Client
  readonly answerer: Answerer
  /** The plan need not be looked at. */
  readonly approved: boolean
  readonly tell: (event: HostEvent) => void
}

const ENDED = new Set(['Succeeded', 'Failed', 'Cancelled'])
const DELETED = {
  phase: 'Cancelled',
  message: 'it was deleted; what is done so far stays done, and a rerun goes on from there',
  prompts: [],
}
const UNASKED = 'What is planned is done unasked with --yes'
/** What an operation waits for that people have to do. */
const OF_PEOPLE: Readonly<Record<string, string>> = {
  WaitingForAnswer: 'waits for an answer',
  WaitingForApproval: 'waits to be approved',
}
/** Of what is sent, so much is worth a line. */
const PERCENT_STEP = 25

/**
 * @returns the operations as they ended, in the order given
 * @throws Interrupted when it was stopped, once they have ended
 */
export async function follow(names: readonly string[], options: FollowOptions): Promise<HostOperation[]> {
  const { client } = options
  const stop = new AbortController()
  const ended = new Map<string, HostOperation>()
  const followers = new Map(names.map(name => [name, new Follower(options)]))
  const informer = new Informer(client, HostOperation)
  const others = () => informer.lister.list().filter(({ metadata }) => !followers.has(metadata.name))
  const cancelRest = async () => {
    for (const name of names)
      if (!ended.has(name))
        await client
          .patch(HostOperation, { name }, { spec: { cancelled: true } }, { type: 'merge' })
          .catch(() => undefined)
  }
  let isStopped = false
  const onStop = () => {
    isStopped = true
    for (const signal of STOPPING) process.off(signal, onStop)
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined) // where it is closed
    console.error('stopping; what is done so far stays done, and a rerun goes on from there')
    void cancelRest()
  }
  for (const signal of STOPPING) process.on(signal, onStop)
  try {
    const all = await new Promise<HostOperation[]>((resolve, reject) => {
      const look = (operation: HostOperation) => {
        const { name } = operation.metadata
        followers.get(name)?.look(operation).catch(reject)
        if (followers.has(name) && ENDED.has(operation.status.phase ?? '')) ended.set(name, operation)
        for (const each of followers.values()) each.tellWhoseTurn(others())
        if (ended.size === names.length) resolve(names.flatMap(each => ended.get(each) ?? []))
      }
      const deleted = (operation: HostOperation) => {
        if (!ended.has(operation.metadata.name)) look({ ...operation, status: { ...operation.status, ...DELETED } })
      }
      informer.on({ added: look, updated: look, deleted })
      void informer.start(stop.signal)
    })
    if (isStopped) throw new Interrupted()
    return all
  } catch (error) {
    // Nobody follows them any more: a plan that nobody can approve must not wait for ever.
    await cancelRest()
    throw error
  } finally {
    for (const signal of STOPPING) process.off(signal, onStop)
    stop.abort()
  }
}

class Follower {
  readonly #options: FollowOptions
  readonly #answered = new Set<string>()
  readonly #shown = new Set<string>()
  #askedForApproval = false
  #toldPlan = false
  #last: HostOperation | undefined

  constructor(options: FollowOptions) {
    this.#options = options
  }

  /** A host has one operation at a time. @param others that somebody else follows, or nobody any more */
  tellWhoseTurn(others: readonly HostOperation[]): void {
    if (!this.#last || (this.#last.status.phase ?? 'Pending') !== 'Pending') return
    const { spec } = this.#last
    for (const other of others) {
      const { name } = other.metadata
      const what = OF_PEOPLE[other.status.phase ?? '']
      if (other.spec.hostName !== spec.hostName || what === undefined) continue
      const message = `waits for ${name}, which ${what}; if nobody is there for that any more, end it with: kubectl delete hostoperation ${name}`
      this.#once({ type: 'stage', host: spec.hostName, message })
    }
  }

  async look(operation: HostOperation): Promise<void> {
    this.#last = operation
    const { status, spec, metadata } = operation
    const host = spec.hostName
    if (status.phase === 'Running' && status.message) this.#once({ type: 'stage', host, message: status.message })
    // Those that keep a host from joining are what it fails with.
    for (const finding of status.findings ?? [])
      if (finding.severity !== 'Error' || spec.action === 'Check') this.#once({ type: 'finding', host, finding })
    this.#tellPlan(operation)
    for (const step of status.steps ?? [])
      if (step.state !== 'Pending' && step.state !== 'Skipped') this.#once({ type: 'step', host, ...stepEvent(step) })
    const { phase = '', reason, message = '' } = status
    if (ENDED.has(phase)) this.#once({ type: 'result', host, phase, ...(reason && { reason }), message })
    const prompts = (status.prompts ?? []).filter(({ id }) => !this.#answered.has(id))
    for (const { id } of prompts) this.#answered.add(id)
    await Promise.all(prompts.map(prompt => this.#answer(metadata.name, spec.hostName, prompt)))
    if (status.phase === 'WaitingForApproval' && !this.#askedForApproval) await this.#approve(operation)
  }

  #once(event: HostEvent): void {
    const key = JSON.stringify(event)
    if (this.#shown.has(key)) return
    this.#shown.add(key)
    this.#options.tell(event)
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

  /** After a lost connection the plan is what is left: that is asked about, and tells nobody anything otherwise. */
  #tellPlan({ spec: { hostName: host }, status: { phase, plan = [] } }: HostOperation): void {
    if (plan.length === 0 || (this.#toldPlan && phase !== 'WaitingForApproval')) return
    this.#toldPlan = true
    this.#once({ type: 'plan', host, plan })
  }

  async #approve({ metadata, spec }: HostOperation): Promise<void> {
    this.#askedForApproval = true
    const { client, answerer, approved } = this.#options
    const yes = approved || (await answerer.confirm(`Do this to ${spec.hostName}?`, UNASKED))
    const change = yes ? { approved: true } : { cancelled: true }
    await client.patch(HostOperation, metadata, { spec: change }, { type: 'merge' })
  }
}

function stepEvent({ name, state, percent, startTime = '', completionTime }: HostOperationStep) {
  const seconds = completionTime ? (Date.parse(completionTime) - Date.parse(startTime)) / 1000 : 0
  const reached = Math.floor((percent ?? 0) / PERCENT_STEP) * PERCENT_STEP
  const isOnTheWay = state === 'Running' && reached > 0 && reached < 100
  return { step: name, state, ...(isOnTheWay && { percent: reached }), ...(seconds > 0 && { seconds }) }
}
