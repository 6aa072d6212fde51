// NodeResourcesBalancedAllocation: prefers nodes on which cpu and memory would be used up evenly.
import { type PodInfo, signResources } from '../../cache/pod-info.ts'
import type { WeightedResource } from '../../config/plugin-args.ts'
import { MAX_NODE_SCORE, type SchedulerPlugin } from '../../framework/plugin.ts'
import { skip, success } from '../../framework/status.ts'
import { fractionsUsed } from '../node-resources-fit/resource-scores.ts'

/** With two resources the standard deviation of the used fractions is half their distance. */
function deviation(fractions: readonly number[]): number {
  const [a, b] = fractions
  if (fractions.length === 2 && a !== undefined && b !== undefined) return Math.abs(a - b) / 2
  const mean = fractions.reduce((sum, fraction) => sum + fraction, 0) / Math.max(1, fractions.length)
  return Math.sqrt(fractions.reduce((sum, fraction) => sum + (fraction - mean) ** 2, 0) / Math.max(1, fractions.length))
}

export function nodeResourcesBalancedAllocation(resources: readonly WeightedResource[]): SchedulerPlugin {
  const wants = ({ requests }: PodInfo) =>
    requests.cpuMilli > 0 ||
    requests.memoryBytes > 0 ||
    resources.some(({ name }) =>
      name === 'ephemeral-storage' ? requests.ephemeralStorageBytes > 0 : (requests.scalar.get(name) ?? 0) > 0,
    )
  return {
    name: 'NodeResourcesBalancedAllocation',
    sign: signResources,
    // A pod that requests nothing cannot unbalance a node.
    preScore: (_state, pod) => (wants(pod) ? success : skip),
    score: (_state, pod, node) => Math.trunc((1 - deviation(fractionsUsed(pod, node, resources))) * MAX_NODE_SCORE),
  }
}
