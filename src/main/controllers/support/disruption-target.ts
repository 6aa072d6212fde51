// Tells on a pod, before it is deleted, that it is disrupted and why: Jobs decide by it whether that was a failure.
import { Pod } from '../../../shared/api/core/v1.ts'
import type { ControllerContext } from '../../../shared/client/reconciler.ts'
import { formatTime } from '../../../shared/machinery/clock.ts'
import { conditionOf, setCondition } from '../../../shared/machinery/conditions.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'

const DISRUPTION_TARGET = 'DisruptionTarget'

/** @param phase also set, for pods that nobody will report about any more @throws ApiError */
export async function markDisrupted(
  { client, clock, signal }: ControllerContext,
  pod: Pod,
  reason: string,
  message: string,
  phase?: 'Failed',
): Promise<void> {
  const known = conditionOf(pod.status.conditions, DISRUPTION_TARGET)
  if (known?.status === 'True' && (!phase || pod.status.phase === phase)) return
  const { generation } = pod.metadata
  const observedGeneration = generation === undefined ? {} : { observedGeneration: generation }
  const condition = { type: DISRUPTION_TARGET, status: 'True', reason, message, ...observedGeneration }
  const conditions = setCondition(pod.status.conditions, condition, formatTime(clock.now()))
  const status = { ...pod.status, ...(phase ? { phase } : {}), conditions }
  await client.updateStatus(Pod, { ...pod, status }, { signal })
}

/** Tells it on a pod and deletes it; that it is gone meanwhile is no mistake. @throws ApiError */
export async function deleteDisrupted(
  context: ControllerContext,
  pod: Pod,
  reason: string,
  message: string,
): Promise<void> {
  const { namespace, name, uid } = pod.metadata
  try {
    await markDisrupted(context, pod, reason, message)
    await context.client.delete(Pod, { namespace, name }, { preconditions: { uid }, signal: context.signal })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
