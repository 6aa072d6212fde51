// How long a Job waits before it replaces pods that failed: 10 s, 20 s, 40 s … up to 10 min, until one succeeds.
import type { Pod } from '../../../shared/api/core/v1.ts'
import { conditionOf } from '../../../shared/machinery/conditions.ts'
import { countable } from '../../../shared/machinery/seconds.ts'

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
    const lastSuccessMs = Math.max(...succeeded.filter(fresh).map(finishedMs))
    if (lastSuccessMs > Number.NEGATIVE_INFINITY) this.#jobs.delete(job)
    const ends = failed.filter(fresh).map(finishedMs)
    const since = ends.filter(ms => ms > lastSuccessMs)
    if (since.length === 0) return
    const known = this.#jobs.get(job) ?? { count: 0, lastMs: 0 }
    known.count += since.length
    known.lastMs = Math.max(known.lastMs, ...since)
    this.#jobs.set(job, known)
  }

  msToWait(job: string, nowMs: number): number {
    const failures = this.#jobs.get(job)
    return failures ? failures.lastMs + backoffMs(failures.count) - nowMs : 0
  }

  forget(job: string): void {
    this.#jobs.delete(job)
  }
}

export const backoffMs = (failures: number): number => Math.min(BASE_MS * 2 ** (failures - 1), MAX_MS)

/**
 * When the last of its containers ended, sidecars among them; else when it was ready no more, or when its deletion was
 * asked for (the time written is the grace's end), or it was made.
 */
export function finishedMs({ spec, status, metadata }: Pod): number {
  const sidecars = new Set(spec.initContainers?.filter(c => c.restartPolicy === 'Always').map(({ name }) => name))
  const lasting = [
    ...(status.containerStatuses ?? []),
    ...(status.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name)),
  ]
  const ends = lasting.map(({ state }) => Date.parse(state?.terminated?.finishedAt ?? ''))
  if (ends.length > 0 && !ends.some(Number.isNaN)) return Math.max(...ends)
  const ready = conditionOf(status.conditions, 'Ready')
  const unreadyMs = Date.parse(ready?.lastTransitionTime ?? '')
  if (ready?.status === 'False' && !Number.isNaN(unreadyMs)) return unreadyMs
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, creationTimestamp } = metadata
  if (deletionTimestamp === undefined) return Date.parse(creationTimestamp)
  return Date.parse(deletionTimestamp) - countable(deletionGracePeriodSeconds) * 1000
}
