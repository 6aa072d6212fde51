// A new pod's own values of the label keys that its affinity and spread constraints name become part of their selectors.
import type { Pod, PodAffinityTerm, TopologySpreadConstraint } from '../../../../../shared/api/core/v1.ts'
import { narrowed } from '../../../../../shared/machinery/label-keys.ts'
import { list } from '../../support/collections.ts'

/** Everything of a pod that selects pods by label keys. */
function selecting({ affinity, topologySpreadConstraints }: Pod['spec']) {
  const terms: (Partial<PodAffinityTerm> | TopologySpreadConstraint)[] = []
  for (const given of [affinity?.podAffinity, affinity?.podAntiAffinity]) {
    terms.push(...list(given?.preferredDuringSchedulingIgnoredDuringExecution).map(term => term.podAffinityTerm ?? {}))
    terms.push(...list(given?.requiredDuringSchedulingIgnoredDuringExecution))
  }
  return [...terms, ...list(topologySpreadConstraints)] as Partial<PodAffinityTerm>[]
}

export function applyLabelKeys({ metadata: { labels }, spec }: Pod): void {
  for (const term of selecting(spec)) {
    const { labelSelector, matchLabelKeys, mismatchLabelKeys } = term
    const applied = narrowed(labelSelector, labels, matchLabelKeys, mismatchLabelKeys)
    if (applied) term.labelSelector = applied
  }
}
