// RollingUpdate: the new set grows within maxSurge, the old ones shrink within maxUnavailable, a step per change.
import type { ReplicaSet } from '../../../shared/api/apps/v1.ts'
import type { Result } from '../../../shared/client/reconciler.ts'
import { cleanUp } from './clean-up.ts'
import { availableCount, desiredCount, minAvailable, newReplicaSetSize, replicasOf } from './math.ts'
import { type Sets, syncRevision } from './new-replica-set.ts'
import { type Rollout, activeSets, byCreation, scaleSet } from './rollout.ts'
import { isComplete, saveRolloutStatus } from './status.ts'

export async function rollingUpdate(rollout: Rollout): Promise<Result> {
  const { newSet, oldSets } = await syncRevision(rollout, true)
  if (!newSet) throw new Error('the new replica set is missing')
  const grown = await growNew(rollout, newSet, oldSets)
  if (grown !== newSet) return saveRolloutStatus(rollout, { newSet: grown, oldSets })
  const shrunk = await shrinkOld(rollout, { newSet, oldSets })
  if (shrunk) return saveRolloutStatus(rollout, { newSet, oldSets: shrunk })
  if (isComplete(rollout.deployment, rollout.deployment.status)) await cleanUp(rollout, oldSets)
  return saveRolloutStatus(rollout, { newSet, oldSets })
}

async function growNew(rollout: Rollout, newSet: ReplicaSet, oldSets: readonly ReplicaSet[]): Promise<ReplicaSet> {
  const wanted = replicasOf(rollout.deployment)
  const size = replicasOf(newSet)
  if (size === wanted) return newSet
  const next = size > wanted ? wanted : newReplicaSetSize(rollout.deployment, [...oldSets, newSet], size)
  return next === size ? newSet : scaleSet(rollout, newSet, next)
}

/** @returns the old sets after shrinking, or undefined when nothing can go yet */
async function shrinkOld(rollout: Rollout, { newSet, oldSets }: Sets): Promise<readonly ReplicaSet[] | undefined> {
  if (!newSet) return undefined
  const old = activeSets(oldSets)
  if (old.length === 0) return undefined
  const newUnavailable = replicasOf(newSet) - (newSet.status.availableReplicas ?? 0)
  // What the new set lacks must not be taken from the old ones: they carry the load until it is there.
  const surplus = desiredCount([...old, newSet]) - minAvailable(rollout.deployment) - newUnavailable
  if (surplus <= 0) return undefined
  const healthy = await removeUnhealthy(rollout, old, surplus)
  const scaled = await removeAvailable(rollout, healthy.sets, newSet)
  const changed = new Map(scaled.sets.map(rs => [rs.metadata.uid, rs]))
  return healthy.removed + scaled.removed > 0 ? oldSets.map(rs => changed.get(rs.metadata.uid) ?? rs) : undefined
}

interface Shrunk {
  readonly sets: readonly ReplicaSet[]
  readonly removed: number
}

/** Pods that are not available serve nobody: they go first. */
async function removeUnhealthy(rollout: Rollout, old: readonly ReplicaSet[], surplus: number): Promise<Shrunk> {
  const sets: ReplicaSet[] = []
  let removed = 0
  for (const rs of [...old].sort(byCreation)) {
    const unhealthy = replicasOf(rs) - (rs.status.availableReplicas ?? 0)
    const count = Math.min(surplus - removed, Math.max(0, unhealthy))
    sets.push(count > 0 ? await scaleSet(rollout, rs, replicasOf(rs) - count) : rs)
    removed += count
  }
  return { sets, removed }
}

async function removeAvailable(rollout: Rollout, old: readonly ReplicaSet[], newSet: ReplicaSet): Promise<Shrunk> {
  const spare = availableCount([...old, newSet]) - minAvailable(rollout.deployment)
  const sets: ReplicaSet[] = []
  let removed = 0
  for (const rs of old) {
    const count = Math.min(Math.max(0, spare - removed), replicasOf(rs))
    sets.push(count > 0 ? await scaleSet(rollout, rs, replicasOf(rs) - count) : rs)
    removed += count
  }
  return { sets, removed }
}
