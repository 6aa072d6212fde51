// Routes to the pods of other nodes: through the node itself where it is on a subnet of ours (host-gw), through a
// VXLAN tunnel otherwise. In a cluster that wants them encrypted, `wireguard/encrypted-routes.ts` has this place.
import type { Node, NodeSpec } from '../../shared/api/core/v1.ts'
import type { Run } from './exec.ts'
import { addressesIn, IPV4, IPV6 } from './family.ts'
import { type Address, ipBatch, ipBatchForce, listAddresses, listLinks, listRoutes, type Route } from './ip.ts'
import { cidrContains, parseRange } from '../../shared/machinery/cidr.ts'
import { formatIP } from '../../shared/machinery/ip-address.ts'
import {
  type Cidr,
  contains,
  formatCidr,
  formatIPv4,
  parseCidr,
  parseIPv4,
  requireCidr,
  sizeOf,
} from '../../shared/machinery/ipv4.ts'
import { VXLAN_LINK, VXLAN_PORT, WIREGUARD_LINK } from '../../shared/machinery/node-network.ts'
import { ROUTE_PROTOCOL, VXLAN_ID, vxlanAddress, vxlanGateway6 } from './names.ts'
import { parseIdentity, WIREGUARD_ANNOTATION, type WireguardIdentity } from './wireguard/identity.ts'

export interface Peer {
  readonly nodeName: string
  readonly nodeIP: string
  readonly podCIDR: string
  /** Undefined = its pods have IPv4 only. */
  readonly ipv6?: { readonly podCIDR: string; readonly nodeIP: string | undefined }
  /** When its Node object was made, in RFC 3339. */
  readonly since?: string | undefined
  /** Undefined = it takes no encrypted packets, or has not told how. */
  readonly wireguard?: WireguardIdentity
}

export interface PeerPlan {
  readonly direct: readonly Peer[]
  readonly tunnelled: readonly Peer[]
}

export interface AppliedPlan extends PeerPlan {
  /** Addresses of the nodes whose pods' IPv6 goes there directly. */
  readonly direct6: readonly string[]
  /** Nodes that packets of the tunnel go to, whatever is in them. */
  readonly throughTunnel: readonly Peer[]
}

export interface AppliedRoutes {
  /** How pods' packets travel. */
  readonly plan: AppliedPlan
  /** How they would if nothing were relayed. */
  readonly usual: PeerPlan
}

export interface NodeRoutes {
  /**
   * Makes the host's routes those of these peers. Routes of other programs are left alone.
   * @param relayed names of nodes that a direct route does not reach: the tunnel's packets are led there another way
   */
  apply(peers: readonly Peer[], relayed: ReadonlySet<string>): Promise<AppliedRoutes>
}

export const NO_PEERS: AppliedPlan = { direct: [], tunnelled: [], direct6: [], throughTunnel: [] }

/** @returns the last address of a node's range, which no pod gets: by it others ask whether their packets get there */
export function probeAddressOf(podCIDR: string): string {
  const cidr = requireCidr(podCIDR)
  return formatIPv4(cidr.base + sizeOf(cidr) - 1)
}

/** @returns how other nodes reach a node's pods; undefined until its address and range are known. */
export function peerOf({ metadata, spec, status }: Node): Peer | undefined {
  const nodeIPs = (status.addresses ?? []).flatMap(({ type, address }) => (type === 'InternalIP' ? [address] : []))
  const [nodeIP] = addressesIn(IPV4, nodeIPs)
  const podCIDR = [spec.podCIDR, ...(spec.podCIDRs ?? [])].find(cidr => cidr && parseCidr(cidr))
  const cidr = podCIDR === undefined ? undefined : parseCidr(podCIDR)
  if (!nodeIP || !cidr) return undefined
  const wireguard = parseIdentity(metadata.annotations?.[WIREGUARD_ANNOTATION])
  const { name: nodeName, creationTimestamp: since } = metadata
  const peer = { nodeName, nodeIP, podCIDR: formatCidr(cidr), since, ...(wireguard && { wireguard }) }
  const podCIDR6 = podCIDR6Of(spec)
  return podCIDR6 === undefined ? peer : { ...peer, ipv6: { podCIDR: podCIDR6, nodeIP: addressesIn(IPV6, nodeIPs)[0] } }
}

/** @returns the node's IPv6 range, as routes show it */
export function podCIDR6Of({ podCIDRs = [] }: NodeSpec): string | undefined {
  for (const text of podCIDRs) {
    const range = parseRange(text)
    if (range?.family === 'IPv6') return `${formatIP({ family: 'IPv6', value: range.first })}/${range.bits}`
  }
  return undefined
}

/** @param nodeIP own address: only the subnet that it is in counts, so that both ends come to the same answer. */
export function planPeers(peers: readonly Peer[], nodeIP: string, addresses: readonly Address[]): PeerPlan {
  const subnet = subnetOf(nodeIP, addresses)
  const isDirect = (peer: Peer) => subnet !== undefined && contains(subnet, parseIPv4(peer.nodeIP) ?? 0)
  return { direct: peers.filter(isDirect), tunnelled: peers.filter(peer => !isDirect(peer)) }
}

function subnetOf(nodeIP: string, addresses: readonly Address[]): Cidr | undefined {
  for (const { addr_info } of addresses)
    for (const { local, prefixlen } of addr_info)
      if (local === nodeIP && prefixlen !== undefined && prefixlen < 32) return parseCidr(`${local}/${prefixlen}`)
  return undefined
}

export interface PlainRoutesOptions {
  readonly run: Run
  readonly nodeIP: string
  /** The node's address in the pod network. */
  readonly hostIP: string
  /** The node's own, where its pods have IPv6: in the pod network, and where other nodes reach it, if it has one. */
  readonly ipv6?: { readonly hostIP: string; readonly nodeIP: string | undefined } | undefined
  /** @returns whether nodes are left to other programs that have routes to their pods already */
  readonly yields: () => boolean
}

export class PlainRoutes implements NodeRoutes {
  readonly #options: PlainRoutesOptions
  #last = ''

  constructor(options: PlainRoutesOptions) {
    this.#options = options
  }

  async apply(peers: readonly Peer[], relayed: ReadonlySet<string>): Promise<AppliedRoutes> {
    const { run, nodeIP, hostIP, ipv6, yields } = this.#options
    const [addresses, all4, links, addresses6, all6] = await Promise.all([
      listAddresses(run),
      listRoutes(run),
      listLinks(run),
      ipv6 ? listAddresses(run, IPV6) : [],
      ipv6 ? listRoutes(run, [], IPV6) : [],
    ])
    const all = [...all4, ...all6]
    const routes = all.filter(({ protocol }) => protocol === ROUTE_PROTOCOL)
    const others = new Set(yields() ? all.filter(route => !routes.includes(route)).map(({ dst }) => dst) : [])
    const usual = planPeers(
      peers.filter(({ podCIDR }) => !others.has(podCIDR)),
      nodeIP,
      addresses,
    )
    const direct = usual.direct.filter(peer => !relayed.has(peer.nodeName))
    const gateways6 = new Map(ipv6 ? direct.flatMap(peer => direct6(peer, ipv6.nodeIP, addresses6, all6)) : [])
    const plan = {
      direct,
      tunnelled: [...usual.tunnelled, ...usual.direct.filter(peer => relayed.has(peer.nodeName))],
      direct6: [...gateways6.values()],
    }
    const peers6 = ipv6 ? [...plan.direct, ...plan.tunnelled].filter(peer => peer.ipv6) : []
    const throughTunnel = [
      ...plan.tunnelled,
      ...plan.direct.filter(peer => peers6.includes(peer) && !gateways6.has(peer)),
    ]
    const applied = { plan: { ...plan, throughTunnel }, usual }
    const tunnel = links.find(link => link.ifname === VXLAN_LINK)
    // It goes by this node's address, which may have changed.
    const isOwn = tunnel?.address === vxlanAddress(parseIPv4(nodeIP) ?? 0)
    if (tunnel && !isOwn) await ipBatchForce(run, [`link delete ${VXLAN_LINK}`])
    const hasTunnel = tunnel !== undefined && isOwn
    const wanted = new Map<string, string>([
      ...usual.direct.map(peer => [probeAddressOf(peer.podCIDR), `via ${peer.nodeIP}`] as const),
      ...plan.direct.map(peer => [peer.podCIDR, `via ${peer.nodeIP}`] as const),
      ...plan.tunnelled.map(peer => [peer.podCIDR, `via ${tunnelGateway(peer)} dev ${VXLAN_LINK} onlink`] as const),
      ...peers6.map(peer => [peer.ipv6?.podCIDR ?? '', way6(peer, gateways6.get(peer))] as const),
    ])
    const present = new Set(routes.filter(route => route.gateway).map(route => `${route.dst} ${route.gateway ?? ''}`))
    // Of a node behind the tunnel the address stands in no route.
    const state = JSON.stringify([...wanted, ...throughTunnel.map(peer => peer.nodeIP)])
    const isShown = [...wanted].every(([dst, how]) => present.has(`${dst} ${how.split(' ')[1] ?? ''}`))
    const isTunnelRight = hasTunnel === throughTunnel.length > 0
    // From when the cluster still wanted its traffic encrypted.
    if (links.some(({ ifname }) => ifname === WIREGUARD_LINK))
      await ipBatchForce(run, [`link delete ${WIREGUARD_LINK}`])
    if (state === this.#last && isShown && isTunnelRight && present.size === wanted.size) return applied

    if (throughTunnel.length > 0) await this.#setUpTunnel(throughTunnel, hasTunnel, addresses)
    const sourceFor = (dst: string) => (dst.includes(':') ? ipv6?.hostIP : hostIP) ?? hostIP
    await ipBatch(
      run,
      [...wanted].map(([dst, how]) => `route replace ${dst} ${how} src ${sourceFor(dst)} proto ${ROUTE_PROTOCOL}`),
    )
    const stale = routes.filter(({ dst, gateway }) => gateway && !wanted.has(dst))
    await ipBatchForce(
      run,
      stale.map(({ dst }) => `route delete ${dst} proto ${ROUTE_PROTOCOL}`),
    )
    if (throughTunnel.length === 0 && hasTunnel) await ipBatchForce(run, [`link delete ${VXLAN_LINK}`])
    this.#last = state
    return applied
  }

  async #setUpTunnel(peers: readonly Peer[], exists: boolean, addresses: readonly Address[]): Promise<void> {
    const { run, nodeIP, ipv6 } = this.#options
    const own = parseIPv4(nodeIP) ?? 0
    if (!exists) {
      const underlay = addresses.find(({ addr_info }) => addr_info.some(({ local }) => local === nodeIP))?.ifname
      const dev = underlay === undefined || underlay === 'lo' ? '' : `dev ${underlay}`
      await ipBatch(run, [
        `link add ${VXLAN_LINK} address ${vxlanAddress(own)} type vxlan id ${VXLAN_ID} local ${nodeIP} ${dev} dstport ${VXLAN_PORT} nolearning`,
        `link set ${VXLAN_LINK} addrgenmode none`,
        `link set ${VXLAN_LINK} up`,
      ])
    }
    await ipBatch(
      run,
      peers.flatMap(peer =>
        [tunnelGateway(peer), ...(ipv6 && peer.ipv6 ? [tunnelGateway6(peer)] : [])].map(
          gateway => `neighbour replace ${gateway} lladdr ${macOf(peer)} dev ${VXLAN_LINK} nud permanent`,
        ),
      ),
    )
    const entries = peers.map(peer => `fdb replace ${macOf(peer)} dev ${VXLAN_LINK} dst ${peer.nodeIP} self permanent`)
    await run(['bridge', '-batch', '-'], { input: `${entries.join('\n')}\n` })
  }
}

const tunnelGateway = ({ podCIDR }: Peer): string => podCIDR.split('/')[0] ?? podCIDR
const tunnelGateway6 = ({ nodeIP }: Peer): string => vxlanGateway6(parseIPv4(nodeIP) ?? 0)

/**
 * @returns the peer with the address that its pods' IPv6 goes to, where it is on a subnet of the node's own address that
 * is reached without a router: networks may give addresses of a prefix that is not on the link (RFC 4861, 4.6.2)
 */
function direct6(
  peer: Peer,
  nodeIP: string | undefined,
  addresses: readonly Address[],
  routes: readonly Route[],
): [Peer, string][] {
  const theirs = peer.ipv6?.nodeIP
  if (theirs === undefined) return []
  const link = addresses.find(({ addr_info }) =>
    addr_info.some(
      ({ local, prefixlen = 128 }) =>
        local === nodeIP && prefixlen < 128 && cidrContains(`${local ?? ''}/${prefixlen}`, theirs),
    ),
  )?.ifname
  if (link === undefined) return []
  const isOnLink = routes.some(({ dst, dev, gateway }) => dev === link && !gateway && cidrContains(dst, theirs))
  return isOnLink ? [[peer, theirs]] : []
}

const way6 = (peer: Peer, gateway: string | undefined): string =>
  gateway === undefined ? `via ${tunnelGateway6(peer)} dev ${VXLAN_LINK}` : `via ${gateway}`
const macOf = ({ nodeIP }: Peer): string => vxlanAddress(parseIPv4(nodeIP) ?? 0)

export async function removeNodeRoutes(run: Run): Promise<void> {
  await ipBatchForce(run, [`link delete ${VXLAN_LINK}`, `link delete ${WIREGUARD_LINK}`])
  for (const family of [IPV4, IPV6]) await ipBatchForce(run, [`route flush proto ${ROUTE_PROTOCOL}`], family)
}
