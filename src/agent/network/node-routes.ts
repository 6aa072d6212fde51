// Routes to the pods of other nodes: through the node itself where it is on a subnet of ours (host-gw), through a
// VXLAN tunnel otherwise.
import type { Node } from '../../shared/api/core/v1.ts'
import type { Run } from './exec.ts'
import { type Address, ipBatch, ipBatchForce, listAddresses, listLinks, listRoutes } from './ip.ts'
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
import { ROUTE_PROTOCOL, VXLAN_ID, VXLAN_LINK, VXLAN_PORT, vxlanAddress } from './names.ts'

export interface Peer {
  readonly nodeName: string
  readonly nodeIP: string
  readonly podCIDR: string
}

export interface PeerPlan {
  readonly direct: readonly Peer[]
  readonly tunnelled: readonly Peer[]
}

/** @returns the last address of a node's range, which no pod gets: by it others ask whether their packets get there */
export function probeAddressOf(podCIDR: string): string {
  const cidr = requireCidr(podCIDR)
  return formatIPv4(cidr.base + sizeOf(cidr) - 1)
}

/** @returns how other nodes reach a node's pods; undefined until its address and range are known. */
export function peerOf({ metadata, spec, status }: Node): Peer | undefined {
  const nodeIP = status.addresses?.find(
    ({ type, address }) => type === 'InternalIP' && parseIPv4(address) !== undefined,
  )
  const podCIDR = [spec.podCIDR, ...(spec.podCIDRs ?? [])].find(cidr => cidr && parseCidr(cidr))
  const cidr = podCIDR === undefined ? undefined : parseCidr(podCIDR)
  return nodeIP && cidr ? { nodeName: metadata.name, nodeIP: nodeIP.address, podCIDR: formatCidr(cidr) } : undefined
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

export interface NodeRoutesOptions {
  readonly run: Run
  readonly nodeIP: string
  /** The node's address in the pod network. */
  readonly hostIP: string
  /** @returns whether nodes are left to other programs that have routes to their pods already */
  readonly yields: () => boolean
}

export class NodeRoutes {
  readonly #options: NodeRoutesOptions
  #last = ''

  constructor(options: NodeRoutesOptions) {
    this.#options = options
  }

  /**
   * Makes the host's routes those of these peers. Routes of other programs are left alone.
   * @param relayed names of nodes that a direct route does not reach: the tunnel's packets are led there another way
   * @returns how pods' packets travel, and how they would if nothing were relayed
   */
  async apply(peers: readonly Peer[], relayed: ReadonlySet<string>): Promise<{ plan: PeerPlan; usual: PeerPlan }> {
    const { run, nodeIP, hostIP, yields } = this.#options
    const [addresses, all, links] = await Promise.all([listAddresses(run), listRoutes(run), listLinks(run)])
    const routes = all.filter(({ protocol }) => protocol === ROUTE_PROTOCOL)
    const others = new Set(yields() ? all.filter(route => !routes.includes(route)).map(({ dst }) => dst) : [])
    const usual = planPeers(
      peers.filter(({ podCIDR }) => !others.has(podCIDR)),
      nodeIP,
      addresses,
    )
    const plan: PeerPlan = {
      direct: usual.direct.filter(peer => !relayed.has(peer.nodeName)),
      tunnelled: [...usual.tunnelled, ...usual.direct.filter(peer => relayed.has(peer.nodeName))],
    }
    const hasTunnel = links.some(link => link.ifname === VXLAN_LINK)
    const wanted = new Map<string, string>([
      ...usual.direct.map(peer => [probeAddressOf(peer.podCIDR), `via ${peer.nodeIP}`] as const),
      ...plan.direct.map(peer => [peer.podCIDR, `via ${peer.nodeIP}`] as const),
      ...plan.tunnelled.map(peer => [peer.podCIDR, `via ${tunnelGateway(peer)} dev ${VXLAN_LINK} onlink`] as const),
    ])
    const present = new Set(routes.filter(route => route.gateway).map(route => `${route.dst} ${route.gateway ?? ''}`))
    const state = JSON.stringify([...wanted])
    const isShown = [...wanted].every(([dst, how]) => present.has(`${dst} ${how.split(' ')[1] ?? ''}`))
    const isTunnelRight = hasTunnel === plan.tunnelled.length > 0
    if (state === this.#last && isShown && isTunnelRight && present.size === wanted.size) return { plan, usual }

    if (plan.tunnelled.length > 0) await this.#setUpTunnel(plan.tunnelled, hasTunnel, addresses)
    await ipBatch(
      run,
      [...wanted].map(([dst, how]) => `route replace ${dst} ${how} src ${hostIP} proto ${ROUTE_PROTOCOL}`),
    )
    const stale = routes.filter(({ dst, gateway }) => gateway && !wanted.has(dst))
    await ipBatchForce(
      run,
      stale.map(({ dst }) => `route delete ${dst} proto ${ROUTE_PROTOCOL}`),
    )
    if (plan.tunnelled.length === 0 && hasTunnel) await ipBatchForce(run, [`link delete ${VXLAN_LINK}`])
    this.#last = state
    return { plan, usual }
  }

  async #setUpTunnel(peers: readonly Peer[], exists: boolean, addresses: readonly Address[]): Promise<void> {
    const { run, nodeIP } = this.#options
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
      peers.map(
        peer => `neighbour replace ${tunnelGateway(peer)} lladdr ${macOf(peer)} dev ${VXLAN_LINK} nud permanent`,
      ),
    )
    const entries = peers.map(peer => `fdb replace ${macOf(peer)} dev ${VXLAN_LINK} dst ${peer.nodeIP} self permanent`)
    await run(['bridge', '-batch', '-'], { input: `${entries.join('\n')}\n` })
  }
}

const tunnelGateway = ({ podCIDR }: Peer): string => podCIDR.split('/')[0] ?? podCIDR
const macOf = ({ nodeIP }: Peer): string => vxlanAddress(parseIPv4(nodeIP) ?? 0)

export const removeNodeRoutes = (run: Run): Promise<void> =>
  ipBatchForce(run, [`link delete ${VXLAN_LINK}`, `route flush proto ${ROUTE_PROTOCOL}`])
