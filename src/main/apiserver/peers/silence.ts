// Which API servers are alive, judged by what is seen here: whether their Leases go on being renewed. Others' clocks are
// not believed, and time in which nothing could be read is not held against anybody.
import type { Lease } from '../../../shared/api/coordination/v1.ts'
import { isReleased } from '../../../shared/machinery/api-server-identity.ts'

/** `unknown`: found there, and neither renewed nor silent for long enough since. */
export type Liveness = 'alive' | 'unknown' | 'dead'

interface Observation {
  readonly renewal: string
  silentMs: number
  /** Whether a renewal was seen with one's own eyes. */
  renewed: boolean
}

export class Silence {
  readonly #ttlMs: number
  readonly #longestGapMs: number
  readonly #seen = new Map<string, Observation>()
  #lookedAt: number | undefined

  /**
   * @param ttlMs silence after which one is dead
   * @param longestGapMs what counts at most between two looks
   */
  constructor(ttlMs: number, longestGapMs: number) {
    this.#ttlMs = ttlMs
    this.#longestGapMs = longestGapMs
  }

  /** @param nowMs of a monotonic clock */
  look(leases: readonly Lease[], nowMs: number): void {
    const gapMs = Math.min(nowMs - (this.#lookedAt ?? nowMs), this.#longestGapMs)
    this.#lookedAt = nowMs
    const names = new Set(leases.map(({ metadata }) => metadata.name))
    for (const name of this.#seen.keys()) if (!names.has(name)) this.#seen.delete(name)
    for (const { metadata, spec } of leases) {
      const renewal = `${spec.holderIdentity} ${spec.renewTime}`
      const known = this.#seen.get(metadata.name)
      if (known?.renewal === renewal) known.silentMs += gapMs
      else this.#seen.set(metadata.name, { renewal, silentMs: 0, renewed: known !== undefined })
    }
  }

  of(lease: Lease): Liveness {
    const seen = this.#seen.get(lease.metadata.name)
    if (!seen || isReleased(lease) || seen.silentMs >= this.#ttlMs) return 'dead'
    return seen.renewed ? 'alive' : 'unknown'
  }
}
