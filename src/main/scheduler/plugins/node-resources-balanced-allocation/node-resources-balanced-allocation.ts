// NodeResourcesBalancedAllocation: prefers nodes whose cpu and memory the pod brings nearer to being used up evenly.
import { type PodInfo, noResources, signResources } from '../../cache/pod-info.ts'
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

const NOTHING = noResources()
/** 100 = every resource is used to the same share, 50 = some are used up and others idle. */
const balance = (fractions: readonly number[]) => Math.trunc((1 - deviation(fractions)) * MAX_NODE_SCORE)

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
    /** From 50 for the worst to 100 for the best; 75 where it makes no difference. */
    score(_state, pod, node) {
      const gained =
        balance(fractionsUsed(pod, node, resources, pod.requests)) -
        balance(fractionsUsed(pod, node, resources, NOTHING))
      return MAX_NODE_SCORE / 2 + Math.trunc((MAX_NODE_SCORE / 2 + gained) / 2)
    },
  }
}
