// Work on one thing is done in order: a tear-down never overtakes the set-up before it.

export class InOrder {
  readonly #queues = new Map<string, Promise<unknown>>()

  /** Whether work on this is under way or waits. */
  has(key: string): boolean {
    return this.#queues.has(key)
  }

  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(key) ?? Promise.resolve()
    const mine = before.then(work, work)
    const settled = mine.catch(() => undefined)
    this.#queues.set(key, settled)
    void settled.then(() => {
      if (this.#queues.get(key) === settled) this.#queues.delete(key)
    })
    return mine
  }
}
