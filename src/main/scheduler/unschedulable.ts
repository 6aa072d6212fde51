// Tells the user that a pod has no node yet, and why: in its PodScheduled condition.
import { Pod } from '../../shared/api/core/v1.ts'
import type { Client } from '../../shared/client/client.ts'
import { type Clock, formatTime } from '../../shared/machinery/clock.ts'
import { isConflict, isNotFound } from '../../shared/machinery/status.ts'

/** Upstream's words when PreFilter ruled the pod out everywhere. */
export const notHelpful = (nodes: number): string =>
  `preemption: 0/${nodes} nodes are available: ${nodes} Preemption is not helpful for scheduling.`

/** @param nominated the node on which preemption makes room; '' takes it back @throws ApiError */
export async function tellUnschedulable(
  { client, clock }: { readonly client: Client; readonly clock: Clock },
  pod: Pod,
  message: string,
  nominated: string | undefined,
  reason: 'Unschedulable' | 'SchedulerError' = 'Unschedulable',
): Promise<void> {
  const known = pod.status.conditions?.find(({ type }) => type === 'PodScheduled')
  const nominatedChanged = nominated !== undefined && nominated !== (pod.status.nominatedNodeName ?? '')
  const { namespace, name, uid, resourceVersion, generation: observedGeneration } = pod.metadata
  const told = known?.status === 'False' && known.reason === reason && known.message === message
  if (told && known.observedGeneration === observedGeneration && !nominatedChanged) return
  const lastTransitionTime = known?.status === 'False' ? known.lastTransitionTime : formatTime(clock.now())
  const condition = { type: 'PodScheduled', status: 'False', reason, message, lastTransitionTime, observedGeneration }
  const status = { conditions: [condition], ...(nominatedChanged ? { nominatedNodeName: nominated || null } : {}) }
  // An attempt that failed says nothing of a pod that changed meanwhile: somebody else may have bound it.
  const metadata = reason === 'SchedulerError' ? { uid, resourceVersion } : { uid }
  try {
    await client.patch(Pod, { namespace, name }, { metadata, status }, { type: 'strategic', subresource: 'status' })
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error // gone or replaced meanwhile
  }
}
