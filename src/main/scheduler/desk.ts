// Answers questions about placement: from the scheduler that runs here, else, where another control plane leads, from
// one that only watches and is started when somebody first asks.
import type { Pod } from '../../shared/api/core/v1.ts'
import type { PodExplanationStatus, WhatIfStatus } from '../../shared/api/flotilla/scheduling-v1.ts'
import { explainPod } from './explain/explain-pod.ts'
import type { Scheduler } from './scheduler.ts'
import type { Changes } from './what-if/changes.ts'
import { whatIf } from './what-if/what-if.ts'

export class SchedulingDesk implements AsyncDisposable {
  readonly #startWatching: () => Promise<Scheduler>
  #running: Scheduler | undefined
  #watching: Promise<Scheduler> | undefined
  #handingOver: Promise<void> | undefined

  /** @param startWatching starts a scheduler that places nothing */
  constructor(startWatching: () => Promise<Scheduler>) {
    this.#startWatching = startWatching
  }

  /** Takes the running scheduler. @returns it, to be disposed of by whoever started it */
  serve(scheduler: Scheduler): Scheduler {
    this.#running = scheduler
    this.#handingOver = this.#endWatching()
    return {
      sight: scheduler.sight,
      get depth() {
        return scheduler.depth
      },
      [Symbol.asyncDispose]: async () => {
        this.#running = undefined
        await scheduler[Symbol.asyncDispose]()
      },
    }
  }

  async explain(pod: Pod, exists: boolean): Promise<PodExplanationStatus> {
    return explainPod((await this.#scheduler()).sight, pod, exists)
  }

  async whatIf(changes: Changes): Promise<WhatIfStatus> {
    return whatIf((await this.#scheduler()).sight, changes)
  }

  async #scheduler(): Promise<Scheduler> {
    if (this.#running) return this.#running
    const watching = (this.#watching ??= this.#startWatching())
    try {
      return await watching
    } catch (error) {
      // Another one may have been started since.
      if (this.#watching === watching) this.#watching = undefined
      throw error
    }
  }

  async #endWatching(): Promise<void> {
    const watching = this.#watching
    this.#watching = undefined
    // One that could not start has told so whoever asked.
    const watcher = await watching?.catch(() => undefined)
    await watcher?.[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handingOver
    await this.#endWatching()
  }
}
