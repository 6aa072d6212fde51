// Groups the pods of a Service into subsets: addresses that share the same ports.
import type { EndpointAddress, EndpointPort, EndpointSubset, Pod, Service } from '../../../shared/api/core/v1.ts'
import { familiesOf, hostnameOf, ipOf, isEndpoint, targetPortOf } from '../support/service-pods.ts'
import { isPodReady } from '../support/pod-state.ts'

/** More do not fit into one object; EndpointSlices have them all. */
export const MAX_ADDRESSES = 1_000

interface Entry {
  readonly address: EndpointAddress
  readonly ready: boolean
  readonly ports: readonly EndpointPort[]
}

export function subsetsOf(service: Service, pods: readonly Pod[]): { subsets: EndpointSubset[]; truncated: boolean } {
  const [family] = familiesOf(service)
  const publishNotReady = service.spec.publishNotReadyAddresses === true
  const entries = pods
    .filter(pod => isEndpoint(pod, publishNotReady))
    .flatMap(pod => {
      const ip = ipOf(pod, family)
      return ip === undefined ? [] : [{ pod, ip }]
    })
    .map(({ pod, ip }) => ({
      address: addressOf(pod, ip, service),
      ready: publishNotReady || isPodReady(pod),
      ports: portsOf(pod, service),
    }))
    .filter(({ ports }) => ports.length > 0 || (service.spec.ports ?? []).length === 0)
  const kept = keepReadyFirst(entries)
  return { subsets: group(kept), truncated: kept.length < entries.length }
}

function keepReadyFirst(entries: readonly Entry[]): readonly Entry[] {
  if (entries.length <= MAX_ADDRESSES) return entries
  return [...entries].sort((a, b) => Number(b.ready) - Number(a.ready)).slice(0, MAX_ADDRESSES)
}

function group(entries: readonly Entry[]): EndpointSubset[] {
  const groups = new Map<string, Entry[]>()
  for (const entry of entries) {
    const key = JSON.stringify(entry.ports)
    const known = groups.get(key)
    if (known) known.push(entry)
    else groups.set(key, [entry])
  }
  const sorted = [...groups].sort(([a], [b]) => (a < b ? -1 : 1))
  return sorted.map(([, members]) => {
    members.sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
    const ready = members.filter(entry => entry.ready).map(entry => entry.address)
    const notReady = members.filter(entry => !entry.ready).map(entry => entry.address)
    const ports = members[0]?.ports ?? []
    return {
      ...(ready.length ? { addresses: ready } : {}),
      ...(notReady.length ? { notReadyAddresses: notReady } : {}),
      ...(ports.length ? { ports: [...ports] } : {}),
    }
  })
}

const sortKey = ({ address }: Entry): string => `${address.ip} ${address.targetRef?.uid ?? ''}`

function addressOf(pod: Pod, ip: string, service: Service): EndpointAddress {
  const { namespace, name, uid } = pod.metadata
  const hostname = hostnameOf(pod, service)
  return {
    ip,
    ...(hostname ? { hostname } : {}),
    ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: 'Pod', namespace, name, uid },
  }
}

function portsOf(pod: Pod, service: Service): EndpointPort[] {
  const ports: EndpointPort[] = []
  for (const servicePort of service.spec.ports ?? []) {
    const port = targetPortOf(pod, servicePort)
    if (port === undefined) continue
    const { name, protocol = 'TCP', appProtocol } = servicePort
    ports.push({ ...(name ? { name } : {}), port, protocol, ...(appProtocol ? { appProtocol } : {}) })
  }
  return ports.sort((a, b) => (`${a.name} ${a.port}` < `${b.name} ${b.port}` ? -1 : 1))
}
