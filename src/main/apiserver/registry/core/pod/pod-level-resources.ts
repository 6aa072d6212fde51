// Requests and limits of the pod as a whole, filled in from those of its containers.
// @see KEP-2837, "Proposed validation & defaulting rules"
import type { Container, PodSpec } from '../../../../../shared/api/core/v1.ts'
import { isQuantity, parseQuantity } from '../../../../../shared/machinery/quantity.ts'
import { emptyMap, entries, has, isEmpty, list } from '../../support/collections.ts'
import { isHugePages } from '../../support/resource-names.ts'

type Amounts = Record<string, string | number>

const isPodLevel = (name: string) => name === 'cpu' || name === 'memory' || isHugePages(name)

/** What the scheduler counts: all containers and sidecars together, or one init container if that needs more. */
function total(spec: PodSpec, field: 'requests' | 'limits'): Amounts {
  const sums: Amounts = emptyMap()
  const merge = (container: Container, combine: 'add' | 'max') => {
    for (const [name, amount] of entries(container.resources?.[field])) {
      if (!isPodLevel(name) || !isQuantity(amount)) continue
      const now = parseQuantity(amount)
      const before = has(sums, name) ? parseQuantity(sums[name] ?? 0) : undefined
      const next = !before ? now : combine === 'add' ? before.add(now) : before.compare(now) < 0 ? now : before
      sums[name] = next.toString()
    }
  }
  const sidecar = (container: Container) => container.restartPolicy === 'Always'
  for (const container of list(spec.containers)) merge(container, 'add')
  for (const container of list(spec.initContainers).filter(sidecar)) merge(container, 'add')
  for (const container of list(spec.initContainers).filter(c => !sidecar(c))) merge(container, 'max')
  return sums
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
