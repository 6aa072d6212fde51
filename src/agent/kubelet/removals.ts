// Dead containers of pods that are over. Nothing waits for their removal, so it waits itself until no pod ends any more,
// but not for long, and is done one after the other. Those that cannot be removed, or were not when the agent stopped,
// are orphans, and found as such.
import PQueue from 'p-queue'
import type { Clock } from '../../shared/machinery/clock.ts'
import type { Log } from '../../shared/machinery/log.ts'
import type { ContainerRuntime } from './runtime/contract.ts'

const MOST_HELD_MS = 10_000

export interface RemovalsOptions {
  readonly runtime: Pick<ContainerRuntime, 'remove'>
  readonly clock: Clock
  readonly log: Log
}

export class Removals implements AsyncDisposable {
  readonly #options: RemovalsOptions
  readonly #queue = new PQueue({ concurrency: 1 })
  /** By uid of the pod: how many of its containers are still there. */
  readonly #left = new Map<string, number>()
  #holds = 0
  #cancelLatest: () => void = () => undefined

  constructor(options: RemovalsOptions) {
    this.#options = options
  }

  /** Whether something of the pod is still to be removed. */
  has(podUid: string): boolean {
    return this.#left.has(podUid)
  }

  /** The engine has something to do that somebody waits for, until this is disposed of. */
  hold(): Disposable {
    this.#holds++
    return {
      [Symbol.dispose]: () => {
        if (--this.#holds === 0) this.#goOn()
      },
    }
  }

  /** @param ids of containers that do not run; returns at once */
  add(podUid: string, ids: readonly string[]): void {
    if (ids.length === 0) return
    this.#left.set(podUid, (this.#left.get(podUid) ?? 0) + ids.length)
    if (this.#holds > 0 && this.#queue.size === 0) this.#wait()
    for (const id of ids) void this.#queue.add(() => this.#remove(podUid, id))
  }

  #wait(): void {
    this.#queue.pause()
    this.#cancelLatest()
    this.#cancelLatest = this.#options.clock.after(MOST_HELD_MS, () => this.#goOn())
  }

  #goOn(): void {
    this.#cancelLatest()
    this.#queue.start()
  }

  async #remove(podUid: string, id: string): Promise<void> {
    const { runtime, log } = this.#options
    try {
      await runtime.remove(id)
    } catch (error) {
      log.warn({ uid: podUid, error: String(error) }, 'dead container not removed')
    }
    const left = (this.#left.get(podUid) ?? 1) - 1
    if (left > 0) this.#left.set(podUid, left)
    else this.#left.delete(podUid)
  }

  /** Lets the removal under way end, and begins no other. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#queue.clear()
    this.#goOn()
    await this.#queue.onIdle()
  }
}
