// Calls that touch a common key run one after the other, in call order; all others run side by side.

export class KeyOrder {
  readonly #limit: number
  /** The last call on each key that has one under way. */
  readonly #last = new Map<string, Promise<unknown>>()
  #running = 0
  readonly #waiting: (() => void)[] = []

  /** @param limit calls under way at most */
  constructor(limit: number) {
    this.#limit = limit
  }

  run<T>(keys: readonly string[], call: () => Promise<T>): Promise<T> {
    const before = keys.flatMap(key => this.#last.get(key) ?? [])
    const result = Promise.all(before).then(() => this.#limited(call))
    const settled: Promise<void> = result.then(
      () => this.#forget(keys, settled),
      () => this.#forget(keys, settled),
    )
    for (const key of keys) this.#last.set(key, settled)
    return result
  }

  /** Resolves when nothing that was called before is under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#last.values())
  }

  async #limited<T>(call: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#limit) await new Promise<void>(resolve => this.#waiting.push(resolve))
    else this.#running++
    try {
      return await call()
    } finally {
      const next = this.#waiting.shift()
      // The place is handed over, so that nobody slips in between.
      if (next) next()
      else this.#running--
    }
  }

  #forget(keys: readonly string[], settled: Promise<void>): void {
    for (const key of keys) if (this.#last.get(key) === settled) this.#last.delete(key)
  }
}
