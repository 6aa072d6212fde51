// Work on one thing is done in order: a tear-down never overtakes the set-up before it.

export class InOrder {
  readonly #queues = new Map<string, Promise<unknown>>()
  #alone: Promise<unknown> = Promise.resolve()

  /** Whether work on this is under way or waits. */
  has(key: string): boolean {
    return this.#queues.has(key)
  }

  /** @param keys what the work is about: it follows all that was asked for of any of them */
  run<T>(keys: string | readonly string[], work: () => Promise<T>): Promise<T> {
    const all = typeof keys === 'string' ? [keys] : keys
    const mine = Promise.all([...all.map(key => this.#queues.get(key)), this.#alone]).then(work)
    const settled = mine.catch(() => undefined)
    for (const key of all) this.#queues.set(key, settled)
    void settled.then(() => {
      for (const key of all) if (this.#queues.get(key) === settled) this.#queues.delete(key)
    })
    return mine
  }

  /** Runs between all that was asked for before and all that is asked for later, whatever that is about. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = Promise.all([...this.#queues.values(), this.#alone]).then(work)
    this.#alone = mine.catch(() => undefined)
    return mine
  }
}
