// Which pods go first when there are too many: those whose loss hurts least.
import type { Pod } from '../../../shared/api/core/v1.ts'
import { conditionOf } from '../../../shared/machinery/conditions.ts'
import { DELETION_COST, deletionCost } from '../../../shared/machinery/deletion-cost.ts'
import { isPodReady } from './pod-state.ts'

const PHASE_ORDER: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 }

type Rank = (pod: Pod) => number

/**
 * @param related active pods of sibling sets, by which the crowding of nodes is counted
 * @returns `count` pods; the lower of each rank goes first, the next rank decides among equals
 */
export function podsToDelete(pods: readonly Pod[], related: readonly Pod[], count: number, nowMs: number): Pod[] {
  if (count <= 0) return []
  if (count >= pods.length) return [...pods]
  const perNode = new Map<string, number>()
  for (const { spec } of related) if (spec.nodeName) perNode.set(spec.nodeName, (perNode.get(spec.nodeName) ?? 0) + 1)
  const ranks: readonly Rank[] = [
    pod => (pod.spec.nodeName ? 1 : 0),
    pod => PHASE_ORDER[pod.status.phase ?? ''] ?? 0,
    pod => (isPodReady(pod) ? 1 : 0),
    costOf,
    pod => -(perNode.get(pod.spec.nodeName ?? '') ?? 0),
    pod => (isPodReady(pod) ? magnitude(readySince(pod), nowMs) : 0),
    pod => -maxRestarts(pod.status.containerStatuses),
    pod => -maxRestarts(pod.status.initContainerStatuses),
    pod => magnitude(Date.parse(pod.metadata.creationTimestamp), nowMs),
  ]
  // Ranks are computed once a pod, not once a comparison.
  const ranked = pods.map(pod => ({ pod, values: ranks.map(rank => rank(pod)) }))
  ranked.sort((a, b) => {
    for (let i = 0; i < ranks.length; i++) {
      const difference = (a.values[i] ?? 0) - (b.values[i] ?? 0)
      if (difference !== 0) return difference
    }
    return a.pod.metadata.uid < b.pod.metadata.uid ? -1 : 1
  })
  return ranked.slice(0, count).map(({ pod }) => pod)
}

/**
 * Ages are compared by order of magnitude, and equals by uid, so that scaling down does not always empty the same
 * zone of the newest pods: 9 s and 15 s are alike, 9 s and 30 s are not.
 */
function magnitude(sinceMs: number, nowMs: number): number {
  const ageNs = Math.max(1, (nowMs - sinceMs) * 1e6)
  return Number.isNaN(ageNs) ? -1 : Math.floor(Math.log2(ageNs))
}

const readySince = (pod: Pod): number =>
  Date.parse(conditionOf(pod.status.conditions, 'Ready')?.lastTransitionTime ?? '')

const costOf = (pod: Pod): number => deletionCost(pod.metadata.annotations?.[DELETION_COST] ?? '') ?? 0

const maxRestarts = (statuses: Pod['status']['containerStatuses']): number =>
  Math.max(0, ...(statuses ?? []).map(status => status.restartCount))
