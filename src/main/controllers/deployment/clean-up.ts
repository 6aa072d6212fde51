// Forgets the oldest revisions beyond revisionHistoryLimit.
import { ReplicaSet } from '../../../shared/api/apps/v1.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import { revisionOf } from './annotations.ts'
import { replicasOf } from './math.ts'
import type { Rollout } from './rollout.ts'

export async function cleanUp({ deployment, context }: Rollout, oldSets: readonly ReplicaSet[]): Promise<void> {
  const { revisionHistoryLimit } = deployment.spec
  if (revisionHistoryLimit === undefined || revisionHistoryLimit === 2 ** 31 - 1) return
  const alive = oldSets.filter(rs => !rs.metadata.deletionTimestamp)
  const surplus = alive.length - revisionHistoryLimit
  if (surplus <= 0) return
  const oldest = [...alive].sort((a, b) => Number(revisionOf(a) - revisionOf(b))).slice(0, surplus)
  for (const { metadata, spec, status } of oldest) {
    const { namespace, name, uid } = metadata
    const inUse = status.replicas !== 0 || replicasOf({ spec }) !== 0
    if (inUse || (metadata.generation ?? 0) > (status.observedGeneration ?? 0)) continue
    try {
      await context.client.delete(ReplicaSet, { namespace, name }, { preconditions: { uid }, signal: context.signal })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
}
