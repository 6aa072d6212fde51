// Whoever stops a command (Ctrl-C, a service manager, a terminal that is closed) has it tidy up first; a second time it
// ends at once.

/** The last comes when the terminal is closed. */
export const STOPPING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export class Stopped implements Disposable {
  readonly #controller = new AbortController()
  readonly #stop = () => {
    this[Symbol.dispose]()
    this.#controller.abort()
  }

  constructor() {
    for (const signal of STOPPING) process.on(signal, this.#stop)
  }
  /** Aborted when it is stopped. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }
  [Symbol.dispose](): void {
    for (const signal of STOPPING) process.off(signal, this.#stop)
  }
}
