// Quality-of-service class of a pod.
import type { Pod, ResourceRequirements } from '../api/core/v1.ts'
import { parseQuantity, zero } from './quantity.ts'

const COMPUTE = ['cpu', 'memory'] as const

/** @returns undefined for nothing, which zero is as well */
function amountOf(map: ResourceRequirements['requests'], name: (typeof COMPUTE)[number]) {
  const text = map?.[name]
  if (text === undefined) return undefined
  const quantity = parseQuantity(text)
  return quantity.isZero() ? undefined : quantity
}

/**
 * @returns `Guaranteed` when every container limits cpu and memory to what it requests, `BestEffort` when nothing is
 * requested or limited, else `Burstable`
 * @see https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/
 */
export function qosClass({ spec }: Pick<Pod, 'spec'>): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  // Who says anything for the pod as a whole, if only that there is nothing, is taken at that.
  const parts = spec.resources
    ? [spec.resources]
    : [...spec.containers, ...(spec.initContainers ?? [])].map(container => container.resources)
  let any = false
  let guaranteed = true
  for (const resources of parts) {
    for (const name of COMPUTE) {
      const request = amountOf(resources?.requests, name)
      const limit = amountOf(resources?.limits, name)
      if (request || limit) any = true
      // A request that is left out is the limit; zero is one that is less.
      const isLess = request ? !request.equals(limit ?? zero) : resources?.requests?.[name] !== undefined
      if (!limit || isLess) guaranteed = false
    }
  }
  return !any ? 'BestEffort' : guaranteed ? 'Guaranteed' : 'Burstable'
}
