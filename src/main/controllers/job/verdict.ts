// Whether a Job has failed or succeeded.
import type { Job } from '../../../shared/api/batch/v1.ts'
import type { Pod } from '../../../shared/api/core/v1.ts'
import { countable } from '../../../shared/machinery/seconds.ts'
import type { Account } from './accounting.ts'
import { type Verdict, writtenVerdict } from './conditions.ts'
import { parseIndexes } from './indexes.ts'

const failure = (reason: string, message: string): Verdict => ({ success: false, reason, message })

/** @returns milliseconds until the Job's deadline; undefined when it has none or does not run */
export function msUntilDeadline({ spec, status }: Job, nowMs: number): number | undefined {
  if (spec.activeDeadlineSeconds === undefined || spec.suspend || !status.startTime) return undefined
  return Date.parse(status.startTime) + countable(spec.activeDeadlineSeconds) * 1000 - nowMs
}

/** @param active pods that run */
export function verdictOf(job: Job, sums: Account, active: readonly Pod[], nowMs: number): Verdict | undefined {
  const written = writtenVerdict(job)
  if (written) return written
  const { spec } = job
  if (sums.policyFailure !== undefined) return failure('PodFailurePolicy', sums.policyFailure)
  if (sums.failed > (spec.backoffLimit ?? 6) || restartsExceeded(job, active))
    return failure('BackoffLimitExceeded', 'Job has reached the specified backoff limit')
  if ((msUntilDeadline(job, nowMs) ?? 1) <= 0)
    return failure('DeadlineExceeded', 'Job was active longer than specified deadline')
  if (spec.completionMode === 'Indexed' && sums.failedIndexes.size > 0) {
    if (spec.maxFailedIndexes !== undefined && sums.failedIndexes.size > spec.maxFailedIndexes)
      return failure('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes')
    if (sums.completedIndexes.size + sums.failedIndexes.size >= (spec.completions ?? 0))
      return failure('FailedIndexes', 'Job has failed indexes')
  }
  const policy = successPolicyMatch(job, sums)
  if (policy) return { success: true, reason: 'SuccessPolicy', message: policy }
  const complete =
    spec.completions === undefined ? sums.succeeded > 0 && active.length === 0 : sums.succeeded >= spec.completions
  if (!complete || (spec.suspend && active.length > 0)) return undefined
  return { success: true, reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' }
}

/** With restartPolicy OnFailure the pods do not fail: their containers' restarts count instead. */
function restartsExceeded({ spec }: Job, active: readonly Pod[]): boolean {
  if (spec.template.spec.restartPolicy !== 'OnFailure') return false
  const restarts = active
    .flatMap(({ status }) => [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])])
    .reduce((sum, { restartCount }) => sum + restartCount, 0)
  return spec.backoffLimit === 0 ? restarts > 0 : restarts >= (spec.backoffLimit ?? 6)
}

function successPolicyMatch({ spec }: Job, { completedIndexes }: Account): string | undefined {
  const { completions = 0 } = spec
  if (spec.completionMode !== 'Indexed') return undefined
  for (const [index, { succeededIndexes, succeededCount }] of (spec.successPolicy?.rules ?? []).entries()) {
    const wanted = succeededIndexes === undefined ? undefined : parseIndexes(succeededIndexes, completions)
    const matching = wanted ? [...completedIndexes].filter(i => wanted.has(i)).length : completedIndexes.size
    if (matching >= (succeededCount ?? wanted?.size ?? Number.POSITIVE_INFINITY))
      return `Matched rules at index ${index}`
  }
  return undefined
}
