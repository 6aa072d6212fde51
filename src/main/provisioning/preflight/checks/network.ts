// Networks, ports, and the way to the other nodes.
import type { HostFinding } from '../../../../shared/api/flotilla/v1.ts'
import { type CidrRange, parseRange, rangesOverlap } from '../../../../shared/machinery/cidr.ts'
import {
  KUBELET_PORT,
  POD_LINK_PREFIX,
  SERVICE_LINK,
  VXLAN_LINK,
  VXLAN_PORT,
  type NetworkBackend,
  WIREGUARD_LINK,
  WIREGUARD_PORT,
} from '../../../../shared/machinery/node-network.ts'
import { type Check, error, info, warning } from '../contract.ts'
import { type Said, say } from '../../say.ts'
import { isTunnelled } from '../ways.ts'

interface Tool {
  readonly fatal: boolean
  readonly package: string
  readonly why: Said
}

const TOOLS: Readonly<Record<string, Tool>> = {
  ip: { fatal: true, package: 'iproute2', why: say('It is needed for pod links and routes.') },
  nft: { fatal: true, package: 'nftables', why: say('It is needed for Services.') },
  nsenter: { fatal: true, package: 'util-linux', why: say('It is needed for the inside of pod networks.') },
  conntrack: {
    fatal: false,
    package: 'conntrack',
    why: say('It is needed for moving UDP flows off endpoints that left.'),
  },
}

const WIREGUARD: Readonly<Record<string, Tool>> = {
  wg: { fatal: true, package: 'wireguard-tools', why: say('It is needed for encrypted traffic between nodes.') },
}

export const tools: Check = {
  name: 'tools',
  look: (facts, { networkBackend }) =>
    Object.entries({ ...TOOLS, ...(networkBackend === 'wireguard' && WIREGUARD) }).flatMap(
      ([tool, { fatal, package: name, why }]) => {
        if (facts.tools.has(tool)) return []
        const canInstall = facts.tools.has('apt-get') || facts.tools.has('dnf')
        const told = { what: say('{tool} is missing.', { tool }), why }
        if (canInstall)
          return [
            info(`network/tool-${tool}`, {
              ...told,
              how: say('Joining installs {package}.', { package: name }),
              fix: 'install-packages',
            }),
          ]
        const finding = fatal ? error : warning
        return [
          finding(`network/tool-${tool}`, { ...told, how: say('Install the package {package}.', { package: name }) }),
        ]
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
      ...clusterCIDRs.map(cidr => ({ isOfPods: true, cidr, range: parseRange(cidr) })),
      ...serviceCIDRs.map(cidr => ({ isOfPods: false, cidr, range: parseRange(cidr) })),
    ]
    return routes.flatMap(({ cidr, device }) => {
      const taken = isOurs(device) ? undefined : parseRange(cidr)
      return ranges
        .filter(({ range }) => taken && range && rangesOverlap(taken, range))
        .map(({ isOfPods, cidr: ours, range }) => {
          // A route to more than our range only gets what nothing of ours is more exact about.
          const finding = taken && range && isWithin(range, taken) ? warning : error
          return finding('network/overlap', {
            what: device
              ? say('The host has a route to {cidr} ({device}), which overlaps {ours}.', { cidr, device, ours })
              : say('The host has a route to {cidr}, which overlaps {ours}.', { cidr, ours }),
            why: isOfPods
              ? say('{ours} are the addresses of pods: traffic to one of the two could go to the other.', { ours })
              : say('{ours} are the addresses of Services: traffic to one of the two could go to the other.', { ours }),
            how: say('Renumber that network, or remove it if it is left over from another Kubernetes.'),
          })
        })
    })
  },
}

export const tunnelPort = (backend: NetworkBackend): number => (backend === 'wireguard' ? WIREGUARD_PORT : VXLAN_PORT)

const TUNNEL_PORT_TAKEN: Readonly<Record<NetworkBackend, HostFinding>> = {
  auto: warning('network/port-vxlan', {
    what: say('UDP port {port} is taken on the host.', { port: VXLAN_PORT }),
    why: say('VXLAN carries pods to nodes on other subnets over it.'),
    how: say('End what uses it, if nodes are on several subnets.'),
  }),
  wireguard: error('network/port-wireguard', {
    what: say('UDP port {port} is taken on the host.', { port: WIREGUARD_PORT }),
    why: say('WireGuard carries pods to all other nodes over it.'),
    how: say('End what uses it.'),
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
              what: say('Port {port} is taken on the host.', { port: apiPort }),
              why: say('The way to the API server would end there.'),
              how: say('Another port is chosen by itself.'),
            }),
          ]
        : []),
      ...(taken(listening, KUBELET_PORT)
        ? [
            warning('network/port-kubelet', {
              what: say('Port {port} is taken on the host.', { port: KUBELET_PORT }),
              why: say('Monitoring asks a node for its figures there; logs and commands go another way.'),
              how: say(
                'End what uses it (ss -ltnp tells); the node joins without, and takes the port once it is free.',
              ),
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
            what: say('The host has no IPv4 address.'),
            why: say('Nodes reach each other, and pods, over IPv4; IPv6 comes beside it, never alone.'),
            how: say(
              'Give it one in the network of the other nodes: a private one will do, the way in over SSH may stay IPv6.',
            ),
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
            what: say('The MTU of the way out is {mtu}.', { mtu: facts.mtu }),
            why: say('Tunnels to other nodes take 50 bytes of it; small MTUs make transfers slow or stall.'),
            how: say('Raise it to 1500 where the network allows it.'),
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
            what: say('Proxy variables are set: {variables}.', { variables: facts.proxies.join(', ') }),
            why: say(
              'Images are pulled by Docker, which does not read them; the agent talks to the API server directly.',
            ),
            how: say('If images are only reachable through the proxy, set it in /etc/docker/daemon.json ("proxies").'),
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
            what: say('sshd forbids forwarding (AllowTcpForwarding {setting}).', { setting: sshdForwarding }),
            why: say('The way back to the API server normally is a forwarded port.'),
            how: say('Nothing has to be done: the same link runs over a program on the host instead.'),
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
            what: say('The host does not reach the control plane by itself ({addresses}).', {
              addresses: apiUnreachable.join(', '),
            }),
            why: say(
              'The only way between the two is the SSH connection from here. While that is down, as when this machine sleeps, pods run on, and nothing new reaches the node.',
            ),
            how: say(
              'Nothing has to be done. For a control plane that is always there: flotilla control-plane move, to a server.',
            ),
          }),
        ],
}

const OPENED_INWARD = say(
  'What the firewalls of the two hosts let in is opened by their agents; what they let out is not.',
)

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
          what: say(
            'Pods of {node} and {other} reach each other over the control plane only: between {address} and {otherAddress} no direct way is open.',
            { node: nodeName, other: other.name, address, otherAddress: other.address },
          ),
          why: say('It works, and is slower; while the control plane is away, they do not reach each other.'),
          how: say(
            'Let UDP {port} through between the two, both ways, in what is between them: a router, the security group of a cloud.',
            { port },
          )
            .and(
              say(
                'On one network also packets of pods ({pods}) as they are: clouds have a check of sources and destinations that drops them.',
                { pods },
              ),
            )
            .and(say('The firewalls of the two hosts are opened by their agents.')),
        })
      const { there, back } = ways.get(other.name) ?? {}
      const [here, away] = [`${nodeName} (${address})`, `${other.name} (${other.address})`]
      const [from, to] = there === false ? [here, away] : [away, here]
      if (there === false || back === false) {
        const isBoth = there === false && back === false
        const what = isBoth
          ? say('UDP {port} from {from} to {to}, and from {to} to {from} does not arrive.', { port, from, to })
          : say('UDP {port} from {from} to {to} does not arrive.', { port, from, to })
        if (!isTunnelled(other.address, facts, cluster))
          return warning('network/direct', {
            what,
            why: say(
              "The two are on one network, where pods reach each other without a tunnel: what drops this drops pods' packets as well, most likely. Then they do so over the control plane only, which is slower, and not while that is away.",
            ),
            how: say(
              'Let everything through between the two, in what is between them: the security group of a cloud, a switch that keeps its ports apart.',
            )
              .and(say('Packets of pods ({pods}) as well, with a check of sources and destinations off.', { pods }))
              .and(OPENED_INWARD),
          })
        return warning('network/tunnel', {
          what,
          why: say(
            'Pods of the two nodes reach each other through a tunnel over it, both ways. Without it they do so over the control plane only, which is slower, and not while that is away.',
          ),
          how: (isBoth
            ? say(
                'Let UDP {port} from {from} to {to}, and from {to} to {from} through in what is between them: a router, the security group of a cloud.',
                { port, from, to },
              )
            : say(
                'Let UDP {port} from {from} to {to} through in what is between them: a router, the security group of a cloud.',
                { port, from, to },
              )
          ).and(OPENED_INWARD),
        })
      }
      if (there && back) return []
      if (!unreachable.includes(other.address)) return []
      return warning('network/peer', {
        what: say('The node {other} ({address}) does not answer.', { other: other.name, address: other.address }),
        why: say(
          'Where nothing else gets through either, pods of the two nodes reach each other over the control plane only, which is slower.',
        ),
        how: say(
          'Put both in one network, or open ICMP and UDP {port} between {address} and {otherAddress}, both ways.',
          { port, address, otherAddress: other.address },
        ),
      })
    })
  },
}
