// What an index of a Job with backoffLimitPerIndex has behind it. Each pod carries how often its index had failed before
// it; the last one that failed is kept until its successor is there, so that the number is not lost with it.
import type { JobSpec } from '../../../shared/api/batch/v1.ts'
import type { Pod } from '../../../shared/api/core/v1.ts'
import { backoffMs, finishedMs } from './failure-backoff.ts'
import { failureActionOf } from './failure-policy.ts'

const FAILURES = 'batch.kubernetes.io/job-index-failure-count'
/** Those that the failure policy does not count: they are waited for all the same. */
const IGNORED_FAILURES = 'batch.kubernetes.io/job-index-ignored-failure-count'

function read({ metadata: { annotations } }: Pod, key: string): number {
  const text = annotations?.[key] ?? ''
  return /^\d{1,9}$/.test(text) ? Number(text) : 0
}

/** How often the pod's index had failed before this pod, of those failures that count. */
export const failuresBefore = (pod: Pod): number => read(pod, FAILURES)
const allFailuresBefore = (pod: Pod): number => failuresBefore(pod) + read(pod, IGNORED_FAILURES)

/** @returns whichever of two failed pods of one index came later */
export function laterFailure(a: Pod | undefined, b: Pod): Pod {
  if (!a) return b
  return allFailuresBefore(a) <= allFailuresBefore(b) && finishedMs(a) <= finishedMs(b) ? b : a
}

/** @param last the failed pod that the new one replaces */
export function failureAnnotations(spec: JobSpec, last: Pod | undefined): Record<string, string> {
  if (spec.backoffLimitPerIndex === undefined) return {}
  const isIgnored = last !== undefined && failureActionOf(spec, last).action === 'Ignore'
  const ignored = (last ? read(last, IGNORED_FAILURES) : 0) + Number(isIgnored)
  const counted = last ? failuresBefore(last) + Number(!isIgnored) : 0
  return { [FAILURES]: String(counted), ...(ignored > 0 ? { [IGNORED_FAILURES]: String(ignored) } : {}) }
}

/** @returns milliseconds until the failed pod may be replaced; each index waits for itself alone */
export const msUntilReplaced = (last: Pod | undefined, nowMs: number): number =>
  last ? Math.max(0, finishedMs(last) + backoffMs(allFailuresBefore(last) + 1) - nowMs) : 0
