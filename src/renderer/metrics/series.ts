// What this window keeps of measurements: the last hour finely, and hours before it coarsely.
import { type Sample, type Usage, UsageSeries } from '../../shared/machinery/usage-series.ts'

/** 15 seconds apart, that is an hour. */
const CAPACITY = 240
/** So far apart are those that are older than an hour: of a ring, that is eight hours. */
const COARSE_MS = 120_000
/** Readings come a little early or late. */
const JITTER_MS = 5_000

/** The last hour as it was read, and before it one reading in two minutes. */
export class UsageHistory {
  readonly #fine = new UsageSeries(CAPACITY)
  readonly #coarse = new UsageSeries(CAPACITY)
  #coarseAt = -Infinity

  add(at: number, readings: readonly (readonly [key: string, usage: Usage])[]): void {
    this.#fine.add(at, readings)
    if (at - this.#coarseAt < COARSE_MS - JITTER_MS) return
    this.#coarseAt = at
    this.#coarse.add(at, readings)
  }

  /** Oldest first. @param atMost so many of the newest; else all */
  samples(key: string, atMost?: number): Sample[] {
    const fine = this.#fine.samples(key, atMost)
    if (atMost !== undefined) return fine
    const from = fine[0]?.at ?? Infinity
    return [...this.#coarse.samples(key).filter(({ at }) => at < from), ...fine]
  }

  latest(key: string): Usage | undefined {
    return this.#fine.latest(key)
  }
}
