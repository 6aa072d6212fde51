// Work that runs once at a time: calls that come meanwhile share one more run.

export class Serialised {
  readonly #work: () => Promise<void>
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(work: () => Promise<void>) {
    this.#work = work
  }

  /** Resolves after a run that began no earlier than this call. */
  run(): Promise<void> {
    if (this.#next) return this.#next
    if (!this.#running) return this.#start()
    this.#next = this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined
        return this.#start()
      })
    return this.#next
  }

  /** Resolves when nothing of it runs or waits to run. */
  async settled(): Promise<void> {
    for (let work = this.#next ?? this.#running; work; work = this.#next ?? this.#running)
      await work.catch(() => undefined) // whoever asked is told
  }

  #start(): Promise<void> {
    this.#running = this.#work().finally(() => (this.#running = undefined))
    return this.#running
  }
}
