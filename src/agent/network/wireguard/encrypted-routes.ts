// Routes to the pods of other nodes through WireGuard, and through nothing else. A node that tells no key is not reached:
// what was asked to be encrypted does not go out in the clear.
import { WIREGUARD_LINK, WIREGUARD_PORT, VXLAN_LINK } from '../../../shared/machinery/node-network.ts'
import type { Run } from '../exec.ts'
import { IPV6 } from '../family.ts'
import { ipBatch, ipBatchForce, listLinks, listRoutes } from '../ip.ts'
import { ROUTE_PROTOCOL } from '../names.ts'
import { type AppliedRoutes, type NodeRoutes, NO_PEERS, type Peer } from '../node-routes.ts'
import { configuration, type EncryptedPeer, endpointOf, rangesOfPeer } from './configuration.ts'
import type { WireguardKey } from './key.ts'
import { createLink } from './link.ts'

export interface EncryptedRoutesOptions {
  readonly run: Run
  readonly key: WireguardKey
  /** The node's addresses in the pod network. */
  readonly hostIP: string
  readonly hostIPv6: string | undefined
  /** Of the node's own link. */
  readonly uplinkMtu: number
  /** @returns the port of this machine that stands for a relayed node; undefined while it has none */
  readonly relayPort: (nodeName: string) => number | undefined
}

/** An outer IPv6 header, UDP, and WireGuard's own. */
const OVERHEAD_BYTES = 80

const isEncrypted = (peer: Peer): peer is EncryptedPeer => peer.wireguard !== undefined

const older = (a: Peer, b: Peer): number =>
  (a.since ?? '').localeCompare(b.since ?? '') || a.nodeName.localeCompare(b.nodeName)

/**
 * Keys are public, and to `wg` one key is one peer, which has what is told of it last: a node that tells another's would
 * take its packets away. @returns the peers with keys that nobody had before them
 */
export function peersWithOwnKeys(peers: readonly Peer[], ownKey: string): EncryptedPeer[] {
  const taken = new Set([ownKey])
  return peers
    .filter(isEncrypted)
    .sort(older)
    .filter(({ wireguard: { publicKey } }) => !taken.has(publicKey) && taken.add(publicKey))
}

export class EncryptedRoutes implements NodeRoutes {
  readonly #options: EncryptedRoutesOptions
  #withoutKey: readonly string[] = []
  #peers: readonly EncryptedPeer[] = []

  constructor(options: EncryptedRoutesOptions) {
    this.#options = options
  }

  /** Names of nodes that told no key, or another's. */
  get withoutKey(): readonly string[] {
    return this.#withoutKey
  }

  /** Leads packets for a node another way, until routes are applied again. */
  async aim(nodeName: string, way: 'direct' | 'relay'): Promise<void> {
    const peer = this.#peers.find(each => each.nodeName === nodeName)
    if (!peer) return
    const endpoint = way === 'direct' ? endpointOf(peer) : this.#relayed(peer)
    await this.#options.run(['wg', 'set', WIREGUARD_LINK, 'peer', peer.wireguard.publicKey, 'endpoint', endpoint])
  }

  #relayed(peer: EncryptedPeer): string {
    const port = this.#options.relayPort(peer.nodeName)
    return port === undefined ? endpointOf(peer) : `127.0.0.1:${port}`
  }

  async apply(all: readonly Peer[], relayed: ReadonlySet<string>): Promise<AppliedRoutes> {
    const { run, key, hostIP, hostIPv6, uplinkMtu } = this.#options
    const hasIPv6 = hostIPv6 !== undefined
    const [links, ...routes] = await Promise.all([
      listLinks(run),
      listRoutes(run, ['proto', ROUTE_PROTOCOL]),
      hasIPv6 ? listRoutes(run, ['proto', ROUTE_PROTOCOL], IPV6) : [],
    ])
    const peers = peersWithOwnKeys(all, key.publicKey)
    this.#peers = peers
    const endpoint = (peer: EncryptedPeer) => (relayed.has(peer.nodeName) ? this.#relayed(peer) : endpointOf(peer))
    const wanted = new Set(peers.flatMap(peer => rangesOfPeer(peer, hasIPv6)))
    // First what would still go out in the clear, from before the cluster wanted this.
    const inTheClear = routes.flat().filter(({ gateway }) => gateway !== undefined)
    await ipBatchForce(run, inTheClear.map(({ dst }) => `route delete ${dst} proto ${ROUTE_PROTOCOL}`)) // prettier-ignore
    if (links.some(({ ifname }) => ifname === VXLAN_LINK)) await ipBatchForce(run, [`link delete ${VXLAN_LINK}`])

    if (!links.some(({ ifname }) => ifname === WIREGUARD_LINK)) await createLink(run)
    await ipBatch(run, [
      `link set ${WIREGUARD_LINK} addrgenmode none`,
      `link set ${WIREGUARD_LINK} mtu ${uplinkMtu - OVERHEAD_BYTES}`,
    ])
    // A file that programs can be told of by name; Node's pipes to a child are sockets, which cannot be opened again.
    const take = ['sh', '-c', `cat | wg syncconf ${WIREGUARD_LINK} /dev/stdin`] as const
    await run([...take], { input: configuration({ ...key, port: WIREGUARD_PORT }, peers, hasIPv6, endpoint) })
    const isOurs = (dev: string | undefined) => dev === WIREGUARD_LINK
    const stale = routes.flat().filter(({ dst, dev }) => isOurs(dev) && !wanted.has(dst))
    await ipBatchForce(run, stale.map(({ dst }) => `route delete ${dst} dev ${WIREGUARD_LINK}`)) // prettier-ignore
    const source = (dst: string) => (dst.includes(':') ? hostIPv6 : hostIP) ?? hostIP
    await ipBatch(run, [
      `link set ${WIREGUARD_LINK} up`,
      ...[...wanted].map(
        dst => `route replace ${dst} dev ${WIREGUARD_LINK} src ${source(dst)} proto ${ROUTE_PROTOCOL}`,
      ),
    ])
    this.#withoutKey = all.filter(peer => !peers.some(each => each === peer)).map(({ nodeName }) => nodeName)
    const usual = { ...NO_PEERS, direct: peers }
    return { plan: { ...NO_PEERS, throughTunnel: peers }, usual }
  }
}
