// The conditions of a Job. First the verdict (`SuccessCriteriaMet`, `FailureTarget`), and when all pods have ended and
// are counted the end (`Complete`, `Failed`).
import type { Job, JobCondition } from '../../../shared/api/batch/v1.ts'
import { conditionOf, isConditionTrue } from '../../../shared/machinery/conditions.ts'

export interface Verdict {
  readonly success: boolean
  readonly reason: string
  readonly message: string
}

export const finishedCondition = ({ status }: Job): JobCondition | undefined =>
  status.conditions?.find(({ type, status: value }) => (type === 'Complete' || type === 'Failed') && value === 'True')

export const isSuspended = ({ spec }: Job): boolean => spec.suspend === true

/** @returns the verdict that was written already: it cannot be changed any more */
export function writtenVerdict({ status: { conditions } }: Job): Verdict | undefined {
  for (const [type, success] of [
    ['FailureTarget', false],
    ['SuccessCriteriaMet', true],
  ] as const) {
    if (!isConditionTrue(conditions, type)) continue
    const { reason = '', message = '' } = conditionOf(conditions, type) ?? {}
    return { success, reason, message }
  }
  return undefined
}

/** @returns the list with a condition of this status; the same list when it has it already */
export function withJobCondition(
  conditions: readonly JobCondition[] | undefined,
  { type, status, reason, message }: { type: string; status: string; reason: string; message: string },
  now: string,
): JobCondition[] {
  const known = conditionOf(conditions, type)
  if (known?.status === status) return [...(conditions ?? [])]
  const next = { type, status, lastProbeTime: now, lastTransitionTime: now, reason, message }
  return [...(conditions ?? []).filter(condition => condition.type !== type), next]
}
