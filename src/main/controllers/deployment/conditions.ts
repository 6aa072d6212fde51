// A Deployment's conditions: same status and reason = unchanged, so that heartbeats do not rewrite the object.
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '../../../shared/api/apps/v1.ts'
import { type Clock, formatTime } from '../../../shared/machinery/clock.ts'
import { conditionOf } from '../../../shared/machinery/conditions.ts'

export const AVAILABLE = 'Available'
export const PROGRESSING = 'Progressing'
export const REPLICA_FAILURE = 'ReplicaFailure'

export const Reason = {
  newSetCreated: 'NewReplicaSetCreated',
  foundNewSet: 'FoundNewReplicaSet',
  setUpdated: 'ReplicaSetUpdated',
  newSetAvailable: 'NewReplicaSetAvailable',
  failedCreate: 'ReplicaSetCreateError',
  timedOut: 'ProgressDeadlineExceeded',
  paused: 'DeploymentPaused',
  resumed: 'DeploymentResumed',
  minimumAvailable: 'MinimumReplicasAvailable',
  minimumUnavailable: 'MinimumReplicasUnavailable',
} as const

type Given = Pick<DeploymentCondition, 'type' | 'status' | 'reason' | 'message'>

/** @returns the list with the condition set; the same list when its status and reason are what they were. */
export function withCondition(
  conditions: readonly DeploymentCondition[] | undefined,
  given: Given,
  clock: Clock,
): DeploymentCondition[] {
  const list = [...(conditions ?? [])]
  const old = conditionOf(list, given.type)
  if (old?.status === given.status && old.reason === given.reason) return list
  return replaceCondition(list, given, old?.status === given.status ? old.lastTransitionTime : undefined, clock)
}

/** Sets it even if only the time moves: a rollout that progresses pushes its deadline away. */
export function replaceCondition(
  conditions: readonly DeploymentCondition[],
  given: Given,
  lastTransitionTime: string | undefined,
  clock: Clock,
): DeploymentCondition[] {
  const now = formatTime(clock.now())
  const next = { ...given, lastUpdateTime: now, lastTransitionTime: lastTransitionTime ?? now }
  return [...conditions.filter(condition => condition.type !== given.type), next]
}

/** A ReplicaSet's failure shown on its Deployment. */
export function failureOf(sets: readonly (ReplicaSet | undefined)[]): DeploymentCondition | undefined {
  for (const rs of sets) {
    const failure = conditionOf(rs?.status.conditions, REPLICA_FAILURE)
    if (!failure) continue
    const { status, reason, message, lastTransitionTime: at } = failure
    const times = at ? { lastTransitionTime: at, lastUpdateTime: at } : {}
    return { type: REPLICA_FAILURE, status, ...(reason ? { reason } : {}), ...(message ? { message } : {}), ...times }
  }
  return undefined
}

const NO_DEADLINE = 2 ** 31 - 1

export const deadlineOf = ({ spec: { progressDeadlineSeconds } }: Deployment): number | undefined =>
  progressDeadlineSeconds === undefined || progressDeadlineSeconds === NO_DEADLINE ? undefined : progressDeadlineSeconds

export const progressOf = (status: DeploymentStatus): DeploymentCondition | undefined =>
  conditionOf(status.conditions, PROGRESSING)
