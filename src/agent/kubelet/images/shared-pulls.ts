// Pods that want the same image at the same time share one pull. It is given up when nobody waits for it any more, not
// when the pod that came first goes.
import type { PullProgress } from '../runtime/contract.ts'

interface SharedPull {
  readonly done: Promise<void>
  readonly stop: AbortController
  waiting: number
  progress: PullProgress | undefined
}

export type Pull = (signal: AbortSignal, onProgress: (progress: PullProgress) => void) => Promise<void>

export class SharedPulls {
  readonly #pulls = new Map<string, SharedPull>()

  /** How far a pull is, as far as it is known. */
  progress = (key: string): PullProgress | undefined => this.#pulls.get(key)?.progress

  /**
   * Joins the pull of this key, or starts it.
   * @throws the pull's failure, or the signal's reason
   */
  async join(key: string, pull: Pull, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const shared = this.#pulls.get(key) ?? this.#start(key, pull)
    shared.waiting++
    let leave: () => void = () => undefined
    const left = new Promise<never>((_resolve, reject) => {
      leave = () => reject(signal.reason as Error)
      signal.addEventListener('abort', leave, { once: true })
    })
    try {
      await Promise.race([shared.done, left])
    } finally {
      signal.removeEventListener('abort', leave)
      if (--shared.waiting === 0) {
        this.#forget(key, shared) // whoever comes now must not share its end
        shared.stop.abort(signal.reason)
      }
    }
  }

  #start(key: string, pull: Pull): SharedPull {
    const stop = new AbortController()
    const shared: SharedPull = {
      done: pull(stop.signal, progress => (shared.progress = progress)).finally(() => this.#forget(key, shared)),
      stop,
      waiting: 0,
      progress: undefined,
    }
    shared.done.catch(() => undefined) // those who wait are told
    this.#pulls.set(key, shared)
    return shared
  }

  #forget(key: string, shared: SharedPull): void {
    if (this.#pulls.get(key) === shared) this.#pulls.delete(key)
  }
}
