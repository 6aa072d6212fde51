// The status of a Deployment: counts, and whether the rollout is available, progressing, complete or stuck.
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '../../../shared/api/apps/v1.ts'
import { type Result, done, requeueAfter } from '../../../shared/client/reconciler.ts'
import type { Clock } from '../../../shared/machinery/clock.ts'
import { removeCondition } from '../../../shared/machinery/conditions.ts'
import { nonZero } from '../support/non-zero.ts'
import {
  AVAILABLE,
  PROGRESSING,
  REPLICA_FAILURE,
  Reason,
  deadlineOf,
  failureOf,
  progressOf,
  replaceCondition,
  withCondition,
} from './conditions.ts'
import { actualCount, availableCount, desiredCount, maxUnavailable, readyCount, replicasOf } from './math.ts'
import type { Sets } from './new-replica-set.ts'
import { type Rollout, saveStatus } from './rollout.ts'

const allOf = ({ newSet, oldSets }: Sets): ReplicaSet[] => [...oldSets, ...(newSet ? [newSet] : [])]

/** The counts and the Available condition; other conditions as they are. */
export function countStatus(deployment: Deployment, sets: Sets, clock: Clock): DeploymentStatus {
  const all = allOf(sets)
  const available = availableCount(all)
  const enough = available >= replicasOf(deployment) - maxUnavailable(deployment)
  const condition = enough
    ? { status: 'True', reason: Reason.minimumAvailable, message: 'Deployment has minimum availability.' }
    : { status: 'False', reason: Reason.minimumUnavailable, message: 'Deployment does not have minimum availability.' }
  return {
    ...nonZero({
      observedGeneration: deployment.metadata.generation,
      replicas: actualCount(all),
      updatedReplicas: actualCount(sets.newSet ? [sets.newSet] : []),
      readyReplicas: readyCount(all),
      availableReplicas: available,
      unavailableReplicas: Math.max(0, desiredCount(all) - available),
      collisionCount: deployment.status.collisionCount,
    }),
    terminatingReplicas: all.reduce((sum, rs) => sum + (rs.status.terminatingReplicas ?? 0), 0),
    conditions: withCondition(deployment.status.conditions, { type: AVAILABLE, ...condition }, clock),
  }
}

/** Status of a Deployment that is not rolling out: paused, or being scaled. */
export async function saveCounts(rollout: Rollout, sets: Sets): Promise<void> {
  const { deployment, context } = rollout
  await saveStatus(rollout, { ...deployment, status: countStatus(deployment, sets, context.clock) })
}

/** Status of a rollout in progress. @returns when to look again, for the deadline passes by itself */
export async function saveRolloutStatus(rollout: Rollout, sets: Sets): Promise<Result> {
  const { deployment, context } = rollout
  const status = countStatus(deployment, sets, context.clock)
  status.conditions = progressConditions(rollout, status, sets)
  const failure = failureOf([sets.newSet, ...sets.oldSets])
  const known = status.conditions.find(({ type }) => type === REPLICA_FAILURE)
  // One that is the same stays where it is.
  if (!failure || known?.reason !== failure.reason || known?.status !== failure.status)
    status.conditions = [...removeCondition(status.conditions, REPLICA_FAILURE), ...(failure ? [failure] : [])]
  await saveStatus(rollout, { ...deployment, status })
  return untilDeadline(rollout)
}

function progressConditions(rollout: Rollout, status: DeploymentStatus, sets: Sets) {
  const { deployment, context } = rollout
  const { clock } = context
  const conditions = status.conditions ?? []
  if (deadlineOf(deployment) === undefined) return removeCondition(conditions, PROGRESSING)
  const current = progressOf(deployment.status)
  const settled = status.replicas === status.updatedReplicas && current?.reason === Reason.newSetAvailable
  if (settled) return conditions
  const subject = sets.newSet ? `ReplicaSet "${sets.newSet.metadata.name}"` : `Deployment "${deployment.metadata.name}"`
  const progressing = (given: string, reason: string, text: string) => ({
    type: PROGRESSING,
    status: given,
    reason,
    message: `${subject} ${text}`,
  })
  if (isComplete(deployment, status)) {
    const complete = progressing('True', Reason.newSetAvailable, 'has successfully progressed.')
    return withCondition(conditions, complete, clock)
  }
  if (hasProgressed(deployment.status, status)) {
    const since = current?.status === 'True' ? current.lastTransitionTime : undefined
    return replaceCondition(conditions, progressing('True', Reason.setUpdated, 'is progressing.'), since, clock)
  }
  if (isTimedOut(rollout)) {
    return withCondition(conditions, progressing('False', Reason.timedOut, 'has timed out progressing.'), clock)
  }
  return conditions
}

export function isComplete({ spec, metadata }: Deployment, status: DeploymentStatus): boolean {
  const wanted = spec.replicas ?? 1
  return (
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.observedGeneration ?? 0) >= (metadata.generation ?? 0)
  )
}

/** More pods are updated, ready or available, or fewer old ones are left. */
function hasProgressed(old: DeploymentStatus, next: DeploymentStatus): boolean {
  const oldOnes = ({ replicas = 0, updatedReplicas = 0 }: DeploymentStatus) => replicas - updatedReplicas
  return (
    (next.updatedReplicas ?? 0) > (old.updatedReplicas ?? 0) ||
    oldOnes(next) < oldOnes(old) ||
    (next.readyReplicas ?? 0) > (old.readyReplicas ?? 0) ||
    (next.availableReplicas ?? 0) > (old.availableReplicas ?? 0)
  )
}

function isTimedOut({ deployment, context, awakeSinceMs }: Rollout): boolean {
  const current = progressOf(deployment.status)
  const deadline = deadlineOf(deployment)
  if (!current || deadline === undefined || current.reason === Reason.newSetAvailable) return false
  if (current.reason === Reason.timedOut) return true
  return startOf(current, awakeSinceMs) + deadline * 1000 < context.clock.now()
}

/** The deadline starts again where the control plane itself was away. */
const startOf = ({ lastUpdateTime = '' }: DeploymentCondition, awakeSinceMs: number): number =>
  Math.max(Date.parse(lastUpdateTime), awakeSinceMs)

function untilDeadline({ deployment, context, awakeSinceMs }: Rollout): Result {
  const current = progressOf(deployment.status)
  const deadline = deadlineOf(deployment)
  if (!current || deadline === undefined || current.reason === Reason.timedOut) return done
  // A rollout that arrived has no deadline any more, whatever becomes of its pods.
  if (current.reason === Reason.newSetAvailable) return done
  if (isComplete(deployment, deployment.status)) return done
  // One second more: times have whole seconds, and too early would look as if it had not passed.
  return requeueAfter(startOf(current, awakeSinceMs) + deadline * 1000 - context.clock.now() + 1000)
}
