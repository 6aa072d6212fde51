// Whether the node has room for a pod beside those that it has taken already.
import type { Container, Pod, PodSpec } from '../../../shared/api/core/v1.ts'
import { type Quantity, parseQuantity } from '../../../shared/machinery/quantity.ts'
import { isNativeResource } from '../../../shared/machinery/resource-name.ts'
import { totalOf } from '../../../shared/machinery/quota-pod-usage.ts'

export interface Shortage {
  readonly resource: string
  /** How much too little there is: thousandths of a CPU, else bytes or pieces. */
  readonly lacking: number
  /** Not even an empty node would do. */
  readonly never: boolean
  readonly message: string
}

/** @returns thousandths of a CPU, else bytes or pieces; a pod is one of `pods` */
export function requestOf(pod: Pod, resource: string): number {
  if (resource === 'pods') return 1
  const requested = totalOf(withoutDevices(pod), 'requests').get(resource)
  return requested ? amountOf(resource, requested) : 0
}

const amountOf = (resource: string, quantity: Quantity): number =>
  resource === 'cpu' ? quantity.milli() : quantity.value()

/** What containers are given as devices of a claim is none of the node's to count. */
function withoutDevices({ spec, status }: Pod): PodSpec {
  const mappings = status.extendedResourceClaimStatus?.requestMappings ?? []
  if (mappings.length === 0) return spec
  const without = (container: Container): Container => {
    const mapped = mappings.filter(({ containerName }) => containerName === container.name)
    const requests = Object.entries(container.resources?.requests ?? {}).filter(
      ([name]) => !mapped.some(({ resourceName }) => resourceName === name),
    )
    return { ...container, resources: { ...container.resources, requests: Object.fromEntries(requests) } }
  }
  const { initContainers } = spec
  return {
    ...spec,
    containers: spec.containers.map(without),
    ...(initContainers ? { initContainers: initContainers.map(without) } : {}),
  }
}

/** @param others pods that run here or will @returns all that the node has too little of */
export function shortagesOf(
  pod: Pod,
  others: readonly Pod[],
  allocatable: Readonly<Record<string, string>>,
): Shortage[] {
  const wanted = [...totalOf(withoutDevices(pod), 'requests').keys()].filter(
    resource => !isOthers(resource, allocatable),
  )
  return ['pods', ...wanted].flatMap(resource => {
    const requested = requestOf(pod, resource)
    const capacity = amountOf(resource, parseQuantity(allocatable[resource] ?? '0'))
    const used = others.reduce((sum, other) => sum + requestOf(other, resource), 0)
    const lacking = used + requested - capacity
    if (requested === 0 || lacking <= 0) return []
    const message = `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`
    return [{ resource, lacking, never: resource !== 'pods' && requested > capacity, message }]
  })
}

/** @returns the first of them */
export const shortageOf = (...about: Parameters<typeof shortagesOf>): Shortage | undefined => shortagesOf(...about)[0]

/** Resources of the cluster's, or of an extender's, are none of the node's: it does not count them. */
const isOthers = (resource: string, allocatable: Readonly<Record<string, string>>): boolean =>
  !isNativeResource(resource) && !(resource in allocatable)
