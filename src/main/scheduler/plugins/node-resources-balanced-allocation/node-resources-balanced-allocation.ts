// NodeResourcesBalancedAllocation: prefers nodes on which cpu and memory would be used up evenly.
import { MAX_NODE_SCORE, type SchedulerPlugin } from '../../framework/plugin.ts'
import { skip, success } from '../../framework/status.ts'
import { scoredShares } from '../node-resources-fit/node-resources-fit.ts'

/** With two resources the standard deviation of the used fractions is half their distance. */
function deviation(fractions: readonly number[]): number {
  const [a, b] = fractions
  if (fractions.length === 2 && a !== undefined && b !== undefined) return Math.abs(a - b) / 2
  const mean = fractions.reduce((sum, fraction) => sum + fraction, 0) / Math.max(1, fractions.length)
  return Math.sqrt(fractions.reduce((sum, fraction) => sum + (fraction - mean) ** 2, 0) / Math.max(1, fractions.length))
}

export const nodeResourcesBalancedAllocation: SchedulerPlugin = {
  name: 'NodeResourcesBalancedAllocation',
  // A pod that requests nothing cannot unbalance a node.
  preScore: (_state, { requests }) => (requests.cpuMilli === 0 && requests.memoryBytes === 0 ? skip : success),
  score(_state, pod, node) {
    const fractions = scoredShares(pod, node, false)
      .filter(([capacity]) => capacity > 0)
      .map(([capacity, requested]) => Math.min(1, requested / capacity))
    return Math.trunc((1 - deviation(fractions)) * MAX_NODE_SCORE)
  },
}
