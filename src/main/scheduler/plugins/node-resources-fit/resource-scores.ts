// How good a node's use of its resources would be with a pod on it.
import type { NodeInfo } from '../../cache/node-info.ts'
import type { PodInfo, Resources } from '../../cache/pod-info.ts'
import type { ScoringStrategy, UtilizationPoint, WeightedResource } from '../../config/plugin-args.ts'
import { MAX_NODE_SCORE } from '../../framework/plugin.ts'

const STANDARD: Readonly<Record<string, keyof Omit<Resources, 'scalar'>>> = {
  cpu: 'cpuMilli',
  memory: 'memoryBytes',
  'ephemeral-storage': 'ephemeralStorageBytes',
}

export interface ResourceUse {
  readonly capacity: number
  /** With the pod. */
  readonly requested: number
}

/**
 * @param withDefaults whether a container that requests nothing counts with a default
 * @returns undefined when the resource does not count: the node has none, or it is extended and the pod wants none
 */
export function useOf(pod: PodInfo, node: NodeInfo, name: string, withDefaults: boolean): ResourceUse | undefined {
  const wanted = withDefaults ? pod.scoredRequests : pod.requests
  const used = withDefaults ? node.scoredRequested : node.requested
  const field = Object.hasOwn(STANDARD, name) ? STANDARD[name] : undefined
  if (field) {
    const capacity = node.allocatable[field]
    return capacity > 0 ? { capacity, requested: used[field] + wanted[field] } : undefined
  }
  const own = wanted.scalar.get(name) ?? 0
  const capacity = node.allocatable.scalar.get(name) ?? 0
  return own > 0 && capacity > 0 ? { capacity, requested: (used.scalar.get(name) ?? 0) + own } : undefined
}

type ShareScore = (use: ResourceUse) => number

const leastAllocated: ShareScore = ({ capacity, requested }) =>
  requested > capacity ? 0 : Math.trunc(((capacity - requested) * MAX_NODE_SCORE) / capacity)

const mostAllocated: ShareScore = ({ capacity, requested }) =>
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
  return ({ capacity, requested }) => at(requested > capacity ? 100 : Math.trunc((requested * 100) / capacity))
}

/** @returns 0…100 */
export function resourceScorer({ type, resources, shape }: ScoringStrategy): (pod: PodInfo, node: NodeInfo) => number {
  const ratio = type === 'RequestedToCapacityRatio'
  const share = ratio ? requestedToCapacityRatio(shape) : type === 'MostAllocated' ? mostAllocated : leastAllocated
  return (pod, node) => {
    let sum = 0
    let weights = 0
    for (const { name, weight } of resources) {
      const use = useOf(pod, node, name, true)
      const score = use ? share(use) : undefined
      // A ratio of nothing says nothing, as upstream has it.
      if (score === undefined || (ratio && score === 0)) continue
      sum += score * weight
      weights += weight
    }
    if (weights === 0) return 0
    return ratio ? Math.round(sum / weights) : Math.trunc(sum / weights)
  }
}

/** The used fraction of each resource, at most 1. */
export function fractionsUsed(pod: PodInfo, node: NodeInfo, resources: readonly WeightedResource[]): number[] {
  const fractions: number[] = []
  for (const { name } of resources) {
    const use = useOf(pod, node, name, false)
    if (use) fractions.push(Math.min(1, use.requested / use.capacity))
  }
  return fractions
}
