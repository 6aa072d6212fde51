// How good a node's use of its resources would be with a pod on it.
import type { NodeInfo } from '../../cache/node-info.ts'
import type { PodInfo, Resources } from '../../cache/pod-info.ts'
import type { ScoringStrategy, UtilizationPoint, WeightedResource } from '../../config/plugin-args.ts'
import { MAX_NODE_SCORE } from '../../framework/plugin.ts'

/** @returns what the node has; 0 = the resource does not count, also when it is extended and the pod wants none */
function capacityOf({ requests }: PodInfo, { allocatable }: NodeInfo, name: string): number {
  if (name === 'cpu') return allocatable.cpuMilli
  if (name === 'memory') return allocatable.memoryBytes
  if (name === 'ephemeral-storage') return allocatable.ephemeralStorageBytes
  return (requests.scalar.get(name) ?? 0) > 0 ? (allocatable.scalar.get(name) ?? 0) : 0
}

/** What would be taken of it with the pod. */
function usedOf(wanted: Resources, used: Resources, name: string): number {
  if (name === 'cpu') return used.cpuMilli + wanted.cpuMilli
  if (name === 'memory') return used.memoryBytes + wanted.memoryBytes
  if (name === 'ephemeral-storage') return used.ephemeralStorageBytes + wanted.ephemeralStorageBytes
  return (used.scalar.get(name) ?? 0) + (wanted.scalar.get(name) ?? 0)
}

type ShareScore = (requested: number, capacity: number) => number

const leastAllocated: ShareScore = (requested, capacity) =>
  requested > capacity ? 0 : Math.trunc(((capacity - requested) * MAX_NODE_SCORE) / capacity)

const mostAllocated: ShareScore = (requested, capacity) =>
  Math.trunc((Math.min(requested, capacity) * MAX_NODE_SCORE) / capacity)

/** Straight lines between the points of the shape. */
function requestedToCapacityRatio(shape: readonly UtilizationPoint[]): ShareScore {
  const points = shape.map(({ utilization, score }) => ({ utilization, score: score * 10 }))
  const at = (percent: number): number => {
    const next = points.findIndex(({ utilization }) => percent <= utilization)
    const [after, before] = [points[next], points[next - 1]]
    if (!after) return points.at(-1)?.score ?? 0
    if (!before) return after.score
    const share = (after.score - before.score) * (percent - before.utilization)
    return before.score + Math.trunc(share / (after.utilization - before.utilization))
  }
  return (requested, capacity) => at(requested > capacity ? 100 : Math.trunc((requested * 100) / capacity))
}

/** @returns 0…100 */
export function resourceScorer({ type, resources, shape }: ScoringStrategy): (pod: PodInfo, node: NodeInfo) => number {
  const ratio = type === 'RequestedToCapacityRatio'
  const share = ratio ? requestedToCapacityRatio(shape) : type === 'MostAllocated' ? mostAllocated : leastAllocated
  return (pod, node) => {
    let sum = 0
    let weights = 0
    for (const { name, weight } of resources) {
      const capacity = capacityOf(pod, node, name)
      if (capacity === 0) continue
      const score = share(usedOf(pod.scoredRequests, node.scoredRequested, name), capacity)
      // A ratio of nothing says nothing, as upstream has it.
      if (ratio && score === 0) continue
      sum += score * weight
      weights += weight
    }
    if (weights === 0) return 0
    return ratio ? Math.round(sum / weights) : Math.trunc(sum / weights)
  }
}

/** The used fraction of each resource that the pod counts by, at most 1. @param wanted what comes on top */
export function fractionsUsed(
  pod: PodInfo,
  node: NodeInfo,
  resources: readonly WeightedResource[],
  wanted: Resources,
): number[] {
  const fractions: number[] = []
  for (const { name } of resources) {
    const capacity = capacityOf(pod, node, name)
    if (capacity > 0) fractions.push(Math.min(1, usedOf(wanted, node.requested, name) / capacity))
  }
  return fractions
}
