// Who waits for a revision that is still to come.
interface Waiting {
  readonly revision: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export class AwaitedRevisions {
  readonly #waiting = new Set<Waiting>()

  /** @throws the signal's reason, or that of the end */
  async wait(revision: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    let stop: () => void = () => undefined
    let waiting: Waiting | undefined
    try {
      await new Promise<void>((resolve, reject) => {
        waiting = { revision, resolve, reject }
        this.#waiting.add(waiting)
        stop = () => reject(signal.reason as Error)
        signal.addEventListener('abort', stop, { once: true })
      })
    } finally {
      if (waiting) this.#waiting.delete(waiting)
      signal.removeEventListener('abort', stop)
    }
  }

  reach(revision: number): void {
    for (const waiting of this.#waiting) if (waiting.revision <= revision) waiting.resolve()
  }

  end(error: Error): void {
    for (const waiting of this.#waiting) waiting.reject(error)
  }
}
