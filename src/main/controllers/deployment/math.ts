// The arithmetic of a rollout.
import type { Deployment, ReplicaSet } from '../../../shared/api/apps/v1.ts'
import { scaledValue } from '../../../shared/machinery/int-or-string.ts'

export const replicasOf = (object: { spec: { replicas?: number } }): number => object.spec.replicas ?? 1

export const isRollingUpdate = (deployment: Deployment): boolean => deployment.spec.strategy?.type === 'RollingUpdate'

/** Sum of what the sets are asked for. */
export const desiredCount = (sets: readonly ReplicaSet[]): number => sets.reduce((sum, rs) => sum + replicasOf(rs), 0)
/** Sum of the pods that the sets have. */
export const actualCount = (sets: readonly ReplicaSet[]): number =>
  sets.reduce((sum, rs) => sum + rs.status.replicas, 0)
export const readyCount = (sets: readonly ReplicaSet[]): number =>
  sets.reduce((sum, rs) => sum + (rs.status.readyReplicas ?? 0), 0)
export const availableCount = (sets: readonly ReplicaSet[]): number =>
  sets.reduce((sum, rs) => sum + (rs.status.availableReplicas ?? 0), 0)

/** Both bounds as numbers. They cannot both be 0, or nothing could ever move: then one pod may be unavailable. */
function fenceposts(deployment: Deployment): { surge: number; unavailable: number } {
  const { maxSurge = 0, maxUnavailable = 0 } = deployment.spec.strategy?.rollingUpdate ?? {}
  const total = replicasOf(deployment)
  const surge = scaledValue(maxSurge, total, true)
  const unavailable = scaledValue(maxUnavailable, total, false)
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable }
}

/** How many pods there may be beyond spec.replicas. */
export const maxSurge = (deployment: Deployment): number =>
  isRollingUpdate(deployment) ? fenceposts(deployment).surge : 0

/** How many of spec.replicas may be unavailable. */
export function maxUnavailable(deployment: Deployment): number {
  const total = replicasOf(deployment)
  return isRollingUpdate(deployment) && total > 0 ? Math.min(fenceposts(deployment).unavailable, total) : 0
}

/** How many pods must stay available. */
export const minAvailable = (deployment: Deployment): number =>
  isRollingUpdate(deployment) ? replicasOf(deployment) - maxUnavailable(deployment) : 0

/** @returns how large the new set may be now, given the pods of all sets. */
export function newReplicaSetSize(deployment: Deployment, all: readonly ReplicaSet[], newSize: number): number {
  if (!isRollingUpdate(deployment)) return replicasOf(deployment)
  const room = replicasOf(deployment) + maxSurge(deployment) - desiredCount(all)
  if (room <= 0) return newSize
  return newSize + Math.min(room, replicasOf(deployment) - newSize)
}
