// Quality-of-service class of a pod.
import type { Pod } from '../../../../../shared/api/core/v1.ts'
import { parseQuantity } from '../../../../../shared/machinery/quantity.ts'
import { asksAsWhole } from '../../../../../shared/machinery/quota-pod-usage.ts'
import { list, lookup } from '../../support/collections.ts'

const COMPUTE = ['cpu', 'memory'] as const

const amount = (map: Readonly<Record<string, string | number>> | undefined, name: string) => {
  const text = lookup(map, name)
  if (text === undefined) return undefined
  const quantity = parseQuantity(text)
  return quantity.isZero() ? undefined : quantity
}

/**
 * @returns `Guaranteed` when every container limits cpu and memory to what it requests, `BestEffort` when nothing is
 * requested or limited, else `Burstable`
 * @see https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/
 */
export function qosClass(pod: Pod): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const parts = asksAsWhole(pod.spec)
    ? [pod.spec.resources]
    : [...list(pod.spec.containers), ...list(pod.spec.initContainers)].map(container => container.resources)
  let any = false
  let guaranteed = true
  for (const resources of parts) {
    for (const name of COMPUTE) {
      const request = amount(resources?.requests, name)
      const limit = amount(resources?.limits, name)
      if (request || limit) any = true
      if (!limit || (request && !request.equals(limit))) guaranteed = false
    }
  }
  return !any ? 'BestEffort' : guaranteed ? 'Guaranteed' : 'Burstable'
}
