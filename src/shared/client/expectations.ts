// What a controller has asked for and not yet seen in its cache. While something is outstanding the cache is behind,
// and acting on it would create or delete too much.
import type { Clock } from '../machinery/clock.ts'

interface Expected {
  creations: number
  readonly deletions: Set<string>
  readonly since: number
}

/** A lost event must not stop a controller for ever. */
const EXPIRES_MS = 5 * 60_000

export class Expectations {
  readonly #clock: Clock
  readonly #expected = new Map<string, Expected>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @param deletions what names the objects: their uids, or keys when one uid may be seen twice */
  expect(key: string, creations: number, deletions: Iterable<string>): void {
    this.#expected.set(key, { creations, deletions: new Set(deletions), since: this.#clock.monotonic() })
  }
  expectCreations(key: string, count: number): void {
    this.expect(key, count, [])
  }
  expectDeletions(key: string, ids: Iterable<string>): void {
    this.expect(key, 0, ids)
  }
  /** A creation was seen, or will never be since it failed. */
  creationObserved(key: string): void {
    const expected = this.#expected.get(key)
    if (expected) expected.creations -= 1
  }
  deletionObserved(key: string, id: string): void {
    this.#expected.get(key)?.deletions.delete(id)
  }
  /** Whether everything asked for was seen, or it was too long ago to be waited for. */
  satisfied(key: string): boolean {
    const expected = this.#expected.get(key)
    if (!expected) return true
    const fulfilled = expected.creations <= 0 && expected.deletions.size === 0
    return fulfilled || this.#clock.monotonic() - expected.since > EXPIRES_MS
  }
  forget(key: string): void {
    this.#expected.delete(key)
  }
}
