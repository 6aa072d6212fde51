// A map that holds so many entries and no more: for a new one it forgets the one that was unused for longest.
import { PassingThrough, type Place } from './passing-through.ts'

interface Entry<V> {
  readonly key: string
  readonly value: V
}

export class RecentlyUsed<V> {
  readonly #most: number
  readonly #places = new Map<string, Place<Entry<V>>>()
  /** In the order of their last use: a map that is asked for its oldest steps over all that went before it. */
  #entries = new PassingThrough<Entry<V>>()

  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#places.size
  }

  get(key: string): V | undefined {
    return this.#places.get(key)?.member.value
  }

  /** Sets an entry, as the one that was used last. */
  set(key: string, value: V): void {
    const before = this.#places.get(key)
    if (before) this.#entries.delete(before)
    this.#places.set(key, this.#entries.add({ key, value }))
    const oldest = this.#places.size > this.#most && this.#entries.first
    if (oldest) this.delete(oldest.member.key)
  }

  /** Gets or makes an entry, which is the one that was used last then. */
  use(key: string, make: () => V): V {
    const value = this.get(key) ?? make()
    this.set(key, value)
    return value
  }

  delete(key: string): void {
    const place = this.#places.get(key)
    if (!place) return
    this.#entries.delete(place)
    this.#places.delete(key)
  }

  clear(): void {
    this.#places.clear()
    this.#entries = new PassingThrough()
  }
}
