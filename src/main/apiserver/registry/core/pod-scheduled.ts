// The condition that says whether a pod has a node, as the server itself writes it.
import type { PodCondition } from '../../../../shared/api/core/v1.ts'
import { putCondition } from '../../../../shared/machinery/conditions.ts'

/** Times that never were are shown. */
const NEVER = null as unknown as string

export const withPodScheduled = (
  conditions: readonly PodCondition[] | undefined,
  given: Pick<PodCondition, 'status' | 'reason' | 'message'>,
  now: string,
): PodCondition[] => putCondition(conditions, { type: 'PodScheduled', lastProbeTime: NEVER, ...given }, now)
