// Extended resources that a node does not have itself, but as devices: the pod gets one claim of its own for all of them,
// which says what of it is whose. Which resources those are differs from node to node.
import { type Container, type ContainerExtendedResourceRequest, Pod } from '../../../../shared/api/core/v1.ts'
import type { DeviceClass, DeviceRequest, ResourceClaim } from '../../../../shared/api/resource/v1.ts'
import { type Lister, byControllerUid } from '../../../../shared/client/lister.ts'
import {
  EXTENDED_CLAIM_ANNOTATION,
  classOfResource,
  mayBeDevices,
} from '../../../../shared/machinery/extended-devices.ts'
import type { Draft } from '../../../../shared/machinery/object.ts'
import { ownerRef } from '../../../../shared/machinery/owner.ts'
import { parseQuantity } from '../../../../shared/machinery/quantity.ts'
import type { NodeInfo } from '../../cache/node-info.ts'
import type { PodInfo } from '../../cache/pod-info.ts'

export interface ExtendedResources {
  /** All that the pod wants → the class of its devices, if it has one. */
  readonly wanted: ReadonlyMap<string, DeviceClass | undefined>
  /** Of an attempt before: it stands in the way of a new one. */
  readonly leftOver: ResourceClaim | undefined
}

/** @returns undefined for a pod of whose resources none can be devices */
export function extendedResourcesOf(
  { pod, requests }: PodInfo,
  classes: Lister<DeviceClass>,
  claims: Lister<ResourceClaim>,
): ExtendedResources | undefined {
  const wanted = new Map<string, DeviceClass | undefined>()
  for (const [name, amount] of requests.scalar)
    if (amount > 0 && mayBeDevices(name)) wanted.set(name, classOfResource(classes, name))
  if (![...wanted.values()].some(Boolean)) return undefined
  const leftOver = claims
    .by(byControllerUid, pod.metadata.uid)
    .find(({ metadata }) => metadata.annotations?.[EXTENDED_CLAIM_ANNOTATION] === 'true')
  return { wanted, leftOver }
}

/** @returns which of them are devices on this node, or that one is not to be had there at all */
export function devicesOn(
  { wanted }: ExtendedResources,
  { allocatable }: NodeInfo,
): Map<string, DeviceClass> | 'unfit' {
  const devices = new Map<string, DeviceClass>()
  for (const [name, deviceClass] of wanted) {
    const has = allocatable.scalar.get(name)
    if (deviceClass && !has) devices.set(name, deviceClass)
    else if (has === undefined) return 'unfit'
  }
  return devices
}

export const draftOf = (pod: Pod, requests: readonly DeviceRequest[]): Draft<ResourceClaim> => ({
  metadata: {
    namespace: pod.metadata.namespace,
    generateName: `${pod.metadata.name}-extended-resources-`,
    ownerReferences: [{ ...ownerRef(Pod, pod), controller: true }],
    annotations: { [EXTENDED_CLAIM_ANNOTATION]: 'true' },
  },
  spec: { devices: { requests: [...requests] } },
})

export interface Requests {
  readonly requests: readonly DeviceRequest[]
  /** Which container gets which of its resources by which request. */
  readonly mappings: readonly ContainerExtendedResourceRequest[]
}

/**
 * A request for each container and resource. An init container that ends before others start is given theirs, and what
 * it wants beyond: of several such, what the one that wants most does.
 */
export function requestsOf({ spec }: Pod, devices: ReadonlyMap<string, DeviceClass>): Requests {
  const init = spec.initContainers ?? []
  const containers = [...init, ...spec.containers]
  const isBrief = (at: number) => at < init.length && containers[at]?.restartPolicy !== 'Always'
  const requests: DeviceRequest[] = []
  const mappings: ContainerExtendedResourceRequest[] = []
  for (const [resource, { metadata }] of [...devices].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const ask = (at: number, container: Container, count: number) =>
      ({
        name: `container-${at}-request-${Object.keys(container.resources?.requests ?? {})
          .sort()
          .indexOf(resource)}`,
        exactly: { deviceClassName: metadata.name, allocationMode: 'ExactCount', count },
      }) satisfies DeviceRequest
    const lasting = containers.map((container, at) => {
      const amount = isBrief(at) ? 0 : amountOf(container, resource)
      return amount > 0 ? ask(at, container, amount) : undefined
    })
    const map = (container: Container, { name }: DeviceRequest) =>
      mappings.push({ containerName: container.name, resourceName: resource, requestName: name })
    for (const [at, container] of containers.entries()) if (lasting[at]) map(container, lasting[at])
    const brief: { container: Container; own: ReturnType<typeof ask> | undefined; lent: DeviceRequest[] }[] = []
    for (const [at, container] of containers.entries()) {
      let missing = isBrief(at) ? amountOf(container, resource) : 0
      if (missing === 0) continue
      const lent: DeviceRequest[] = []
      for (const request of lasting.slice(at)) {
        if (!request || missing <= 0) continue
        lent.push(request)
        missing -= request.exactly.count
      }
      brief.push({ container, lent, own: missing > 0 ? ask(at, container, missing) : undefined })
    }
    const most = brief.reduce<ReturnType<typeof ask> | undefined>(
      (best, { own }) => (own && own.exactly.count > (best?.exactly.count ?? 0) ? own : best),
      undefined,
    )
    for (const { container, lent, own } of brief)
      for (const request of own && most ? [...lent, most] : lent) map(container, request)
    requests.push(...[most, ...lasting].filter(request => request !== undefined))
  }
  return { requests: requests.sort((a, b) => (a.name < b.name ? -1 : 1)), mappings }
}

function amountOf({ resources }: Container, resource: string): number {
  const amount = resources?.requests?.[resource]
  return amount === undefined ? 0 : parseQuantity(amount).value()
}
