// What a node's network puts on its host that others look for: before a host joins, and in its rules.

/** Holds the service addresses that the node itself answers (DNS, API server). */
export const SERVICE_LINK = 'flotilla0'
/** Tunnel to nodes on other subnets. */
export const VXLAN_LINK = 'flovx'
/** UDP; the port that Linux and flannel use by convention. */
export const VXLAN_PORT = 8472
/** Start of the host side's name of every pod link. */
export const POD_LINK_PREFIX = 'flo-'
