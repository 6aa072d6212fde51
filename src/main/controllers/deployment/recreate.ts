// Recreate: all old pods go, and only when none is left the new set starts.
import type { ReplicaSet } from '../../../shared/api/apps/v1.ts'
import type { Result } from '../../../shared/client/reconciler.ts'
import { isControlledBy } from '../../../shared/machinery/owner.ts'
import { isPodTerminal } from '../support/pod-state.ts'
import { cleanUp } from './clean-up.ts'
import { actualCount, replicasOf } from './math.ts'
import { type Sets, syncRevision } from './new-replica-set.ts'
import { type Rollout, activeSets, scaleSet } from './rollout.ts'
import { isComplete, saveRolloutStatus } from './status.ts'

export async function recreate(rollout: Rollout): Promise<Result> {
  const found = await syncRevision(rollout, false)
  const running = activeSets(found.oldSets)
  if (running.length > 0) {
    const stopped = new Map<string, ReplicaSet>()
    for (const rs of running) stopped.set(rs.metadata.uid, await scaleSet(rollout, rs, 0))
    const oldSets = found.oldSets.map(rs => stopped.get(rs.metadata.uid) ?? rs)
    return saveRolloutStatus(rollout, { ...found, oldSets })
  }
  if (oldPodsRun(rollout, found)) return saveRolloutStatus(rollout, found)
  const sets = found.newSet ? found : await syncRevision(rollout, true)
  if (!sets.newSet) throw new Error('the new replica set is missing')
  const newSet = await scaleSet(rollout, sets.newSet, replicasOf(rollout.deployment))
  if (isComplete(rollout.deployment, rollout.deployment.status)) await cleanUp(rollout, sets.oldSets)
  return saveRolloutStatus(rollout, { newSet, oldSets: sets.oldSets })
}

/** A pod that is being deleted still runs; one in phase Unknown may. */
function oldPodsRun(rollout: Rollout, { newSet, oldSets }: Sets): boolean {
  if (actualCount(oldSets) > 0) return true
  return rollout.pods().some(pod => !(newSet && isControlledBy(pod, newSet)) && !isPodTerminal(pod))
}
