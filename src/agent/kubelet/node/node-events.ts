// What the node tells about itself: that it started, what it is short of, and whether it may be scheduled to.
import type { Node, NodeStatus } from '../../../shared/api/core/v1.ts'
import type { EventRecorder } from '../../../shared/client/events.ts'

/** Reasons by condition, when it holds and when it does not. */
const REASONS: Readonly<Record<string, readonly [holds: string, not: string]>> = {
  MemoryPressure: ['NodeHasInsufficientMemory', 'NodeHasSufficientMemory'],
  DiskPressure: ['NodeHasDiskPressure', 'NodeHasNoDiskPressure'],
  PIDPressure: ['NodeHasInsufficientPID', 'NodeHasSufficientPID'],
  Ready: ['NodeReady', 'NodeNotReady'],
}

/** @returns reasons of what changed; that a new node is not ready yet is no change */
function changes({ status: before }: Pick<Node, 'status'>, now: NodeStatus): string[] {
  return (now.conditions ?? []).flatMap(({ type, status }) => {
    const reasons = REASONS[type]
    const known = before.conditions?.find(condition => condition.type === type)
    if (!reasons || known?.status === status || (type === 'Ready' && !known && status !== 'True')) return []
    return reasons[status === 'True' ? 0 : 1]
  })
}

export class NodeEvents {
  readonly #recorder: EventRecorder
  #started = false
  #unschedulable = false

  constructor(recorder: EventRecorder) {
    this.#recorder = recorder
  }

  /** The node as it is registered. */
  seen(node: Node): void {
    if (!this.#started) this.#recorder.event(node, 'Normal', 'Starting', 'Starting kubelet.')
    this.#started = true
    const unschedulable = node.spec.unschedulable ?? false
    if (unschedulable !== this.#unschedulable)
      this.#tell(node, unschedulable ? 'NodeNotSchedulable' : 'NodeSchedulable')
    this.#unschedulable = unschedulable
  }

  /** A status was stored in place of the one that the node had. */
  reported(node: Node, status: NodeStatus): void {
    const [before, now] = [node.status.nodeInfo?.bootID, status.nodeInfo?.bootID]
    if (before && now && before !== now) {
      const message = `Node ${node.metadata.name} has been rebooted, boot id: ${now}`
      this.#recorder.event(node, 'Warning', 'Rebooted', message)
    }
    for (const reason of changes(node, status)) this.#tell(node, reason)
  }

  #tell(node: Node, reason: string): void {
    this.#recorder.event(node, 'Normal', reason, `Node ${node.metadata.name} status is now: ${reason}`)
  }
}
