// What `wg` is told of this node and its peers.
import type { Peer } from '../node-routes.ts'
import type { WireguardIdentity } from './identity.ts'

export interface EncryptedPeer extends Peer {
  readonly wireguard: WireguardIdentity
}

/** Keeps the way open through firewalls that forget a flow: as WireGuard's documentation advises. */
const KEEPALIVE_SECONDS = 25

/** @returns the ranges of the peer's pods, which is all that may come from it */
export const rangesOfPeer = ({ podCIDR, ipv6 }: Peer, hasIPv6: boolean): string[] =>
  ipv6 && hasIPv6 ? [podCIDR, ipv6.podCIDR] : [podCIDR]

/** How WireGuard names the other node's own end. */
export const endpointOf = ({ nodeIP, wireguard }: EncryptedPeer): string => `${nodeIP}:${wireguard.port}`

/**
 * In the order of the peers' names, so that the same peers are the same text.
 * @param endpoint where packets for a peer are sent to
 */
export function configuration(
  own: { readonly privateKey: string; readonly port: number },
  peers: readonly EncryptedPeer[],
  hasIPv6: boolean,
  endpoint: (peer: EncryptedPeer) => string = endpointOf,
): string {
  const sections = [...peers]
    .sort((a, b) => (a.nodeName < b.nodeName ? -1 : 1))
    .map(peer => [
      '[Peer]',
      `PublicKey = ${peer.wireguard.publicKey}`,
      `Endpoint = ${endpoint(peer)}`,
      `AllowedIPs = ${rangesOfPeer(peer, hasIPv6).join(', ')}`,
      `PersistentKeepalive = ${KEEPALIVE_SECONDS}`,
    ])
  return [['[Interface]', `PrivateKey = ${own.privateKey}`, `ListenPort = ${own.port}`], ...sections]
    .map(lines => `${lines.join('\n')}\n`)
    .join('\n')
}
