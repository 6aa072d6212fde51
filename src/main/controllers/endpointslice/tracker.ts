// Remembers what was written, so that a cache that is behind is noticed: acting on it would create slices twice.
import type { Clock } from '../../../shared/machinery/clock.ts'
import type { EndpointSlice } from '../../../shared/api/discovery/v1.ts'

interface Write {
  /** The revision written, or `deleted`. */
  readonly revision: number | 'deleted'
  readonly at: number
}

/** By uid. */
type Writes = Map<string, Write>

/** A write whose event was missed must not stop a Service for ever. */
const EXPIRES_MS = 30_000

const revisionOf = (slice: EndpointSlice): number => Number(slice.metadata.resourceVersion)

export class SliceTracker {
  readonly #services = new Map<string, Writes>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  written(service: string, slice: EndpointSlice): void {
    this.#of(service).set(slice.metadata.uid, { revision: revisionOf(slice), at: this.#clock.monotonic() })
  }
  /** Call it before deleting: the event may be faster than the answer. */
  deleting(service: string, slice: EndpointSlice): void {
    this.#of(service).set(slice.metadata.uid, { revision: 'deleted', at: this.#clock.monotonic() })
  }
  /** @returns whether it was we who deleted it */
  deletionSeen(service: string, slice: EndpointSlice): boolean {
    const writes = this.#services.get(service)
    const ours = writes?.get(slice.metadata.uid)?.revision === 'deleted'
    writes?.delete(slice.metadata.uid)
    return ours
  }
  isOurWrite(service: string, slice: EndpointSlice): boolean {
    return this.#services.get(service)?.get(slice.metadata.uid)?.revision === revisionOf(slice)
  }
  /** Whether the cache shows everything that was written. */
  isCurrent(service: string, cached: readonly EndpointSlice[]): boolean {
    const writes = this.#services.get(service)
    if (!writes) return true
    const revisions = new Map(cached.map(slice => [slice.metadata.uid, revisionOf(slice)]))
    for (const [uid, { revision, at }] of writes) {
      const seen = revisions.get(uid)
      const shown = revision === 'deleted' ? seen === undefined : seen !== undefined && seen >= revision
      if (shown) continue
      if (this.#clock.monotonic() - at < EXPIRES_MS) return false
      writes.delete(uid)
    }
    return true
  }
  forget(service: string): void {
    this.#services.delete(service)
  }

  #of(service: string): Writes {
    const known = this.#services.get(service)
    if (known) return known
    const writes: Writes = new Map()
    this.#services.set(service, writes)
    return writes
  }
}
