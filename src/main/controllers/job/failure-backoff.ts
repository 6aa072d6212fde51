// How long a Job waits before it replaces pods that failed: 10 s, 20 s, 40 s … up to 10 min, until one succeeds.
import type { Pod } from '../../../shared/api/core/v1.ts'

const BASE_MS = 10_000
const MAX_MS = 600_000

interface Failures {
  count: number
  lastMs: number
}

export class FailureBackoff {
  readonly #jobs = new Map<string, Failures>()
  readonly #seen = new WeakSet<Pod>()

  /** Each pod object is counted once, also when the status that counted it could not be written. */
  observe(job: string, failed: readonly Pod[], succeeded: readonly Pod[]): void {
    const fresh = (pod: Pod) => !this.#seen.has(pod) && this.#seen.add(pod) !== undefined
    const newlySucceeded = succeeded.filter(fresh)
    const newlyFailed = failed.filter(fresh)
    if (newlySucceeded.length > 0) this.#jobs.delete(job)
    if (newlyFailed.length === 0) return
    const known = this.#jobs.get(job) ?? { count: 0, lastMs: 0 }
    known.count += newlyFailed.length
    known.lastMs = Math.max(known.lastMs, ...newlyFailed.map(finishedMs))
    this.#jobs.set(job, known)
  }

  msToWait(job: string, nowMs: number): number {
    const failures = this.#jobs.get(job)
    if (!failures) return 0
    return failures.lastMs + Math.min(BASE_MS * 2 ** (failures.count - 1), MAX_MS) - nowMs
  }

  forget(job: string): void {
    this.#jobs.delete(job)
  }
}

/** When its last container ended; else when its deletion was asked for (the time written is the grace's end), or it was made. */
function finishedMs({ status, metadata }: Pod): number {
  const ends = (status.containerStatuses ?? []).map(({ state }) => Date.parse(state?.terminated?.finishedAt ?? ''))
  const known = ends.filter(ms => !Number.isNaN(ms))
  if (known.length > 0) return Math.max(...known)
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, creationTimestamp } = metadata
  if (deletionTimestamp === undefined) return Date.parse(creationTimestamp)
  return Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000
}
