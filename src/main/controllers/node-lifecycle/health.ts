// Whether a node still reports, judged by what this process saw change, never by the node's own clock.
import type { Node, NodeCondition } from '../../../shared/api/core/v1.ts'
import type { Lease } from '../../../shared/api/coordination/v1.ts'
import { conditionOf } from '../../../shared/machinery/conditions.ts'

const CONDITIONS = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure']

export interface Observation {
  /** The node's. */
  readonly uid: string
  /** What a living node changes: the renewal of its lease and the heartbeats of its conditions. */
  readonly signature: string
  /** Observed time at which it last changed. */
  readonly at: number
  /** A node that never reported gets longer to start. */
  readonly everReported: boolean
}

export function observe(
  before: Observation | undefined,
  node: Node,
  lease: Lease | undefined,
  now: number,
): Observation {
  const ready = conditionOf(node.status.conditions, 'Ready')
  const signature = JSON.stringify([node.metadata.uid, lease?.spec.renewTime, ready?.lastHeartbeatTime])
  if (before?.signature === signature) return before
  return { uid: node.metadata.uid, signature, at: now, everReported: ready !== undefined || lease !== undefined }
}

/** @returns the conditions of a node that is silent, or the same list when they say so already */
export function silentConditions(node: Node, now: string): readonly NodeCondition[] {
  const conditions = node.status.conditions ?? []
  const next = [...conditions]
  let changed = false
  for (const type of CONDITIONS) {
    const index = next.findIndex(condition => condition.type === type)
    const known = next[index]
    if (known?.status === 'Unknown') continue
    changed = true
    if (known) {
      next[index] = {
        ...known,
        status: 'Unknown',
        reason: 'NodeStatusUnknown',
        message: 'Kubelet stopped posting node status.',
        lastTransitionTime: now,
      }
    } else {
      next.push({
        type,
        status: 'Unknown',
        reason: 'NodeStatusNeverUpdated',
        message: 'Kubelet never posted node status.',
        lastHeartbeatTime: node.metadata.creationTimestamp,
        lastTransitionTime: now,
      })
    }
  }
  return changed ? next : conditions
}
