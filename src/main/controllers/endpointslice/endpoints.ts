// Turns the pods of a Service into endpoints, grouped by the ports that they share.
import type { Node, Pod, Service } from '../../../shared/api/core/v1.ts'
import type { Endpoint, EndpointPort } from '../../../shared/api/discovery/v1.ts'
import type { IPFamily } from '../../../shared/machinery/ip-address.ts'
import { isPodReady } from '../support/pod-state.ts'
import { hostnameOf, ipOf, isEndpoint, targetPortOf, zoneOf } from '../support/service-pods.ts'
import { wantsTopology } from './topology.ts'

/** A pod may miss a named port: then it is in a group, and a slice, of its own. */
export interface PortGroup {
  readonly ports: readonly EndpointPort[]
  readonly endpoints: readonly Endpoint[]
}

/** The node that a pod is on, as far as it is there. */
export type NodeOf = (pod: Pod) => Node | undefined

/** Nobody reaches a pod whose node is not there, unless the Service shows all of them. */
export const isLost = (service: Service, pod: Pod, nodeOf: NodeOf): boolean =>
  Boolean(pod.spec.nodeName) && !service.spec.publishNotReadyAddresses && !nodeOf(pod)

export function groupEndpoints(
  service: Service,
  pods: readonly Pod[],
  addressType: IPFamily,
  nodeOf: NodeOf,
  /** Topology aware routing: the zone that a pod's endpoint serves, by the pod's uid. */
  zones?: ReadonlyMap<string, string>,
): PortGroup[] {
  const groups = new Map<string, { ports: EndpointPort[]; endpoints: Endpoint[] }>()
  for (const pod of pods) {
    if (!isEndpoint(pod, true) || isLost(service, pod, nodeOf)) continue
    const address = ipOf(pod, addressType)
    if (!address) continue
    const ports = portsOf(pod, service)
    const endpoint = endpointOf(service, pod, address, zoneOf(nodeOf(pod)), zones)
    const key = portsKey(ports)
    const group = groups.get(key)
    if (group) group.endpoints.push(endpoint)
    else groups.set(key, { ports, endpoints: [endpoint] })
  }
  return [...groups.values()]
}

/** Equal for slices that may hold the same endpoints. */
export const portsKey = (ports: readonly EndpointPort[] | undefined): string =>
  JSON.stringify(
    (ports ?? [])
      .map(({ name = '', protocol = 'TCP', port, appProtocol }) => [name, protocol, port, appProtocol])
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
  )

/** What an endpoint is recognised by from one version of a slice to the next. */
export const endpointKey = ({ targetRef, addresses }: Endpoint): string =>
  targetRef?.uid ? `${targetRef.uid} ${addresses.join(',')}` : addresses.join(',')

function endpointOf(
  service: Service,
  pod: Pod,
  address: string,
  zone: string | undefined,
  zones: ReadonlyMap<string, string> | undefined,
): Endpoint {
  const { namespace, name, uid, deletionTimestamp } = pod.metadata
  const serving = isPodReady(pod)
  const terminating = deletionTimestamp !== undefined
  const { nodeName } = pod.spec
  const hostname = hostnameOf(pod, service)
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating)
  return {
    addresses: [address],
    conditions: { ready, serving, terminating },
    // Where zones were to be shared out and cannot be, nothing else steps in.
    ...(wantsTopology(service) ? zoneHint(zones?.get(uid)) : hints(service, ready, zone, nodeName)),
    ...(hostname ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(zone ? { zone } : {}),
  }
}

const zoneHint = (zone: string | undefined): Pick<Endpoint, 'hints'> =>
  zone === undefined ? {} : { hints: { forZones: [{ name: zone }] } }

/** @see https://kubernetes.io/docs/concepts/services-networking/service/#traffic-distribution */
function hints(
  service: Service,
  ready: boolean,
  zone: string | undefined,
  nodeName: string | undefined,
): Pick<Endpoint, 'hints'> {
  const forZones = zone ? { forZones: [{ name: zone }] } : {}
  const forNodes = nodeName ? { forNodes: [{ name: nodeName }] } : {}
  switch (ready ? service.spec.trafficDistribution : undefined) {
    case 'PreferClose':
    case 'PreferSameZone':
      return zone ? { hints: forZones } : {}
    case 'PreferSameNode':
      return zone || nodeName ? { hints: { ...forZones, ...forNodes } } : {}
    default:
      return {}
  }
}

function portsOf(pod: Pod, service: Service): EndpointPort[] {
  const ports: EndpointPort[] = []
  for (const servicePort of service.spec.ports ?? []) {
    const port = targetPortOf(pod, servicePort)
    if (port === undefined) continue
    const { name = '', protocol = 'TCP', appProtocol } = servicePort
    ports.push({ ...(appProtocol ? { appProtocol } : {}), name, port, protocol })
  }
  return ports
}
