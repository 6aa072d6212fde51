// The fixed part of a family's nftables table: hooks, shared maps, masquerading.
import type { Family } from '../network/family.ts'
import { POD_LINK_PREFIX, VXLAN_LINK, VXLAN_PORT, WIREGUARD_LINK } from '../../shared/machinery/node-network.ts'
import { MASQUERADE_MARK, PROBE_SOURCE_PORT, RELAY_PORT, TABLE } from '../network/names.ts'

export interface BaseRulesOptions {
  readonly family: Family
  /** Addresses of all pods; never masqueraded among each other. */
  readonly clusterCIDR: string
  /** Addresses of this node's pods. */
  readonly podCIDR: string
  /** Addresses of all Services: what of them nobody serves is refused. */
  readonly serviceCIDR: string
  /** The node's address in the pod network. */
  readonly hostIP: string
  /** Addresses besides the cluster's that know the way back to pods: nodes with a direct route. */
  readonly direct: readonly string[]
  /** The node's addresses of the family that answer for node ports; undefined = all that it has. */
  readonly nodePortAddresses?: readonly string[]
  /** Packets between pods of different nodes are dropped unless they are encrypted. */
  readonly isEncrypted?: boolean
}

const serviceKey = ({ ip }: Family): string => `${ip} daddr . meta l4proto . th dport`
/** Not a dnat: that would leave flows that exist as they are. Packets of the tunnel carry no checksum, and none then. */
const toRelay = `ip daddr set 127.0.0.1 udp dport set ${RELAY_PORT} udp checksum set 0 notrack`
/** The last part is a number below the number of endpoints: to nft the same for every modulus. */
const endpointKey = (family: Family, endpoints: number): string =>
  `${serviceKey(family)} . numgen random mod ${endpoints}`
const nodePortKey = 'meta l4proto . th dport'

const TUNNELS = `{ "${VXLAN_LINK}", "${WIREGUARD_LINK}" }`

/** Services with more endpoints have chains of their own. */
export const SHARED_BALANCERS = 16
/** @returns the chain that sends to one of so many endpoints of the address that the packet is for */
export const sharedBalancer = (endpoints: number): string => `balance-${endpoints}`

const sharedBalancers = (family: Family, clusterCIDR: string): string =>
  Array.from({ length: SHARED_BALANCERS }, (_, i) => i + 1)
    .map(
      endpoints => `  chain ${sharedBalancer(endpoints)} {
    ${family.ip} saddr != ${clusterCIDR} jump mark-masquerade
    dnat ${family.ip} addr . port to ${endpointKey(family, endpoints)} map @endpoints
  }`,
    )
    .join('\n')

/**
 * @returns a script that replaces the whole table, to be followed by the elements in the same transaction.
 *
 * NAT chains run just before the priorities that Docker and iptables use, so that a published container port cannot
 * take a Service's traffic. Refusals happen in filter chains: a service address that was not redirected is still the
 * destination there. What the node sends to pods of other nodes for somebody outside comes from its address in the pod
 * network, as what it sends for itself does: firewalls there let that in, and nothing else of the node. Network policies look at forwarded packets after that, when the destination is the pod itself; they
 * have a base chain for each direction, so that an accept of the one still leads to the other.
 */
export function baseRules(options: BaseRulesOptions): string {
  const { family, clusterCIDR, podCIDR, serviceCIDR, hostIP, direct, nodePortAddresses, isEncrypted } = options
  const { ip, addressType } = family
  const key = serviceKey(family)
  const chosen = nodePortAddresses ? `${ip} daddr { ${nodePortAddresses.join(', ')} } ` : ''
  // IPv6 has no route_localnet: what was led away from ::1 would never be answered. Refused, clients try 127.0.0.1.
  const toNode = family.name === 'IPv6' ? 'ip6 daddr != ::1 fib daddr type local' : 'fib daddr type local'
  /** Where no address of the family is chosen, node ports do not answer in it. */
  const atNodePort = (map: string, before = ''): string[] => [
    ...(nodePortAddresses?.length === 0 ? [] : [`${before}${chosen}${toNode} ${nodePortKey} vmap @${map}`]),
    // Nothing gets there but over the relay, which carries what is for pods: they are reached from here.
    `${before}${ip} daddr @cut-off-nodes ${nodePortKey} vmap @${map}`,
  ]
  return `add table ${ip} ${TABLE}
delete table ${ip} ${TABLE}
table ${ip} ${TABLE} {
  map services { type ${addressType} . inet_proto . inet_service : verdict; }
  map endpoints { typeof ${endpointKey(family, SHARED_BALANCERS)} : ${ip} daddr . th dport; }
  map nodeports { type inet_proto . inet_service : verdict; }
  map unserved { type ${addressType} . inet_proto . inet_service : verdict; }
  map unserved-nodeports { type inet_proto . inet_service : verdict; }
  map firewall { type ${addressType} . inet_proto . inet_service : verdict; }
  map hostports { type inet_proto . inet_service : ${addressType} . inet_service; }
  map hostports-on { type ${addressType} . inet_proto . inet_service : ${addressType} . inet_service; }
  map egress-isolation { type ${addressType} : verdict; }
  map ingress-isolation { type ${addressType} : verdict; }
  set denied {
    type ${addressType} . ${addressType} . inet_proto . inet_service
    size 4096
    flags dynamic,timeout
    timeout 10m
    counter
  }
  set cut-off-nodes { type ${addressType}; }
  set hairpin { type ${addressType} . ${addressType}; }
  set direct { type ${addressType}; flags interval; auto-merge; elements = { ${[clusterCIDR, ...direct].join(', ')} } }

  chain mark-masquerade { meta mark set meta mark or ${MASQUERADE_MARK}; }
  chain refuse { reject; }
${sharedBalancers(family, clusterCIDR)}
${chain('service-traffic', [
  `${key} vmap @services`,
  ...atNodePort('nodeports'),
  `dnat ${ip} addr . port to ${key} map @hostports-on`,
  `${toNode} dnat ${ip} addr . port to ${nodePortKey} map @hostports`,
])}
${chain('unserved-traffic', [
  `ct state new ${key} vmap @unserved`,
  ...atNodePort('unserved-nodeports', 'ct state new '),
  `${ip} daddr ${serviceCIDR} fib daddr type != local reject`,
])}
  chain masquerade-now {
    meta mark set meta mark & 0xffffbfff
    oifname "${POD_LINK_PREFIX}*" snat to ${hostIP}
    oifname ${TUNNELS} snat to ${hostIP}
    ${ip} daddr ${clusterCIDR} snat to ${hostIP}
    masquerade
  }

${family.name === 'IPv4' ? tunnelAndLoopback : ''}
${isEncrypted ? onlyEncrypted(options) : ''}
  chain load-balancer-sources {
    type filter hook prerouting priority -110; policy accept;
    ct state new ${key} vmap @firewall
  }
  chain nat-prerouting {
    type nat hook prerouting priority -105; policy accept;
    jump service-traffic
  }
  chain nat-output {
    type nat hook output priority -105; policy accept;
    jump service-traffic
  }
  chain filter-input {
    type filter hook input priority -5; policy accept;
    jump unserved-traffic
  }
  chain policy-egress {
    type filter hook forward priority -7; policy accept;
    ${ip} saddr vmap @egress-isolation
  }
  chain policy-ingress {
    type filter hook forward priority -6; policy accept;
    ${ip} daddr vmap @ingress-isolation
  }
  chain filter-forward {
    type filter hook forward priority -5; policy accept;
    jump unserved-traffic
    oifname ${TUNNELS} tcp flags syn tcp option maxseg size set rt mtu
    iifname ${TUNNELS} tcp flags syn tcp option maxseg size set rt mtu
  }
  chain filter-output {
    type filter hook output priority -5; policy accept;
    jump unserved-traffic
  }
${chain('nat-postrouting', [
  'type nat hook postrouting priority 95; policy accept;',
  `meta mark & ${MASQUERADE_MARK} != 0 goto masquerade-now`,
  `${ip} saddr . ${ip} daddr @hairpin goto masquerade-now`,
  ...(family.name === 'IPv4' ? ['ip saddr 127.0.0.0/8 oifname != "lo" goto masquerade-now'] : []),
  `oifname ${TUNNELS} ${ip} saddr != ${clusterCIDR} snat to ${hostIP}`,
  `${ip} saddr ${podCIDR} ${ip} daddr != @direct masquerade`,
])}
}
`
}

/** Node ports answer on IPv4's loopback addresses, and the tunnel's own packets are IPv4, whatever is in them. */
const tunnelAndLoopback = `  set relayed { type ipv4_addr; }
  chain guard {
    type filter hook prerouting priority raw; policy accept;
    iifname != "lo" ip daddr 127.0.0.0/8 drop
    iifname != "lo" ip saddr 127.0.0.0/8 drop
  }
  chain relay-output {
    type route hook output priority raw; policy accept;
    ip daddr @relayed udp dport ${VXLAN_PORT} udp sport != ${PROBE_SOURCE_PORT} ${toRelay}
  }`

/** Whatever routes there are: another program's, or a node's that does not know yet. */
const onlyEncrypted = ({ family: { ip }, clusterCIDR, podCIDR }: BaseRulesOptions): string => `  chain encrypted-in {
    type filter hook prerouting priority raw; policy accept;
    ${ip} saddr ${clusterCIDR} ${ip} saddr != ${podCIDR} iifname != "${WIREGUARD_LINK}" drop
  }
  chain encrypted-out {
    type filter hook postrouting priority filter; policy accept;
    ${ip} daddr ${clusterCIDR} ${ip} daddr != ${podCIDR} oifname != "${WIREGUARD_LINK}" drop
  }`

const chain = (name: string, lines: readonly string[]): string =>
  `  chain ${name} {\n${lines.map(line => `    ${line}\n`).join('')}  }`
