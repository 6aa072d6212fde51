// How large the objects of a kind are, about: a few are looked at, and not again for a minute.
import type { Clock } from '../../../../shared/machinery/clock.ts'
import type { ObjectStore } from '../../../store/contract.ts'

const LOOKED_AT = 5
const KEPT_MS = 60_000

export class ObjectSizes {
  readonly #store: ObjectStore
  readonly #clock: Clock
  readonly #known = new Map<string, { readonly averageBytes: number; readonly untilMs: number }>()

  constructor(store: ObjectStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** @param prefix of a kind, or of a namespace of it */
  of(kind: string, prefix: string): { readonly count: number; readonly averageBytes: number } {
    const { items, remaining = 0 } = this.#store.list(prefix, { limit: 1 })
    const count = items.length + remaining
    return { count, averageBytes: count === 0 ? 0 : this.#averageOf(kind) }
  }

  #averageOf(kind: string): number {
    const known = this.#known.get(kind)
    if (known && this.#clock.monotonic() < known.untilMs) return known.averageBytes
    const { items } = this.#store.list(kind, { limit: LOOKED_AT })
    const bytes = items.reduce((sum, stored) => sum + this.#store.json(stored).length, 0)
    const averageBytes = items.length === 0 ? 0 : Math.ceil(bytes / items.length)
    this.#known.set(kind, { averageBytes, untilMs: this.#clock.monotonic() + KEPT_MS })
    return averageBytes
  }
}
