// Networks, ports, and the way to the other nodes.
import type { HostFinding } from '../../../../shared/api/flotilla/v1.ts'
import { type CidrRange, parseRange, rangesOverlap } from '../../../../shared/machinery/cidr.ts'
import {
  POD_LINK_PREFIX,
  SERVICE_LINK,
  VXLAN_LINK,
  VXLAN_PORT,
  type NetworkBackend,
  WIREGUARD_LINK,
  WIREGUARD_PORT,
} from '../../../../shared/machinery/node-network.ts'
import { type Check, error, info, warning } from '../contract.ts'
import { isTunnelled } from '../ways.ts'

interface Tool {
  readonly fatal: boolean
  readonly package: string
  readonly purpose: string
}

const TOOLS: Readonly<Record<string, Tool>> = {
  ip: { fatal: true, package: 'iproute2', purpose: 'pod links and routes' },
  nft: { fatal: true, package: 'nftables', purpose: 'Services' },
  nsenter: { fatal: true, package: 'util-linux', purpose: 'the inside of pod networks' },
  conntrack: { fatal: false, package: 'conntrack', purpose: 'moving UDP flows off endpoints that left' },
}

const WIREGUARD: Readonly<Record<string, Tool>> = {
  wg: { fatal: true, package: 'wireguard-tools', purpose: 'encrypted traffic between nodes' },
}

export const tools: Check = {
  name: 'tools',
  look: (facts, { networkBackend }) =>
    Object.entries({ ...TOOLS, ...(networkBackend === 'wireguard' && WIREGUARD) }).flatMap(
      ([tool, { fatal, package: name, purpose }]) => {
        if (facts.tools.has(tool)) return []
        const canInstall = facts.tools.has('apt-get') || facts.tools.has('dnf')
        const told = { what: `${tool} is missing.`, why: `It is needed for ${purpose}.` }
        if (canInstall)
          return [info(`network/tool-${tool}`, { ...told, how: `Joining installs ${name}.`, fix: 'install-packages' })]
        const finding = fatal ? error : warning
        return [finding(`network/tool-${tool}`, { ...told, how: `Install the package ${name}.` })]
      },
    ),
}

const isOurs = (device: string): boolean =>
  [SERVICE_LINK, VXLAN_LINK, WIREGUARD_LINK].includes(device) || device.startsWith(POD_LINK_PREFIX)

const isWithin = (inner: CidrRange, outer: CidrRange): boolean => outer.first <= inner.first && inner.last <= outer.last

export const networks: Check = {
  name: 'networks',
  look({ routes, flotilla }, { clusterCIDRs, serviceCIDRs, caHash }) {
    if (flotilla.caHash === caHash) return [] // the routes are its own
    const ranges = [
      ...clusterCIDRs.map(cidr => ({ what: 'pods', cidr, range: parseRange(cidr) })),
      ...serviceCIDRs.map(cidr => ({ what: 'Services', cidr, range: parseRange(cidr) })),
    ]
    return routes.flatMap(({ cidr, device }) => {
      const taken = isOurs(device) ? undefined : parseRange(cidr)
      return ranges
        .filter(({ range }) => taken && range && rangesOverlap(taken, range))
        .map(({ what, cidr: ours, range }) => {
          // A route to more than our range only gets what nothing of ours is more exact about.
          const finding = taken && range && isWithin(range, taken) ? warning : error
          return finding('network/overlap', {
            what: `The host has a route to ${cidr} (${device || 'no device'}), which overlaps ${ours}.`,
            why: `${ours} are the addresses of ${what}: traffic to one of the two could go to the other.`,
            how: 'Renumber that network, or remove it if it is left over from another Kubernetes.',
          })
        })
    })
  },
}

export const tunnelPort = (backend: NetworkBackend): number => (backend === 'wireguard' ? WIREGUARD_PORT : VXLAN_PORT)

const TUNNEL_PORT_TAKEN: Readonly<Record<NetworkBackend, HostFinding>> = {
  auto: warning('network/port-vxlan', {
    what: `UDP port ${VXLAN_PORT} is taken on the host.`,
    why: 'VXLAN carries pods to nodes on other subnets over it.',
    how: 'End what uses it, if nodes are on several subnets.',
  }),
  wireguard: error('network/port-wireguard', {
    what: `UDP port ${WIREGUARD_PORT} is taken on the host.`,
    why: 'WireGuard carries pods to all other nodes over it.',
    how: 'End what uses it.',
  }),
}

export const ports: Check = {
  name: 'ports',
  look({ listening, listeningUdp, flotilla }, { apiPort, caHash, networkBackend }) {
    if (flotilla.caHash === caHash) return []
    const taken = (list: readonly string[], port: number) => list.some(address => address.endsWith(`:${port}`))
    return [
      ...(taken(listening, apiPort)
        ? [
            warning('network/port-api', {
              what: `Port ${apiPort} is taken on the host.`,
              why: 'The way to the API server would end there.',
              how: 'Another port is chosen by itself.',
            }),
          ]
        : []),
      ...(taken(listeningUdp, tunnelPort(networkBackend)) ? [TUNNEL_PORT_TAKEN[networkBackend]] : []),
    ]
  },
}

export const nodeAddress: Check = {
  name: 'node-address',
  look: ({ hasIPv4 }) =>
    hasIPv4
      ? []
      : [
          error('network/ipv4', {
            what: 'The host has no IPv4 address.',
            why: 'Nodes reach each other, and pods, over IPv4; IPv6 comes beside it, never alone.',
            how: 'Give it one in the network of the other nodes: a private one will do, the way in over SSH may stay IPv6.',
          }),
        ],
}

export const mtu: Check = {
  name: 'mtu',
  look: facts =>
    facts.mtu === 0 || facts.mtu >= 1280
      ? []
      : [
          warning('network/mtu', {
            what: `The MTU of the way out is ${facts.mtu}.`,
            why: 'Tunnels to other nodes take 50 bytes of it; small MTUs make transfers slow or stall.',
            how: 'Raise it to 1500 where the network allows it.',
          }),
        ],
}

export const proxies: Check = {
  name: 'proxies',
  look: facts =>
    facts.proxies.length === 0
      ? []
      : [
          info('network/proxy', {
            what: `Proxy variables are set: ${facts.proxies.join(', ')}.`,
            why: 'Images are pulled by Docker, which does not read them; the agent talks to the API server directly.',
            how: 'If images are only reachable through the proxy, set it in /etc/docker/daemon.json ("proxies").',
          }),
        ],
}

export const forwarding: Check = {
  name: 'forwarding',
  look: ({ sshdForwarding }) =>
    ['', 'yes', 'all', 'remote'].includes(sshdForwarding)
      ? []
      : [
          info('network/ssh-forwarding', {
            what: `sshd forbids forwarding (AllowTcpForwarding ${sshdForwarding}).`,
            why: 'The way back to the API server normally is a forwarded port.',
            how: 'Nothing has to be done: the same link runs over a program on the host instead.',
          }),
        ],
}

export const controlPlane: Check = {
  name: 'control-plane',
  look: ({ apiReachable, apiUnreachable }) =>
    apiReachable.length > 0 || apiUnreachable.length === 0
      ? []
      : [
          info('network/control-plane', {
            what: `The host does not reach the control plane by itself (${apiUnreachable.join(', ')}).`,
            why: 'The only way between the two is the SSH connection from here. While that is down, as when this machine sleeps, pods run on, and nothing new reaches the node.',
            how: 'Nothing has to be done. For a control plane that is always there: flotilla control-plane move, to a server.',
          }),
        ],
}

/**
 * The ways to other nodes. Between Ready nodes the agents' own word counts, which ask each other all the time over the way
 * that pods' packets take; before that, whether packets to the tunnel's port arrive, which on one subnet stand for those of
 * pods; else whether a node answers at all.
 */
export const peers: Check = {
  name: 'peers',
  look(facts, cluster) {
    const { unreachable, address } = facts
    const { nodes, ways, nodeName, networkBackend, clusterCIDRs } = cluster
    const own = nodes.find(({ name }) => name === nodeName)
    const [port, pods] = [tunnelPort(networkBackend), clusterCIDRs.join(', ')]
    return nodes.flatMap(other => {
      if (other === own) return []
      const isRelayed = own?.relayed?.includes(other.name) ?? other.relayed?.includes(nodeName)
      if (own?.relayed && other.relayed && !isRelayed) return []
      if (isRelayed)
        return warning('network/relayed', {
          what: `Pods of ${nodeName} and ${other.name} reach each other over the control plane only: between ${address} and ${other.address} no direct way is open.`,
          why: 'It works, and is slower; while the control plane is away, they do not reach each other.',
          how:
            `Let UDP ${port} through between the two, both ways, in what is between them: a router, the security group of a cloud. ` +
            `On one network also packets of pods (${pods}) as they are: clouds have a check of sources and destinations that drops them. ` +
            'The firewalls of the two hosts are opened by their agents.',
        })
      const way = ways.get(other.name)
      const [here, there] = [`${nodeName} (${address})`, `${other.name} (${other.address})`]
      const lost = [
        ...(way?.there === false ? [`from ${here} to ${there}`] : []),
        ...(way?.back === false ? [`from ${there} to ${here}`] : []),
      ]
      const what = `UDP ${port} ${lost.join(', and ')} does not arrive.`
      if (lost.length > 0 && !isTunnelled(other.address, facts, cluster))
        return warning('network/direct', {
          what,
          why: "The two are on one network, where pods reach each other without a tunnel: what drops this drops pods' packets as well, most likely. Then they do so over the control plane only, which is slower, and not while that is away.",
          how:
            `Let everything through between the two, in what is between them: the security group of a cloud, a switch that keeps its ports apart. Packets of pods (${pods}) as well, with a check of sources and destinations off. ` +
            'What the firewalls of the two hosts let in is opened by their agents; what they let out is not.',
        })
      if (lost.length > 0)
        return warning('network/tunnel', {
          what,
          why: 'Pods of the two nodes reach each other through a tunnel over it, both ways. Without it they do so over the control plane only, which is slower, and not while that is away.',
          how:
            `Let UDP ${port} ${lost.join(', and ')} through in what is between them: a router, the security group of a cloud. ` +
            'What the firewalls of the two hosts let in is opened by their agents; what they let out is not.',
        })
      if (way?.there && way.back) return []
      if (!unreachable.includes(other.address)) return []
      return warning('network/peer', {
        what: `The node ${other.name} (${other.address}) does not answer.`,
        why: 'Where nothing else gets through either, pods of the two nodes reach each other over the control plane only, which is slower.',
        how: `Put both in one network, or open ICMP and UDP ${port} between ${address} and ${other.address}, both ways.`,
      })
    })
  },
}
