// NodeResourcesFit: the pod's requests must fit into what the node has left; prefers nodes with more left.
import type { NodeInfo } from '../../cache/node-info.ts'
import type { PodInfo, Resources } from '../../cache/pod-info.ts'
import { on } from '../../framework/cluster-event.ts'
import { MAX_NODE_SCORE, type SchedulerPlugin } from '../../framework/plugin.ts'
import { success, unresolvable, unschedulable } from '../../framework/status.ts'

export interface Shortage {
  readonly resource: string
  readonly requested: number
  readonly used: number
  readonly capacity: number
}

/** What is missing on the node, one entry a resource. */
export function shortages({ requests }: PodInfo, node: NodeInfo): Shortage[] {
  const found: Shortage[] = []
  const { allocatable, requested, pods, allowedPods } = node
  if (pods.size + 1 > allowedPods)
    found.push({ resource: 'pods', requested: 1, used: pods.size, capacity: allowedPods })
  const check = (resource: string, wanted: number, capacity: number, used: number) => {
    if (wanted > 0 && wanted > capacity - used) found.push({ resource, requested: wanted, used, capacity })
  }
  check('cpu', requests.cpuMilli, allocatable.cpuMilli, requested.cpuMilli)
  check('memory', requests.memoryBytes, allocatable.memoryBytes, requested.memoryBytes)
  check(
    'ephemeral-storage',
    requests.ephemeralStorageBytes,
    allocatable.ephemeralStorageBytes,
    requested.ephemeralStorageBytes,
  )
  for (const [name, wanted] of requests.scalar)
    check(name, wanted, allocatable.scalar.get(name) ?? 0, requested.scalar.get(name) ?? 0)
  return found
}

const reason = ({ resource }: Shortage) => (resource === 'pods' ? 'Too many pods' : `Insufficient ${resource}`)

/**
 * Pairs of (capacity, requested with the pod on it) for the resources that count in the score.
 * @param withDefaults whether a container that requests nothing counts with a default
 */
export function scoredShares(pod: PodInfo, node: NodeInfo, withDefaults: boolean): [number, number][] {
  const wanted = withDefaults ? pod.scoredRequests : pod.requests
  const used = withDefaults ? node.scoredRequested : node.requested
  const pick = (field: keyof Omit<Resources, 'scalar'>): [number, number] => [
    node.allocatable[field],
    used[field] + wanted[field],
  ]
  return [pick('cpuMilli'), pick('memoryBytes')]
}

type Strategy = 'LeastAllocated' | 'MostAllocated'

const shareScores: Readonly<Record<Strategy, (capacity: number, requested: number) => number>> = {
  LeastAllocated: (capacity, requested) =>
    requested > capacity ? 0 : Math.trunc(((capacity - requested) * MAX_NODE_SCORE) / capacity),
  MostAllocated: (capacity, requested) => Math.trunc((Math.min(requested, capacity) * MAX_NODE_SCORE) / capacity),
}

/** @param strategy which nodes to prefer; upstream's default is LeastAllocated, over cpu and memory with equal weight */
export function nodeResourcesFit(strategy: Strategy = 'LeastAllocated'): SchedulerPlugin {
  const shareScore = shareScores[strategy]
  return {
    name: 'NodeResourcesFit',
    requeueOn: [on('Pod', ['deleted', 'updated']), on('Node', ['added', 'updated'])],
    filter(_state, pod, node) {
      const missing = shortages(pod, node)
      if (missing.length === 0) return success
      // Even an empty node of this size could not take it: preempting does not help.
      const hopeless = missing.some(({ resource, requested, capacity }) => resource !== 'pods' && requested > capacity)
      return (hopeless ? unresolvable : unschedulable)(...missing.map(reason))
    },
    score(_state, pod, node) {
      const shares = scoredShares(pod, node, true).filter(([capacity]) => capacity > 0)
      if (shares.length === 0) return 0
      return Math.trunc(
        shares.reduce((sum, [capacity, requested]) => sum + shareScore(capacity, requested), 0) / shares.length,
      )
    },
  }
}
