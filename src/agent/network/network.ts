// The node's network as one part of the agent: pod links, routes, rules, DNS and the way to the API server.
import type { Registry } from 'prom-client'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { Pod } from '../../shared/api/core/v1.ts'
import type { Client } from '../../shared/client/client.ts'
import type { InformerFactory } from '../../shared/client/informer-factory.ts'
import { type Clock, delay, systemClock } from '../../shared/machinery/clock.ts'
import type { ConnectionSummary } from '../../shared/machinery/connection-summary.ts'
import { formatIPv4, requireCidr } from '../../shared/machinery/ipv4.ts'
import type { Log } from '../../shared/machinery/log.ts'
import { policyPodOf } from '../../shared/machinery/network-policy/policy-pod.ts'
import { Owned } from '../../shared/machinery/owned.ts'
import type { HostPort, NodeIdentity, PodNetwork } from '../contracts.ts'
import { DnsServer } from '../dns/server.ts'
import { type IngressPorts, startIngress } from '../ingress/start-ingress.ts'
import { ConnectionObserver } from '../observe/connection-observer.ts'
import { PolicyRules } from '../policy/policy-rules.ts'
import { PolicyView } from '../policy/policy-view.ts'
import { baseRules } from '../proxy/base-rules.ts'
import { deleteFlows, type StaleFlow } from '../proxy/conntrack.ts'
import { HealthChecks } from '../proxy/health-checks.ts'
import { HostPorts } from '../proxy/host-ports.ts'
import { Proxier } from '../proxy/proxier.ts'
import { TableSync } from '../proxy/table-sync.ts'
import { RuleTable } from '../proxy/table.ts'
import { AddressPool } from './address-pool.ts'
import { type ApiServerAddress, ApiForwarder } from './api-forwarder.ts'
import { Checkpoint } from './checkpoint.ts'
import { type CniFolders, CniPodNetwork } from './cni/cni-pod-network.ts'
import { ClusterView } from './cluster-view.ts'
import { type Run, run as runTool } from './exec.ts'
import { openFirewalls } from './firewall/firewalls.ts'
import { HostChanges } from './host-changes.ts'
import { listAddresses } from './ip.ts'
import { NodeRoutes, type Peer, type PeerPlan, peerOf, probeAddressOf } from './node-routes.ts'
import { findPodCIDR } from './pod-cidr.ts'
import { RoutedPodNetwork } from './pod-network.ts'
import { PodNetworks } from './pod-networks.ts'
import { Relay } from './reach/relay.ts'
import { watchReach } from './reach/watch-reach.ts'
import { Serialised } from './serialised.ts'
import { setUpServiceLink } from './service-link.ts'
import { applySysctls, countConnections } from './sysctl.ts'

export interface NetworkOptions {
  readonly identity: NodeIdentity
  /** Folder of the network's own files; created when missing. */
  readonly stateDir: string
  /** Reads the certificates of Ingresses, one by one. */
  readonly client: Client
  /** Shared with the agent's other parts; the caller starts it. */
  readonly informers: InformerFactory
  /** Addresses of all pods, such as `10.244.0.0/16`. */
  readonly clusterCIDR: string
  /** Addresses of all Services, such as `10.96.0.0/16`. */
  readonly serviceCIDR: string
  /** Address of the Service `default/kubernetes`, such as `10.96.0.1`. */
  readonly kubernetesServiceIP: string
  /** @returns the API servers as reachable from this node, the best first; asked for each new connection */
  readonly apiServers: () => readonly ApiServerAddress[]
  /** Range of this node's pods. Default: the Node object's, once known, or the one of the last run. */
  readonly podCIDR?: string
  /** Where Ingresses are served, while this node serves any. Default 80 and 443. */
  readonly ingressPorts?: IngressPorts
  /** A configuration there has CNI plugins connect pods instead of our own links. */
  readonly cni: CniFolders
  /** Ranges of the node's own addresses that answer for node ports; `primary` = its address. Default: every one. */
  readonly nodePortAddresses?: readonly string[]
  /** Opens a stream to the agent of another node over the control plane. Default: there is no such way. */
  readonly dialNode?: (nodeName: string) => Promise<Duplex>
  readonly log: Log
  readonly clock?: Clock
  readonly run?: Run
  /** Where the DNS server's metrics are registered. */
  readonly metrics?: Registry
  /** Ends the wait for a pod range. */
  readonly signal?: AbortSignal
}

/** Ended by dispose, which leaves links, routes and rules in place: pods keep their network without the agent. */
export interface Network extends AsyncDisposable {
  readonly podNetwork: PodNetwork
  /** Range of this node's pods. */
  readonly podCIDR: string
  /** Replaces the host ports of a pod; an empty list removes them. Resolves when they work. Kept until tear-down. */
  hostPorts(podUid: string, podIP: string, ports: readonly HostPort[]): Promise<void>
  /** Resolves when the network policies that select a pod hold for it: after its set-up, before its containers start. */
  isolate(pod: Pod): Promise<void>
  /** @returns who speaks with whom through this node */
  connections(): Promise<ConnectionSummary>
  /** Names of nodes whose pods are reached over the control plane only. */
  relayed(): readonly string[]
  /** Takes the stream that another node's agent opened with its `dialNode`. */
  acceptRelay(nodeName: string, stream: Duplex): void
}

/** Host firewalls have no event for "rules were reloaded" that all of them share: changes are looked for this often. */
const REASSERT_MS = 5_000
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
  const ownAddresses = [...new Set([identity.clusterDNS, options.kubernetesServiceIP])]

  const sysctls = join(stateDir, 'sysctls.json')
  applySysctls(sysctls)
  // The range's first address is the node's own in the pod network: there as long as the node is, however often the
  // machine's other addresses change.
  const hostIP = formatIPv4(requireCidr(podCIDR).base)
  const probeIP = probeAddressOf(podCIDR)
  const setUpLink = () => setUpServiceLink({ run, addresses: ownAddresses, serviceCIDR, clusterCIDR, hostIP, probeIP })
  await setUpLink()

  const pool = new AddressPool(join(stateDir, 'addresses.json'), requireCidr(podCIDR))
  const ownLinks = new RoutedPodNetwork({ run, addresses: pool, mtu: await uplinkMtu(run, nodeIP), hostIP })
  await ownLinks.adopt()
  const cni = new CniPodNetwork({ ...options.cni, run, stateDir, podCIDR, log })
  await cni.look()
  const podNetwork = new PodNetworks(ownLinks, cni)

  let plan: PeerPlan = { direct: [], tunnelled: [] }
  let usual = plan
  const table = new RuleTable()
  const nodePortAddresses = options.nodePortAddresses?.map(range => (range === 'primary' ? nodeIP : range))
  let stale: StaleFlow[] = []
  const sync = new TableSync({
    run,
    table,
    clock,
    log,
    base: () =>
      baseRules({
        clusterCIDR,
        podCIDR,
        serviceCIDR,
        hostIP,
        direct: plan.direct.map(peer => `${peer.nodeIP}/32`),
        ...(nodePortAddresses && { nodePortAddresses }),
      }),
    applied: () => {
      const flows = stale
      stale = []
      void deleteFlows(run, flows)
    },
  })
  owned.use(sync)
  const hostPorts = new HostPorts(join(stateDir, 'host-ports.json'), table)
  const proxier = owned.use(
    new Proxier({
      view,
      table,
      clusterCIDR,
      nodeName,
      ownAddresses: new Set(ownAddresses),
      changed: () => sync.request(),
      stale: flows => stale.push(...flows),
    }),
  )
  const localIP = (podUid: string) => podNetwork.addressesOf(podUid)?.ips[0]
  const policies = owned.use(
    new PolicyRules({
      view: policyView,
      table,
      localIP,
      changed: () => sync.request(),
    }),
  )
  owned.use(new HealthChecks({ view, nodeName, log }))

  const otherNode = (name: string): Peer | undefined => {
    const node = name === nodeName ? undefined : view.nodes.get(name)
    return node && peerOf(node)
  }
  const relay = owned.use(
    new Relay({
      table,
      peer: otherNode,
      changed() {
        sync.request()
        void reassert.run().catch(onError)
      },
    }),
  )
  await relay.start()
  const onError = (error: unknown) => log.warn({ err: error }, 'cannot bring the host network up to date')
  const changes = new HostChanges(run)
  const routes = new NodeRoutes({ run, nodeIP, hostIP, yields: () => cni.isConfigured })
  const bringUpToDate = async () => {
    const peers = [...view.nodes.keys()].flatMap(name => otherNode(name) ?? [])
    const before = JSON.stringify(plan.direct)
    await setUpLink()
    await ownLinks.repair()
    ;({ plan, usual } = await routes.apply(peers, new Set(relay.nodes)))
    const tunnelPeers = plan.tunnelled.map(peer => peer.nodeIP).sort()
    await openFirewalls(run, { clusterCIDR, ownAddresses, tunnelPeers, probeAddress: probeIP }, log)
    if (JSON.stringify(plan.direct) !== before) sync.requestAll()
    else await sync.verify()
  }
  const reassert = new Serialised(() =>
    bringUpToDate().catch((error: unknown) => {
      changes.forget()
      throw error
    }),
  )
  owned.defer(() => reassert.settled())
  // Beside it: a plugin that gives no answer must not hold up the rest of the node's network.
  const lookAtCni = new Serialised(async () => {
    const before = cni.isConfigured
    await cni.look()
    if (cni.isConfigured !== before) await reassert.run()
  })
  owned.defer(() => lookAtCni.settled())
  await reassert.run()
  await sync.flush()

  owned.defer(view.on({ node: () => void reassert.run().catch(onError) }))
  const look = new Serialised(async () => {
    if (await changes.any()) await reassert.run()
  })
  owned.defer(() => look.settled())
  const timer = setInterval(() => {
    void look.run().catch(onError)
    void lookAtCni.run().catch(onError)
  }, REASSERT_MS)
  owned.defer(() => clearInterval(timer))
  owned.use(await watchReach({ nodeIP, podCIDR, usual: () => usual, relay, dial: options.dialNode, clock, log }))

  const dns = owned.use(
    new DnsServer({
      view,
      address: identity.clusterDNS,
      zone: identity.clusterDomain,
      ownRanges: [requireCidr(clusterCIDR), requireCidr(serviceCIDR)],
      log,
      ...(options.metrics && { metrics: options.metrics }),
    }),
  )
  await dns.start()
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
      path: join(stateDir, 'ingress.json'),
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
      clusterCIDR: requireCidr(clusterCIDR),
      podCIDR: requireCidr(podCIDR),
      countBytes: () => countConnections(sysctls),
      pods: () => policyView.pods.values(),
      localIP,
    }),
  )
  log.info({ podCIDR, nodeIP, services: proxier.ports.size }, 'pod network is up')

  return {
    podCIDR,
    podNetwork: {
      get problem() {
        return podNetwork.problem
      },
      setUp: sandbox => podNetwork.setUp(sandbox),
      addressesOf: podUid => podNetwork.addressesOf(podUid),
      async tearDown(podUid) {
        hostPorts.set(podUid, '', [])
        await podNetwork.tearDown(podUid)
        policies.addressChanged(podUid)
        sync.request()
      },
      async retain(podUids) {
        hostPorts.retain(podUids)
        sync.request()
        await podNetwork.retain(podUids)
      },
    },
    async hostPorts(podUid, podIP, ports) {
      // Its earlier sandbox may have been on our own links: then those rules go.
      const ours = cni.leadsHostPorts(podUid) ? [] : ports
      if (hostPorts.set(podUid, podIP, ours)) await sync.flush()
    },
    async isolate(pod) {
      await Promise.race([policyView.known, delay(clock, POLICIES_WAIT_MS, options.signal).catch(() => undefined)])
      policyView.putPod(policyPodOf(pod))
      policies.addressChanged(pod.metadata.uid)
      await sync.flush()
    },
    connections: () => observer.summary(),
    relayed: () => relay.nodes,
    acceptRelay: (name, stream) => relay.add(name, stream, false),
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  }
}

/** Pods use what the node's own link carries; the tunnel's smaller size is announced to TCP by the rules. */
async function uplinkMtu(run: Run, nodeIP: string): Promise<number> {
  const name = (await listAddresses(run)).find(({ addr_info }) =>
    addr_info.some(({ local }) => local === nodeIP),
  )?.ifname
  const output = name && name !== 'lo' ? await run(['ip', '-j', 'link', 'show', 'dev', name]) : '[]'
  const [link] = JSON.parse(output) as { mtu?: number }[]
  return link?.mtu ?? 1500
}
