// A map that holds so many entries and no more: for a new one it forgets the one that was unused for longest.

export class RecentlyUsed<V> {
  readonly #most: number
  /** In the order of their last use. */
  readonly #entries = new Map<string, V>()
  /**
   * Stands before the oldest. A fresh one has to step over every entry that was forgotten, until the map is laid out
   * anew; an old one that is not asked keeps every layout since alive, with what has been forgotten.
   */
  #fromOldest: Iterator<string> | undefined
  #setsLeft: number

  constructor(most: number) {
    this.#most = most
    this.#setsLeft = most
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): V | undefined {
    return this.#entries.get(key)
  }

  /** Sets an entry, as the one that was used last. */
  set(key: string, value: V): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (--this.#setsLeft <= 0) {
      this.#setsLeft = this.#most
      this.#fromOldest = undefined
    }
    if (this.#entries.size <= this.#most) return
    this.#fromOldest ??= this.#entries.keys()
    const { value: oldest, done } = this.#fromOldest.next()
    if (!done) this.#entries.delete(oldest)
  }

  /** Gets or makes an entry, which is the one that was used last then. */
  use(key: string, make: () => V): V {
    const value = this.#entries.get(key) ?? make()
    this.set(key, value)
    return value
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
    this.#fromOldest = undefined
  }
}
