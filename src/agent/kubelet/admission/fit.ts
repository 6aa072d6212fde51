// Whether the node has room for a pod beside those that it has taken already.
import type { Pod } from '../../../shared/api/core/v1.ts'
import { parseQuantity, zero } from '../../../shared/machinery/quantity.ts'
import { isNativeResource } from '../../../shared/machinery/resource-name.ts'
import { totalOf } from '../../../shared/machinery/quota-pod-usage.ts'

export interface Shortage {
  readonly resource: string
  /** Not even an empty node would do. */
  readonly never: boolean
  readonly message: string
}

/** @param others pods that run here or will */
export function shortageOf(
  pod: Pod,
  others: readonly Pod[],
  allocatable: Readonly<Record<string, string>>,
): Shortage | undefined {
  const maxPods = Number(allocatable.pods ?? 0)
  if (others.length + 1 > maxPods) return shortage('pods', '1', String(others.length), String(maxPods), false)
  for (const [resource, requested] of totalOf(pod.spec, 'requests')) {
    if (requested.isZero() || isOthers(resource, allocatable)) continue
    const show = (amount: typeof requested) => String(resource === 'cpu' ? amount.milli() : amount.value())
    const capacity = parseQuantity(allocatable[resource] ?? '0')
    const used = others.reduce((sum, { spec }) => sum.add(totalOf(spec, 'requests').get(resource) ?? zero), zero)
    if (requested.compare(capacity) > 0) return shortage(resource, show(requested), show(used), show(capacity), true)
    if (used.add(requested).compare(capacity) > 0)
      return shortage(resource, show(requested), show(used), show(capacity), false)
  }
  return undefined
}

/** Resources of the cluster's, or of an extender's, are none of the node's: it does not count them. */
const isOthers = (resource: string, allocatable: Readonly<Record<string, string>>): boolean =>
  !isNativeResource(resource) && !(resource in allocatable)

const shortage = (resource: string, requested: string, used: string, capacity: string, never: boolean): Shortage => ({
  resource,
  never,
  message: `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
})
