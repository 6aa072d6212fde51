// Creates the pods that are missing, or deletes those that are too many.
import type { Pod } from '../../../shared/api/core/v1.ts'
import type { Expectations } from '../../../shared/client/expectations.ts'
import { keyOf } from '../../../shared/client/object-key.ts'
import { type ControllerContext, TerminalError } from '../../../shared/client/reconciler.ts'
import type { ResourceType } from '../../../shared/machinery/resource-type.ts'
import { isNamespaceTerminating, isNotFound } from '../../../shared/machinery/status.ts'
import { createPod, deletePod, podFromTemplate } from '../support/pod-control.ts'
import { slowStartBatch } from '../support/slow-start.ts'
import type { ReplicaOwner } from './replica-owner.ts'
import { podsToDelete } from '../support/deletion-ranking.ts'

/** At most so many creations or deletions in one go; the rest follows when these are seen. */
const BURST_REPLICAS = 500

export interface ManageOptions<T extends ReplicaOwner> {
  readonly type: ResourceType<T>
  readonly owner: T
  /** The active pods that the owner controls. */
  readonly pods: readonly Pod[]
  readonly relatedPods: () => readonly Pod[]
  readonly expectations: Expectations
}

/** @returns the first failure, to be shown in the status and retried */
export async function manageReplicas<T extends ReplicaOwner>(
  context: ControllerContext,
  options: ManageOptions<T>,
): Promise<unknown> {
  const missing = (options.owner.spec.replicas ?? 1) - options.pods.length
  if (missing > 0) return createMissing(context, options, Math.min(missing, BURST_REPLICAS))
  if (missing < 0) return deleteSurplus(context, options, Math.min(-missing, BURST_REPLICAS))
  return undefined
}

async function createMissing<T extends ReplicaOwner>(
  context: ControllerContext,
  { type, owner, expectations }: ManageOptions<T>,
  count: number,
): Promise<unknown> {
  const { template } = owner.spec
  if (!template) throw new TerminalError(`${type.kind} ${owner.metadata.name} has no pod template`)
  const key = keyOf(owner.metadata)
  const pod = podFromTemplate(template, type, owner)
  expectations.expectCreations(key, count)
  const { succeeded, error } = await slowStartBatch(count, 1, () => createPod(context, owner, pod))
  // What failed or was not tried will never be seen.
  for (let skipped = count - succeeded; skipped > 0; skipped--) expectations.creationObserved(key)
  return isNamespaceTerminating(error) ? undefined : error
}

async function deleteSurplus<T extends ReplicaOwner>(
  context: ControllerContext,
  { owner, pods, relatedPods, expectations }: ManageOptions<T>,
  count: number,
): Promise<unknown> {
  const key = keyOf(owner.metadata)
  const victims = podsToDelete(pods, relatedPods(), count, context.clock.now())
  expectations.expectDeletions(
    key,
    victims.map(pod => keyOf(pod.metadata)),
  )
  const results = await Promise.allSettled(
    victims.map(async pod => {
      try {
        await deletePod(context, owner, pod)
      } catch (error) {
        expectations.deletionObserved(key, keyOf(pod.metadata))
        if (!isNotFound(error)) throw error
      }
    }),
  )
  return results.find(result => result.status === 'rejected')?.reason
}
