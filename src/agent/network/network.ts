// The node's network as one part of the agent: pod links, routes, rules, DNS and the way to the API server.
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { delay, systemClock } from '../../shared/machinery/clock.ts'
import { parseRange } from '../../shared/machinery/cidr.ts'
import { formatIPv4, requireCidr } from '../../shared/machinery/ipv4.ts'
import { familyOf, type IPFamily } from '../../shared/machinery/ip-address.ts'
import { policyPodOf } from '../../shared/machinery/network-policy/policy-pod.ts'
import { VXLAN_PORT, WIREGUARD_PORT } from '../../shared/machinery/node-network.ts'
import { Owned } from '../../shared/machinery/owned.ts'
import { DnsServer } from '../dns/server.ts'
import { startIngress } from '../ingress/start-ingress.ts'
import { ConnectionObserver } from '../observe/connection-observer.ts'
import { PolicyView } from '../policy/policy-view.ts'
import { ownAddressesIn } from './bind-address.ts'
import { cutOffNodes } from '../proxy/cut-off-nodes.ts'
import { HealthChecks } from '../proxy/health-checks.ts'
import { ProxyMetrics } from '../proxy/metrics.ts'
import { ProxyHealth } from '../proxy/proxy-health.ts'
import { startProxyStatus } from '../proxy/status.ts'
import { TableSync } from '../proxy/table-sync.ts'
import { AddressPool } from './address-pool.ts'
import { ApiForwarder } from './api-forwarder.ts'
import { Checkpoint } from './checkpoint.ts'
import { CniPodNetwork } from './cni/cni-pod-network.ts'
import { ClusterView } from './cluster-view.ts'
import type { Network, NetworkOptions } from './contract.ts'
import { run as runTool } from './exec.ts'
import { IPV4, IPV6 } from './family.ts'
import { FamilyRules } from './family-rules.ts'
import { openFirewalls } from './firewall/firewalls.ts'
import type { FirewallNeeds } from './firewall/needs.ts'
import { HostUpkeep } from './host-upkeep.ts'
import { findIPv6 } from './ipv6.ts'
import { NO_PEERS, type Peer, type PeerPlan, peerOf, PlainRoutes, probeAddressOf } from './node-routes.ts'
import { findPodCIDR, findPodCIDR6 } from './pod-cidr.ts'
import { PodIPv6 } from './pod-ipv6.ts'
import { RoutedPodNetwork } from './pod-network.ts'
import { PodNetworks } from './pod-networks.ts'
import { Arrivals } from './reach/arrivals.ts'
import type { PathProbe } from './reach/path-probe.ts'
import { Relay } from './reach/relay.ts'
import { VxlanCarrier } from './reach/vxlan-carrier.ts'
import { watchReach } from './reach/watch-reach.ts'
import { WireguardCarrier } from './reach/wireguard-carrier.ts'
import { setUpServiceLink } from './service-link.ts'
import { applySysctls, countConnections } from './sysctl.ts'
import { uplinkMtu } from './uplink-mtu.ts'
import { DirectTrials } from './wireguard/direct-trials.ts'
import { EncryptedRoutes } from './wireguard/encrypted-routes.ts'
import { formatIdentity } from './wireguard/identity.ts'
import { ownKey } from './wireguard/key.ts'

const KUBERNETES_PORT = 443
/** A node's very first pods wait this long to hear of policies. */
const POLICIES_WAIT_MS = 3_000

/**
 * Brings the network up; resolves when pods can be set up and the rules known from the last run are in place.
 * Waits for the node's pod range when neither the options nor an earlier run tell it.
 * @throws ToolError when the host refuses a step; see `preflight`
 */
export async function startNetwork(options: NetworkOptions): Promise<Network> {
  const owned = new Owned()
  try {
    return await start(options, owned)
  } catch (error) {
    await owned[Symbol.asyncDispose]()
    throw error
  }
}

async function start(options: NetworkOptions, owned: Owned): Promise<Network> {
  const { identity, stateDir, clusterCIDR, serviceCIDR, log, clock = systemClock, run = runTool } = options
  const { nodeIP, nodeName } = identity
  const view = new ClusterView()
  owned.use(new Checkpoint({ path: join(stateDir, 'cluster.json'), view, clock, log }))
  view.follow(options.informers)
  const policyView = new PolicyView()
  owned.use(new Checkpoint({ path: join(stateDir, 'policies.json'), view: policyView, clock, log }))
  policyView.follow(options.informers)
  const podCIDR = await findPodCIDR({ ...options, path: join(stateDir, 'pod-cidr.json'), view, nodeName })
  const podCIDR6 = findPodCIDR6({ ...options.ipv6, path: join(stateDir, 'pod-cidr-6.json'), view, nodeName })
  const ownAddresses = [...new Set([identity.clusterDNS, options.kubernetesServiceIP])]
  const { ipv6, ipv6Problem } = findIPv6(options.ipv6, podCIDR, podCIDR6)
  if (ipv6Problem) log.warn({ problem: ipv6Problem }, 'pods get IPv4 only')

  const ranges6 = options.ipv6 ? [options.ipv6.clusterCIDR, options.ipv6.serviceCIDR] : []
  const ownRanges = [clusterCIDR, serviceCIDR, ...ranges6]

  const sysctls = join(stateDir, 'sysctls.json')
  applySysctls(sysctls, ipv6 !== undefined)
  // The range's first address is the node's own in the pod network: there as long as the node is, however often the
  // machine's other addresses change.
  const hostIP = formatIPv4(requireCidr(podCIDR).base)
  const probeIP = probeAddressOf(podCIDR)
  const setUpLink = () =>
    setUpServiceLink({ run, addresses: ownAddresses, serviceCIDR, clusterCIDR, hostIP, probeIP, ipv6 })
  await setUpLink()

  const mtu = await uplinkMtu(run, nodeIP)
  const key = options.backend === 'wireguard' ? ownKey(join(stateDir, 'wireguard.key')) : undefined
  const wireguardCarrier = key && new WireguardCarrier(() => upkeep.request())
  const relayPort = (name: string) => wireguardCarrier?.portOf(name)
  const encrypted = key && new EncryptedRoutes({ run, key, hostIP, hostIPv6: ipv6?.hostIP, uplinkMtu: mtu, relayPort })
  const pool = new AddressPool(join(stateDir, 'addresses.json'), requireCidr(podCIDR))
  const ownLinks = new RoutedPodNetwork({
    run,
    addresses: pool,
    mtu,
    hostIP,
    ipv6: ipv6 && new PodIPv6(run, ipv6, join(stateDir, 'addresses-6.json')),
  })
  await ownLinks.adopt()
  const cni = new CniPodNetwork({ ...options.cni, run, stateDir, podCIDR, log })
  await cni.look()
  const podNetwork = new PodNetworks(ownLinks, cni)

  let plan = NO_PEERS
  let usual: PeerPlan = plan
  const nodeIPs = [nodeIP, ...[identity.nodeIPv6 ?? []].flat()]
  const nodePortAddresses = options.nodePortAddresses?.flatMap(range => (range === 'primary' ? nodeIPs : [range]))
  const answering = (name: IPFamily) => nodePortAddresses?.filter(range => familyOf(range) === name)
  const shared = {
    run,
    nodeName,
    view,
    policyView,
    isEncrypted: encrypted !== undefined,
    localIPs: (podUid: string) => podNetwork.addressesOf(podUid)?.ips ?? [],
    changed: () => sync.request(),
  }
  const rules4 = owned.use(
    new FamilyRules({
      ...shared,
      family: IPV4,
      clusterCIDR,
      serviceCIDR,
      podCIDR,
      hostIP,
      ownAddresses,
      direct: () => plan.direct.map(peer => `${peer.nodeIP}/32`),
      nodePortAddresses: answering('IPv4'),
      hostPortsPath: join(stateDir, 'host-ports.json'),
    }),
  )
  const rules6 =
    ipv6 &&
    owned.use(
      new FamilyRules({
        ...shared,
        ...ipv6,
        family: IPV6,
        ownAddresses: [ipv6.clusterDNS],
        direct: () => plan.direct6,
        nodePortAddresses: answering('IPv6'),
        hostPortsPath: join(stateDir, 'host-ports-6.json'),
      }),
    )
  const rules = rules6 ? [rules4, rules6] : [rules4]
  const registry = new Registry()
  const families = rules.map(({ table }) => table.family.name)
  const proxyMetrics = new ProxyMetrics({
    registry,
    families,
    withoutLocalEndpoints: (family, policy) =>
      rules.find(({ table }) => table.family.name === family)?.withoutLocalEndpoints(policy) ?? 0,
    clock,
  })
  proxyMetrics.follow(options.informers)
  const sync = new TableSync({
    run,
    observer: proxyMetrics,
    tables: rules.map(each => ({ table: each.table, base: () => each.base() })),
    clock,
    log,
    applied() {
      for (const each of rules) each.applied()
    },
  })
  owned.use(sync)
  const health = new ProxyHealth({ sync, families, node: () => view.nodes.get(nodeName), clock })
  const nodePortHosts = () => nodePortAddresses && ownAddressesIn(nodePortAddresses)
  owned.use(new HealthChecks({ view, nodeName, health, hosts: nodePortHosts, log }))

  const otherNode = (name: string): Peer | undefined => {
    const node = name === nodeName ? undefined : view.nodes.get(name)
    return node && peerOf(node)
  }
  const relay = owned.use(
    new Relay({
      carrier: wireguardCarrier ?? new VxlanCarrier(rules4.table),
      peer(name) {
        const peer = otherNode(name)
        return encrypted && !peer?.wireguard ? undefined : peer
      },
      changed() {
        const peers = relay.nodes.flatMap(name => otherNode(name) ?? [])
        for (const { table } of rules)
          table.put('cut-off-nodes', cutOffNodes(table.family, peers, options.nodePortAddresses))
        sync.request()
        upkeep.request()
      },
    }),
  )
  await relay.start()
  const routes =
    encrypted ??
    new PlainRoutes({
      run,
      nodeIP,
      hostIP,
      ipv6: ipv6 && { hostIP: ipv6.hostIP, nodeIP: identity.nodeIPv6 },
      yields: () => cni.isConfigured,
    })
  const tunnelPort = encrypted ? WIREGUARD_PORT : VXLAN_PORT
  const bringUpToDate = async () => {
    const peers = [...view.nodes.keys()].flatMap(name => otherNode(name) ?? [])
    const before = JSON.stringify([plan.direct, plan.direct6])
    await setUpLink()
    await ownLinks.repair()
    ;({ plan, usual } = await routes.apply(peers, new Set(relay.nodes)))
    const tunnelPeers = plan.throughTunnel.map(peer => peer.nodeIP).sort()
    const needs: FirewallNeeds[] = [
      { family: IPV4, clusterCIDR, ownAddresses, tunnelPeers, tunnelPort, probeAddress: probeIP },
    ]
    // The tunnel and its probes are IPv4, whatever is in them.
    if (ipv6) needs.push({ ...ipv6, family: IPV6, ownAddresses: [ipv6.clusterDNS], tunnelPeers: [], tunnelPort })
    await openFirewalls(run, needs, log)
    if (JSON.stringify([plan.direct, plan.direct6]) !== before) sync.requestAll()
    else await sync.verify()
  }
  const upkeep = owned.use(
    new HostUpkeep({ run, view, cni, isStanding: link => ownLinks.isStanding(link), bringUpToDate, log }),
  )
  await upkeep.bringUpToDate()
  await sync.flush()
  upkeep.start()
  const reaches =
    encrypted &&
    wireguardCarrier &&
    ((probe: PathProbe) => {
      const trials = new DirectTrials({ probe, relay, carrier: wireguardCarrier, routes: encrypted, clock })
      return trials.reaches.bind(trials)
    })
  const dial = options.dialNode
  owned.use(await watchReach({ nodeIP, podCIDR, usual: () => usual, relay, dial, reaches, clock, log }))

  const arrivals = owned.use(new Arrivals({ run, nodeIP, port: tunnelPort, clock }))
  await arrivals.start()

  const dns = owned.use(
    new DnsServer({
      view,
      addresses: [identity.clusterDNS, ...[ipv6?.clusterDNS ?? []].flat()],
      families: ipv6 ? ['IPv4', 'IPv6'] : ['IPv4'],
      zone: identity.clusterDomain,
      ownRanges: rangesOf(ownRanges),
      log,
      metrics: registry,
    }),
  )
  await dns.start()
  owned.use(
    await startProxyStatus({
      healthzBindAddress: options.healthzBindAddress,
      metricsBindAddress: options.metricsBindAddress,
      nodePortHosts: nodePortHosts(),
      configuration: {
        hostnameOverride: nodeName,
        clusterCIDR: [clusterCIDR, ...(ipv6 ? [ipv6.clusterCIDR] : [])].join(','),
        nodePortAddresses: options.nodePortAddresses ?? null,
      },
      health,
      metrics: proxyMetrics,
      registry,
      clock,
      log,
    }),
  )
  const forwarder = owned.use(
    new ApiForwarder({
      address: options.kubernetesServiceIP,
      port: KUBERNETES_PORT,
      targets: options.apiServers,
      log,
    }),
  )
  await forwarder.start()
  owned.use(
    startIngress({
      client: options.client,
      informers: options.informers,
      cluster: view,
      nodeName,
      stateDir,
      ports: options.ingressPorts ?? { http: 80, https: 443 },
      clock,
      log,
    }),
  )
  const observer = owned.use(
    new ConnectionObserver({
      run,
      clock,
      view,
      nodeName,
      families: rules.map(({ table }) => table.family),
      clusterCIDRs: rangesOf([clusterCIDR, ...(ipv6 ? [ipv6.clusterCIDR] : [])]),
      podCIDRs: rangesOf([podCIDR, ...(ipv6 ? [ipv6.podCIDR] : [])]),
      countBytes: () => countConnections(sysctls),
      pods: () => policyView.pods.values(),
      localIPs: shared.localIPs,
    }),
  )
  log.info({ podCIDR, podCIDR6: ipv6?.podCIDR, nodeIP, services: rules4.services }, 'pod network is up')

  return {
    podCIDR,
    podNetwork: {
      get problem() {
        return podNetwork.problem
      },
      setUp: sandbox => podNetwork.setUp(sandbox),
      addressesOf: podUid => podNetwork.addressesOf(podUid),
      async tearDown(podUid) {
        for (const each of rules) each.setHostPorts(podUid, [], [])
        await podNetwork.tearDown(podUid)
        for (const each of rules) each.addressChanged(podUid)
        sync.request()
      },
      async retain(podUids) {
        for (const each of rules) each.retainHostPorts(podUids)
        sync.request()
        await podNetwork.retain(podUids)
      },
    },
    ipv6Problem,
    wireguard: key && {
      annotation: formatIdentity({ publicKey: key.publicKey, port: WIREGUARD_PORT }),
      get withoutKey() {
        return encrypted?.withoutKey ?? []
      },
    },
    async hostPorts(podUid, podIPs, ports) {
      // Its earlier sandbox may have been on our own links: then those rules go.
      const ours = cni.leadsHostPorts(podUid) ? [] : ports
      const changes = rules.map(each => each.setHostPorts(podUid, podIPs, ours))
      if (changes.includes(true)) await sync.flush()
    },
    async isolate(pod) {
      await Promise.race([policyView.known, delay(clock, POLICIES_WAIT_MS, options.signal).catch(() => undefined)])
      policyView.putPod(policyPodOf(pod))
      for (const each of rules) each.addressChanged(pod.metadata.uid)
      await sync.flush()
    },
    connections: () => observer.summary(),
    metrics: () => registry.metrics(),
    arrivals: from => arrivals.from(from),
    relayed: () => relay.nodes,
    acceptRelay: (name, stream) => relay.add(name, stream, false),
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  }
}

const rangesOf = (texts: readonly string[]) => texts.flatMap(text => parseRange(text) ?? [])
