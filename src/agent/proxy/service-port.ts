// What the proxy knows about one port of one Service: the Service and its EndpointSlices, reduced to what rules need.
import type { Service, ServicePort as PortSpec } from '../../shared/api/core/v1.ts'
import type { EndpointSlice } from '../../shared/api/discovery/v1.ts'
import { keyOf } from '../../shared/client/object-key.ts'
import { parseRange } from '../../shared/machinery/cidr.ts'
import { addressesIn, type Family } from '../network/family.ts'

export type Protocol = 'tcp' | 'udp' | 'sctp'

export interface ServiceEndpoint {
  readonly ip: string
  readonly port: number
  /** Runs on this node. */
  readonly local: boolean
  readonly ready: boolean
  readonly serving: boolean
  readonly terminating: boolean
  /** Zones and nodes that should use it; undefined = no hint. */
  readonly forZones?: readonly string[]
  readonly forNodes?: readonly string[]
}

export interface ServicePort {
  /** `namespace/name` */
  readonly service: string
  /** `namespace/name/protocol/port name`, safe to appear in a ruleset. */
  readonly id: string
  readonly protocol: Protocol
  readonly port: number
  readonly clusterIPs: readonly string[]
  readonly externalIPs: readonly string[]
  readonly loadBalancerIPs: readonly string[]
  /** Empty = everyone. */
  readonly sourceRanges: readonly string[]
  readonly nodePort: number | undefined
  readonly internalLocal: boolean
  readonly externalLocal: boolean
  /** Seconds that a client stays with its endpoint; undefined = no affinity. */
  readonly affinitySeconds: number | undefined
  readonly endpoints: readonly ServiceEndpoint[]
}

export interface ServicePortContext {
  /** Of its addresses, those of this family are served. */
  readonly family: Family
  readonly nodeName: string
  /** Service addresses that the node answers by itself: DNS and the API server's. */
  readonly ownAddresses: ReadonlySet<string>
}

const DEFAULT_AFFINITY_SECONDS = 10_800
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name'
const PROXY_NAME_LABEL = 'service.kubernetes.io/service-proxy-name'
const HEADLESS_LABEL = 'service.kubernetes.io/headless'

/** Services as well as EndpointSlices may be left to another proxy, or to none. */
const isForThisProxy = ({ metadata: { labels = {} } }: Service | EndpointSlice): boolean =>
  !(PROXY_NAME_LABEL in labels) && !(HEADLESS_LABEL in labels)

/** @returns the ports of a Service that this proxy serves; none for headless, external and foreign ones. */
export function servicePortsOf(
  service: Service,
  slices: readonly EndpointSlice[],
  context: ServicePortContext,
): ServicePort[] {
  const { spec, metadata } = service
  const { family, nodeName } = context
  if (spec.type === 'ExternalName' || !isForThisProxy(service)) return []
  const clusterIPs = addressesIn(family, spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : []))
  if (clusterIPs.length === 0 || clusterIPs.some(ip => context.ownAddresses.has(ip))) return []
  const key = keyOf(metadata)
  const sourceRanges = (spec.loadBalancerSourceRanges ?? [])
    .map(range => range.trim())
    .filter(range => parseRange(range)?.family === family.name)
  const isExternal = spec.type === 'NodePort' || spec.type === 'LoadBalancer'
  return (spec.ports ?? []).flatMap(port => {
    const protocol = protocolOf(port.protocol)
    if (!protocol) return []
    return {
      service: key,
      id: [metadata.namespace, metadata.name, protocol, port.name ?? ''].map(identifier).join('/'),
      protocol,
      port: port.port,
      clusterIPs,
      externalIPs: addressesIn(family, spec.externalIPs ?? []),
      loadBalancerIPs: spec.type === 'LoadBalancer' ? addressesIn(family, loadBalancerIPs(service)) : [],
      sourceRanges: spec.type === 'LoadBalancer' ? sourceRanges : [],
      nodePort: isExternal && port.nodePort ? port.nodePort : undefined,
      internalLocal: spec.internalTrafficPolicy === 'Local',
      externalLocal: spec.externalTrafficPolicy === 'Local',
      affinitySeconds:
        spec.sessionAffinity === 'ClientIP'
          ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY_SECONDS)
          : undefined,
      endpoints: endpointsOf(port, slices.filter(isForThisProxy), nodeName, family),
    }
  })
}

const loadBalancerIPs = ({ status }: Service): string[] =>
  (status.loadBalancer?.ingress ?? []).flatMap(({ ip, ipMode = 'VIP' }) => (ip && ipMode === 'VIP' ? [ip] : []))

/** Addresses that appear in several slices while an endpoint moves between them count once, the ready one first. */
export function endpointsOf(
  { name = '', protocol = 'TCP' }: PortSpec,
  slices: readonly EndpointSlice[],
  nodeName: string,
  family: Family,
) {
  const found = new Map<string, ServiceEndpoint>()
  for (const slice of slices) {
    if (slice.addressType !== family.name) continue
    const port = slice.ports?.find(p => (p.name ?? '') === name && (p.protocol ?? 'TCP') === protocol)?.port
    if (!port) continue
    for (const { addresses, conditions = {}, nodeName: endpointNode, hints } of slice.endpoints ?? []) {
      const [ip] = addressesIn(family, addresses.slice(0, 1))
      if (!ip) continue
      const ready = conditions.ready ?? true
      const before = found.get(`${ip}:${port}`)
      if (before?.ready) continue
      found.set(`${ip}:${port}`, {
        ip,
        port,
        local: endpointNode === nodeName,
        ready,
        serving: conditions.serving ?? ready,
        terminating: conditions.terminating ?? false,
        ...(hints?.forZones && { forZones: hints.forZones.map(zone => zone.name) }),
        ...(hints?.forNodes && { forNodes: hints.forNodes.map(node => node.name) }),
      })
    }
  }
  // In a fixed order, so that an unchanged set of endpoints gives unchanged rules.
  return [...found.values()].sort((a, b) => (a.ip === b.ip ? a.port - b.port : a.ip < b.ip ? -1 : 1))
}

function protocolOf(protocol = 'TCP'): Protocol | undefined {
  const lower = protocol.toLowerCase()
  return lower === 'tcp' || lower === 'udp' || lower === 'sctp' ? lower : undefined
}

/** DNS labels pass unchanged; whatever else may come cannot end the identifier that it becomes part of. */
const identifier = (text: string): string => text.replace(/[^A-Za-z0-9-]/g, '-').slice(0, 63)
