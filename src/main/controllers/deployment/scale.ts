// Scaling outside of a rollout's steps: a finished or paused Deployment, or one rescaled half-way.
import type { Deployment, ReplicaSet } from '../../../shared/api/apps/v1.ts'
import { desiredReplicasOf, maxReplicasOf } from './annotations.ts'
import { desiredCount, isRollingUpdate, maxSurge, replicasOf } from './math.ts'
import type { Sets } from './new-replica-set.ts'
import { type Rollout, activeSets, byCreation, bySizeNewer, bySizeOlder, scaleSet } from './rollout.ts'

/** @returns the sets as they are now */
export async function scale(rollout: Rollout, { newSet, oldSets }: Sets): Promise<Sets> {
  const { deployment } = rollout
  const resized = new Map<string, ReplicaSet>()
  const resize = async (rs: ReplicaSet, size: number) => {
    resized.set(rs.metadata.uid, await scaleSet(rollout, rs, size))
  }
  const only = activeOrLatest(newSet, oldSets)
  if (only) {
    if (replicasOf(only) !== replicasOf(deployment)) await resize(only, replicasOf(deployment))
  } else if (newSet && isSaturated(deployment, newSet)) {
    for (const rs of activeSets(oldSets)) await resize(rs, 0)
  } else if (isRollingUpdate(deployment)) {
    for (const [rs, size] of proportionalSizes(deployment, activeSets([...oldSets, newSet]))) await resize(rs, size)
  }
  const current = (rs: ReplicaSet) => resized.get(rs.metadata.uid) ?? rs
  return { newSet: newSet && current(newSet), oldSets: oldSets.map(current) }
}

/** The one set that has pods or, when none has, the newest. Undefined = several have. */
function activeOrLatest(newSet: ReplicaSet | undefined, oldSets: readonly ReplicaSet[]): ReplicaSet | undefined {
  const active = activeSets([newSet, ...oldSets])
  if (active.length > 1) return undefined
  return active[0] ?? newSet ?? [...oldSets].sort(byCreation).at(-1)
}

/** The rollout is over: the new set is as large as asked and available. */
const isSaturated = (deployment: Deployment, newSet: ReplicaSet): boolean =>
  desiredReplicasOf(newSet) === replicasOf(deployment) &&
  replicasOf(newSet) === replicasOf(deployment) &&
  (newSet.status.availableReplicas ?? 0) === replicasOf(deployment)

/**
 * Half-way through a rollout, sets are scaled in proportion to their sizes, so that the risk stays what it was:
 * 10 replicas as 8 old + 5 new (surge 3) scaled to 30 become 24 old + 15 new (surge 9).
 */
function proportionalSizes(deployment: Deployment, active: readonly ReplicaSet[]): [ReplicaSet, number][] {
  const wanted = replicasOf(deployment)
  const allowed = wanted > 0 ? wanted + maxSurge(deployment) : 0
  const toAdd = allowed - desiredCount(active)
  const sorted = [...active].sort(toAdd > 0 ? bySizeNewer : bySizeOlder)
  let added = 0
  const sizes = sorted.map((rs): [ReplicaSet, number] => {
    const share = proportion(rs, deployment, toAdd, added)
    added += share
    return [rs, replicasOf(rs) + share]
  })
  const [largest] = sizes
  // What rounding left over goes to the largest.
  if (largest) largest[1] = Math.max(0, largest[1] + toAdd - added)
  return sizes
}

function proportion(rs: ReplicaSet, deployment: Deployment, toAdd: number, added: number): number {
  if (replicasOf(rs) === 0 || toAdd === 0 || toAdd === added) return 0
  const share = shareOf(rs, deployment)
  return toAdd > 0 ? Math.min(share, toAdd - added) : Math.max(share, toAdd - added)
}

/** By how much the set grows or shrinks when it keeps its share of the whole. */
function shareOf(rs: ReplicaSet, deployment: Deployment): number {
  if (replicasOf(deployment) === 0) return -replicasOf(rs)
  const before = maxReplicasOf(rs) || (deployment.status.replicas ?? 0)
  if (before === 0) return 0
  const now = replicasOf(deployment) + maxSurge(deployment)
  return Math.round((replicasOf(rs) * now) / before) - replicasOf(rs)
}
