// What the EndpointSlices of hand-written Endpoints look like.
import { type EndpointAddress, Endpoints } from '../../../shared/api/core/v1.ts'
import type { Endpoint, EndpointPort, EndpointSlice } from '../../../shared/api/discovery/v1.ts'
import type { Draft } from '../../../shared/machinery/object.ts'
import { controllerRef } from '../../../shared/machinery/owner.ts'
import type { IPFamily } from '../../../shared/machinery/ip-address.ts'
import { type PortGroup, portsKey } from '../endpointslice/endpoints.ts'
import { MANAGED_BY, SERVICE_NAME } from '../endpointslice/slice.ts'
import { TRIGGER_TIME } from '../support/trigger-times.ts'

export const MIRROR_MANAGER = 'endpointslicemirroring-controller.k8s.io'
/** More of one subset are left out. */
const MAX_PER_SUBSET = 1_000
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

export const mirrorLabels = ({ metadata }: Endpoints): Record<string, string> => ({
  ...metadata.labels,
  [SERVICE_NAME]: metadata.name,
  [MANAGED_BY]: MIRROR_MANAGER,
})

export function mirrorAnnotations({ metadata }: Endpoints): Record<string, string> {
  const { [LAST_APPLIED]: _applied, [TRIGGER_TIME]: _time, ...annotations } = metadata.annotations ?? {}
  return annotations
}

/** Subsets with the same ports are one group. */
export function mirrorGroups({ subsets = [] }: Endpoints, addressType: IPFamily): PortGroup[] {
  const groups = new Map<string, { ports: EndpointPort[]; endpoints: Map<string, Endpoint> }>()
  for (const { addresses = [], notReadyAddresses = [], ports: given = [] } of subsets) {
    const ports = given.map(({ name = '', port, protocol = 'TCP', appProtocol }) => ({
      ...(appProtocol ? { appProtocol } : {}),
      name,
      port,
      protocol,
    }))
    const key = portsKey(ports)
    const group = groups.get(key) ?? { ports, endpoints: new Map<string, Endpoint>() }
    const all = [
      ...addresses.map(address => [address, true] as const),
      ...notReadyAddresses.map(address => [address, false] as const),
    ]
    for (const [address, ready] of all.slice(0, MAX_PER_SUBSET)) {
      if (address.ip.includes(':') !== (addressType === 'IPv6') || group.endpoints.has(address.ip)) continue
      group.endpoints.set(address.ip, endpointOf(address, ready))
    }
    if (group.endpoints.size > 0) groups.set(key, group)
  }
  return [...groups.values()].map(({ ports, endpoints }) => ({ ports, endpoints: [...endpoints.values()] }))
}

const endpointOf = ({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint => ({
  addresses: [ip],
  conditions: { ready },
  ...(hostname ? { hostname } : {}),
  ...(nodeName ? { nodeName } : {}),
  ...(targetRef ? { targetRef } : {}),
})

export const mirrorSlice = (
  endpoints: Endpoints,
  addressType: IPFamily,
  ports: readonly EndpointPort[],
  items: readonly Endpoint[],
): Draft<EndpointSlice> => ({
  metadata: {
    namespace: endpoints.metadata.namespace,
    generateName: `${endpoints.metadata.name}-`,
    labels: mirrorLabels(endpoints),
    annotations: mirrorAnnotations(endpoints),
    ownerReferences: [controllerRef(Endpoints, endpoints)],
  },
  addressType,
  ports: [...ports],
  endpoints: [...items],
})
