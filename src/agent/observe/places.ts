// What an address is: a pod, a node, or something outside of the cluster.
import { type CidrRange, parseRange, rangeContains } from '../../shared/machinery/cidr.ts'
import type { ConnectionEndpoint } from '../../shared/machinery/connection-summary.ts'
import { formatIP, type IPAddressValue, parseIP } from '../../shared/machinery/ip-address.ts'
import type { PolicyPod } from '../../shared/machinery/network-policy/policy-pod.ts'
import type { ClusterView } from '../network/cluster-view.ts'
import { peerOf } from '../network/node-routes.ts'

export interface PlacesOptions {
  readonly view: ClusterView
  readonly nodeName: string
  /** One of each family that pods have. */
  readonly clusterCIDRs: readonly CidrRange[]
  readonly podCIDRs: readonly CidrRange[]
  /** @returns the pods whose names are known besides those behind Services */
  readonly pods: () => Iterable<PolicyPod>
  readonly localIPs: (podUid: string) => readonly string[]
}

/** A picture of one moment, taken for one summary. */
export class Places {
  readonly #options: PlacesOptions
  readonly #names = new Map<string, ConnectionEndpoint>()
  /** Service → its addresses; `address port` of each, and node ports as ` port`. */
  readonly #services = new Map<string, string>()

  constructor(options: PlacesOptions) {
    this.#options = options
    const { view, pods, localIPs } = options
    for (const { endpoints = [] } of view.slices.values())
      for (const { addresses, targetRef } of endpoints)
        if (targetRef?.kind === 'Pod')
          for (const ip of addresses) this.#name(ip, targetRef.namespace ?? '', targetRef.name ?? '')
    for (const { uid, ips, namespace, name } of pods()) {
      const local = localIPs(uid)
      for (const ip of local.length > 0 ? local : ips) this.#name(ip, namespace, name)
    }
    for (const node of view.nodes.values()) {
      const { name } = node.metadata
      const peer = peerOf(node)
      const own = [peer?.podCIDR, peer?.ipv6?.podCIDR].flatMap(cidr => cidr?.split('/')[0] ?? [])
      const addresses = (node.status.addresses ?? []).map(({ address }) => address)
      for (const ip of [...addresses, ...own]) this.#names.set(ip, { kind: 'node', ip, name })
    }
    for (const [key, { spec, status }] of view.services) {
      const ingress = (status.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? [])
      const ips = [...(spec.clusterIPs ?? [spec.clusterIP ?? '']), ...(spec.externalIPs ?? []), ...ingress]
      for (const { port, nodePort } of spec.ports ?? []) {
        for (const ip of ips) this.#services.set(`${ip} ${port}`, key)
        if (nodePort) this.#services.set(` ${nodePort}`, key)
      }
    }
  }

  endpoint(ip: string): ConnectionEndpoint {
    const known = this.#names.get(ip)
    if (known) return known
    const address = parseIP(ip)
    if (!address) return { kind: 'outside' }
    const { podCIDRs, clusterCIDRs, nodeName } = this.#options
    const isOwn = podCIDRs.some(({ family, first }) => formatIP({ family, value: first }) === ip)
    if (isOwn || isIn(LOOPBACK, address)) return { kind: 'node', ip, name: nodeName }
    return isIn(clusterCIDRs, address) ? { kind: 'pod', ip } : { kind: 'outside' }
  }

  /** Whether this node is the one to tell of a client's connections: it is here, or comes in from outside here. */
  isTold(ip: string): boolean {
    const { podCIDRs, clusterCIDRs, nodeName } = this.#options
    const { kind, name } = this.endpoint(ip)
    if (kind === 'node') return name === nodeName
    const address = parseIP(ip)
    return address !== undefined && (kind === 'outside' || isIn(podCIDRs, address) || !isIn(clusterCIDRs, address))
  }

  serviceOf(ip: string, port: number): string | undefined {
    return (
      this.#services.get(`${ip} ${port}`) ??
      (this.endpoint(ip).kind === 'node' ? this.#services.get(` ${port}`) : undefined)
    )
  }

  #name(ip: string, namespace: string, name: string): void {
    this.#names.set(ip, { kind: 'pod', ip, namespace, name })
  }
}

const LOOPBACK = ['127.0.0.0/8', '::1/128'].flatMap(range => parseRange(range) ?? [])

const isIn = (ranges: readonly CidrRange[], address: IPAddressValue): boolean =>
  ranges.some(range => rangeContains(range, address))
