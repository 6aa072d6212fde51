// Names and numbers that mark what on the host is ours. All of them are per network namespace.
import { createHash } from 'node:crypto'
import { POD_LINK_PREFIX } from '../../shared/machinery/node-network.ts'

/** The nftables table that holds every rule of the agent: one in family ip, and one in ip6 where pods have IPv6. */
export const TABLE = 'flotilla'
/** In family ip: counts packets of machines that may become nodes, while somebody asks. */
export const ARRIVALS_TABLE = 'ip flotilla-arrivals'
export const VXLAN_ID = 61703
/** On 127.0.0.1, UDP: where packets of the tunnel go that are relayed. */
export const RELAY_PORT = 8473
/** UDP: packets of the tunnel from this port are never relayed: they ask whether its own way is open. */
export const PROBE_SOURCE_PORT = 8474
/** UDP, on an address in the pod network: answers whether pods' packets get here. */
export const PROBE_PORT = 8475
/** rtnetlink protocol number of our routes, so that they can be told from everyone else's. */
export const ROUTE_PROTOCOL = '117'
/** Packet mark of traffic to be masqueraded; the bit that kube-proxy uses for the same purpose. */
export const MASQUERADE_MARK = '0x4000'
/** Next hop inside every pod; nobody owns it, a static neighbour entry answers for it. */
export const POD_GATEWAY = '169.254.1.1'
/** The same for IPv6: each pod link's host side has it. */
export const POD_GATEWAY_6 = 'fe80::1'
/** Hardware address of the host side of every pod link: a constant, so that pods need no ARP. */
export const HOST_LINK_ADDRESS = 'ee:ee:ee:ee:ee:ee'

/** @returns the host side's interface name of a pod: 15 characters, the longest Linux allows. */
export const podLinkName = (podUid: string): string =>
  POD_LINK_PREFIX + createHash('sha256').update(podUid).digest('hex').slice(0, 11)

/** @returns the tunnel's hardware address on the node that has this address, so that peers can derive it. */
export const vxlanAddress = (nodeIP: number): string => hardwareAddress('f1', nodeIP)

/** @returns the hardware address of a pod's own end, where it must be known beforehand */
export const podLinkAddress = (podIP: number): string => hardwareAddress('f2', podIP)

function hardwareAddress(kind: string, ip: number): string {
  const bytes = [ip >>> 24, (ip >>> 16) & 255, (ip >>> 8) & 255, ip & 255]
  return ['ee', kind, ...bytes.map(byte => byte.toString(16).padStart(2, '0'))].join(':')
}

/** @returns the next hop for the IPv6 of a node's pods through the tunnel; a static neighbour entry answers for it */
export const vxlanGateway6 = (nodeIP: number): string =>
  `fe80::f1:${(nodeIP >>> 16).toString(16)}:${(nodeIP & 0xffff).toString(16)}`
