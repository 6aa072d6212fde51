// Requests and limits of the pod as a whole, filled in from those of its containers.
// @see KEP-2837, "Proposed validation & defaulting rules"
import type { Container, PodSpec } from '../../../../../shared/api/core/v1.ts'
import { isQuantity } from '../../../../../shared/machinery/quantity.ts'
import { totalOf } from '../../../../../shared/machinery/quota-pod-usage.ts'
import { emptyMap, entries, has, isEmpty, list } from '../../support/collections.ts'
import { isHugePages } from '../../support/resource-names.ts'

type Amounts = Record<string, string | number>

const isPodLevel = (name: string) => name === 'cpu' || name === 'memory' || isHugePages(name)

/** What the containers ask for together, or what their start takes if that is more. What is no amount is told later. */
function total({ containers, initContainers }: PodSpec, kind: 'requests' | 'limits'): Amounts {
  const readable = (container: Container): Container => {
    const amounts = entries(container.resources?.[kind]).filter(
      ([name, amount]) => isPodLevel(name) && isQuantity(amount),
    )
    return { ...container, resources: { [kind]: Object.fromEntries(amounts) } }
  }
  const spec = { containers: list(containers).map(readable), initContainers: list(initContainers).map(readable) }
  return Object.fromEntries([...totalOf(spec, kind)].map(([name, amount]) => [name, amount.toString()]))
}

/** Only where the pod states something itself; to be called after the containers have their defaults. */
export function defaultPodLevelResources(spec: PodSpec): void {
  const { resources } = spec
  if (!resources || (isEmpty(resources.limits) && isEmpty(resources.requests))) return
  const limits: Amounts = Object.assign(emptyMap(), resources.limits)
  for (const [name, amount] of entries(total(spec, 'limits')))
    if (isHugePages(name) && !has(resources.requests, name) && !has(limits, name)) limits[name] = amount
  if (!isEmpty(limits)) resources.limits = limits
  if (isEmpty(limits)) return
  const requests: Amounts = Object.assign(emptyMap(), resources.requests)
  for (const [name, amount] of entries(total(spec, 'requests')))
    if (!has(requests, name) && !isHugePages(name)) requests[name] = amount
  for (const [name, amount] of entries(limits)) if (!has(requests, name) && isPodLevel(name)) requests[name] = amount
  if (!isEmpty(requests)) resources.requests = requests
}
