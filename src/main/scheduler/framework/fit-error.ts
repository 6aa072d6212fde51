// Why no node fits, in upstream's words: `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.`
import type { NodeStatuses } from './plugin.ts'
import type { Status } from './status.ts'

export function describeFit(
  nodeCount: number,
  statuses: Pick<NodeStatuses, 'size' | 'values'>,
  rejection?: Status,
  postFilter?: string,
): string {
  if (nodeCount === 0) return 'no nodes available to schedule pods'
  let text = `0/${nodeCount} nodes are available`
  if (rejection) text += `: ${rejection.reasons.join(', ')}.`
  else if (statuses.size > 0) {
    // Nodes that are ruled out alike mostly share their status.
    const times = new Map<Status, number>()
    for (const status of statuses.values()) times.set(status, (times.get(status) ?? 0) + 1)
    const counts = new Map<string, number>()
    for (const [{ reasons }, nodes] of times)
      for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + nodes)
    const parts = [...counts].map(([reason, count]) => `${count} ${reason}`).sort()
    text += `: ${parts.join(', ')}.`
  }
  return postFilter ? `${text} ${postFilter}` : text
}
