// What a node's network puts on its host that others look for: before a host joins, and in its rules.

/** Holds the service addresses that the node itself answers (DNS, API server). */
export const SERVICE_LINK = 'flotilla0'
/** Tunnel to nodes on other subnets. */
export const VXLAN_LINK = 'flovx'
/** UDP; the port that Linux and flannel use by convention. */
export const VXLAN_PORT = 8472
/** Encrypted tunnel to other nodes, where the cluster wants that. */
export const WIREGUARD_LINK = 'flotilla-wg'
/** UDP; beside the tunnel's, the relay's and the probes', and not WireGuard's usual one, which a VPN may have. */
export const WIREGUARD_PORT = 8476
/** TCP; of the kubelet's API, where a node says nothing else. */
export const KUBELET_PORT = 10_250
/** Start of the host side's name of every pod link. */
export const POD_LINK_PREFIX = 'flo-'

/**
 * How pods' packets travel between nodes: `auto` = by routes on one subnet, else through VXLAN; `wireguard` = encrypted,
 * or not at all.
 */
export const NETWORK_BACKENDS = ['auto', 'wireguard'] as const
export type NetworkBackend = (typeof NETWORK_BACKENDS)[number]
