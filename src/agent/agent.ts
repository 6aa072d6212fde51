// Composes the agent: runtime → node → network → kubelet → tunnel, and stops them in reverse.
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { Duplex } from 'node:stream'
import { PersistentVolume, type Service, Service as ServiceType } from '../shared/api/core/v1.ts'
import { createEventRecorder } from '../shared/client/events.ts'
import { InformerFactory } from '../shared/client/informer-factory.ts'
import { type Clock, delay } from '../shared/machinery/clock.ts'
import { MAX_HEADER_BYTES } from '../shared/machinery/header-size.ts'
import { CONTROLLER_ATTACHES } from '../shared/machinery/csi-volumes.ts'
import { deferred } from '../shared/machinery/deferred.ts'
import { LOCAL_VOLUMES_PATH } from '../shared/machinery/local-volumes.ts'
import { LOG_FOLDER } from '../shared/machinery/log-folder.ts'
import type { Log } from '../shared/machinery/log.ts'
import { KUBELET_PORT } from '../shared/machinery/node-network.ts'
import { Owned } from '../shared/machinery/owned.ts'
import { type ApiConnection, connectApi } from './api-client.ts'
import { type NodeTls, readTls } from './node-tls.ts'
import type { ApiContext } from './api/contract.ts'
import { DelegatedAccess } from './api/delegated-access.ts'
import { openKubeletPort } from './api/kubelet-port.ts'
import { createKubeletApi } from './api/server.ts'
import { type AgentConfig, cniFoldersOf, firstAddress, ipv6RangesOf, logFolderOf } from './config.ts'
import type { NodeIdentity } from './contracts.ts'
import { rotateCertificate } from './identity/rotation.ts'
import { DEFAULT_THRESHOLDS } from './kubelet/eviction/thresholds.ts'
import { podCgroups } from './kubelet/cgroups/pod-cgroups.ts'
import { EvictionManager } from './kubelet/eviction/eviction-manager.ts'
import { CsiDrivers } from './kubelet/csi/csi-drivers.ts'
import { CsiNode } from './kubelet/csi/csi-node.ts'
import { CsiVolumes } from './kubelet/csi/csi-volumes.ts'
import { ImageGc } from './kubelet/images/image-gc.ts'
import { ProbeCounts } from './kubelet/probes/probe-counts.ts'
import { StatsCollector } from './kubelet/stats/collector.ts'
import { instanceId } from './instance.ts'
import { ImagePuller } from './kubelet/images/image-puller.ts'
import { PullRecords } from './kubelet/images/pull-records.ts'
import { DeviceManager } from './kubelet/devices/device-manager.ts'
import { DraDrivers } from './kubelet/devices/dra-drivers.ts'
import { servePodResources } from './kubelet/devices/pod-resources.ts'
import { PreparedClaims } from './kubelet/devices/prepared-claims.ts'
import { linkKubeletFolder } from './kubelet/plugins/kubelet-folder.ts'
import { PluginManager } from './kubelet/plugins/plugin-manager.ts'
import { configurationOf, shutdownPeriodsOf } from './kubelet/configuration.ts'
import { Kubelet } from './kubelet/kubelet.ts'
import { LogLinks } from './kubelet/log-links.ts'
import { Removals } from './kubelet/removals.ts'
import { NOT_KNOWN_YET } from './kubelet/node/conditions.ts'
import { guessNodeIPv6, machineFacts, machineUsage } from './kubelet/node/machine.ts'
import { chooseNodeIP, nextNodeIP } from './kubelet/node/node-address.ts'
import { NodeReporter, allocatableOf } from './kubelet/node/node-status.ts'
import { ApiObjectSource } from './kubelet/object-source.ts'
import { type KubeletParts, type NodeNetwork, nodeIPsOf } from './kubelet/parts.ts'
import { DockerRuntime } from './kubelet/runtime/docker/docker-runtime.ts'
import { timedRuntime } from './kubelet/runtime/timed.ts'
import { podAmountsOf } from './kubelet/spec/resources.ts'
import { Logind, type ShutdownSource } from './kubelet/shutdown/logind.ts'
import { ShutdownManager } from './kubelet/shutdown/shutdown-manager.ts'
import { WorkTimes } from './kubelet/stats/work-times.ts'
import { TerminationCounts } from './kubelet/status/termination-counts.ts'
import { CrashBackoff } from './kubelet/sync/crash-backoff.ts'
import { ApiTokenSource } from './kubelet/token-source.ts'
import { LocalVolumes, localVolumesPath } from './kubelet/volumes/local-volumes.ts'
import { hostTools, hostToolsOf, unmountHidden } from './kubelet/volumes/mounts.ts'
import { type BindAddress, parseBindAddress } from './network/bind-address.ts'
import { run as runTool } from './network/exec.ts'
import type { Network } from './network/contract.ts'
import { startNetwork } from './network/network.ts'
import { preflight } from './network/preflight.ts'
import { untilFit } from './network/until-fit.ts'
import { dialAnyUpgrade } from './tunnel/dial-upgrade.ts'
import { followServers } from './servers/follow-servers.ts'
import { KnownServers } from './servers/known-servers.ts'
import { runTunnel } from './tunnel/tunnel.ts'

/** Kubernetes version that the agent speaks. */
export const KUBERNETES_VERSION = 'v1.36.0'
/** A first start waits this long for the services that containers get as variables. */
const SERVICES_WAIT_MS = 3_000

/** How soon a changed ConfigMap or an ageing token reaches its files. */
const VOLUME_REFRESH_MS = 30_000

/** How often the node looks whether it is short of something. */
const HOUSEKEEPING_MS = 10_000
/** How long the API server may take to be told of a shutdown before pods end as without it. */
const ANNOUNCE_MS = 3_000
const MANIFESTS_MS = 20_000
const NETWORK_NOT_READY = 'network is not ready'
const KUBELET_NOT_READY = 'kubelet is not ready'
/** How long a node whose link hangs is not said to be ready. */
const LINK_WAIT_MS = 3_000
/** How long the network of a node that had one may take until that is told. */
const MOST_STARTING_MS = 30_000
const IMAGE_GC_MS = 300_000

export interface AgentOptions {
  readonly config: AgentConfig
  readonly clock: Clock
  readonly log: Log
  /** Default: the real one, which changes this host's links, routes and rules. */
  readonly network?: (
    api: ApiConnection,
    informers: InformerFactory,
    nodeIP: string,
  ) => Promise<NodeNetwork & AsyncDisposable>
  /** What tells that the machine shuts down. */
  readonly shutdowns?: ShutdownSource
  readonly volumeRefreshMs?: number
  readonly housekeepingMs?: number
}

export interface RunningAgent extends AsyncDisposable {
  /** Resolves with the reason when only a new start goes on well: a renewed certificate, another address of the node. */
  readonly outdated: Promise<string>
  readonly kubelet: Kubelet
  /** Takes a connection to the kubelet's HTTP API from somebody who may use all of it. */
  accept(connection: Duplex): void
}

/** @throws Error when the container engine or the network cannot be used */
export async function startAgent({
  config,
  clock,
  log,
  network = undefined,
  shutdowns = new Logind(runTool),
  volumeRefreshMs = VOLUME_REFRESH_MS,
  housekeepingMs = HOUSEKEEPING_MS,
}: AgentOptions): Promise<RunningAgent> {
  const stop = new AbortController()
  const owned = new Owned()
  try {
    const { nodeName, dataDir } = config
    const nodeIP = chooseNodeIP(config.nodeIP)
    if (nodeIP === undefined) throw new Error('this machine has no network address; set nodeIP')
    const nodeIPv6 = ipv6RangesOf(config) && (config.nodeIPv6 ?? guessNodeIPv6(nodeIP))
    const { clusterDNS, clusterDomain } = config
    const identity: NodeIdentity = { nodeName, nodeIP, nodeIPv6, clusterDNS, clusterDomain }
    await unmountHidden(dataDir, hostTools).catch((error: unknown) => log.warn({ err: error }, 'hidden mounts stay'))
    const times = new WorkTimes(clock)
    const docker = await DockerRuntime.connect({
      socketPath: config.dockerSocket,
      instance: instanceId(dataDir),
      hostContainer: config.hostContainer,
      clock,
    })
    const runtime = timedRuntime(docker, times)
    const [version, machine] = await Promise.all([runtime.version(), machineFacts()])
    const usage = await machineUsage(dataDir)
    const allocatable = allocatableOf(machine, usage.diskTotalBytes)
    const tls = readTls(config)
    const servers = new KnownServers(config)
    const api = connectApi(servers.all, tls)
    owned.use(api)
    const informers = new InformerFactory(api.client, clock, {
      onError: error => log.debug({ error: String(error) }, 'watch interrupted'),
    })
    const services = informers.informer(ServiceType)

    const recorder = createEventRecorder({
      client: api.client, clock, component: 'kubelet', host: nodeName, signal: stop.signal,
    }) // prettier-ignore
    const running: { kubelet?: Kubelet; network?: NodeNetwork; shutdowns?: ShutdownManager; csi?: CsiVolumes } = {}
    const stats = new StatsCollector(runtime, () => running.kubelet?.active ?? [], clock)
    const probeCounts = new ProbeCounts()
    const terminations = new TerminationCounts()
    const tellOfNode = (type: 'Normal' | 'Warning', reason: string, message: string) => {
      const node = reporter.reference && { apiVersion: 'v1', kind: 'Node', ...reporter.reference }
      if (node) recorder.event(node, type, reason, message)
    }
    const imageDisk = () => machineUsage(version.rootDir).catch(() => machineUsage(dataDir)) // Docker may be elsewhere
    const imageGc = new ImageGc({
      runtime,
      dataDir,
      disk: imageDisk,
      onFailed: message => tellOfNode('Warning', 'FreeDiskSpaceFailed', message),
      clock,
      log,
    })
    const pullRecords = new PullRecords(dataDir, log)
    const forgetGone = () => pullRecords.forgetGone(async () => (await runtime.images()).map(({ id }) => id))
    const thresholds = { ...DEFAULT_THRESHOLDS, ...config.evictionHard }
    const evictions = new EvictionManager({
      thresholds,
      periodMs: housekeepingMs,
      usage: async () => ({
        memoryBytes: machine.memoryBytes,
        node: await machineUsage(dataDir),
        images: await imageDisk(),
      }),
      pods: () => running.kubelet?.active ?? [],
      readings: async () => (await stats.snapshot()).containers,
      diskUsage: pod => kubelet.diskUsage(pod),
      reclaimDisk: async () => {
        await kubelet.freeDisk()
        await imageGc.free(Number.POSITIVE_INFINITY)
      },
      evict: (pod, message, graceSeconds) => kubelet.evict(pod, message, graceSeconds),
      reclaiming: resource => tellOfNode('Warning', 'EvictionThresholdMet', `Attempting to reclaim ${resource}`),
      clock,
      log,
    })
    // Rules and links outlive an agent: a node that has had its network keeps its pods in their Services while it starts.
    const hasJoined = existsSync(`${networkDir(dataDir)}/pod-cidr.json`)
    // What was told of it stands until this agent knows better.
    let isStarting = hasJoined
    const problems = new Set([NETWORK_NOT_READY])
    owned.defer(clock.after(MOST_STARTING_MS, () => (isStarting = false)))
    const devices = new DeviceManager({
      dataDir,
      isActive: uid => running.kubelet?.active.some(({ metadata }) => metadata.uid === uid) ?? true,
      onCapacity: () => void reporter.report(stop.signal).catch(() => undefined), // its own loop tries again
      onHealth: pods => running.kubelet?.wake(pods),
      clock,
      log,
    })
    const reporter = new NodeReporter({
      client: api.client,
      runtime,
      engine: version,
      machine,
      nodeName,
      nodeIPs: nodeIPsOf(identity),
      labels: config.labels,
      annotations: { [LOCAL_VOLUMES_PATH]: localVolumesPath(dataDir), [CONTROLLER_ATTACHES]: 'true' },
      volumesInUse: () => running.csi?.inUse,
      taints: config.taints,
      version: KUBERNETES_VERSION,
      diskPath: dataDir,
      isStarting: () => isStarting,
      devices: () => devices.amounts,
      problems: () => [
        ...problems,
        ...[running.network?.podNetwork.problem ?? []].flat(),
        ...(running.shutdowns?.isShuttingDown ? ['node is shutting down'] : []),
      ],
      pressures: () => evictions.pressures,
      relayed: () => running.network?.relayed() ?? [],
      wireguard() {
        if (running.network) return running.network.wireguard
        return config.networkBackend === 'wireguard' ? NOT_KNOWN_YET : undefined
      },
      ...(ipv6RangesOf(config) && { ipv6Problem: () => running.network?.ipv6Problem }),
      recorder,
      clock,
      log,
    })
    const reporting = reporter.run(stop.signal)
    informers.start(stop.signal)

    const startReal = async (): Promise<Network> => {
      const ranges = { ...config, ipv6: ipv6RangesOf(config) }
      await untilFit({
        // A node that works is not kept from its pods by a network that somebody added since.
        check: () => preflight(runTool, { ranges: hasJoined ? undefined : ranges, backend: config.networkBackend }),
        tell(messages) {
          if (messages.length > 0) isStarting = false
          problems.clear()
          for (const message of messages.length > 0 ? messages : [NETWORK_NOT_READY]) problems.add(message)
          void reporter.report(stop.signal).catch(() => undefined) // its own loop tries again
        },
        clock,
        log,
        signal: stop.signal,
      })
      return startHostNetwork(config, identity, { ...api, tls }, informers, clock, log, stop.signal)
    }
    const podNetwork = await (network ? network(api, informers, nodeIP) : startReal()).catch(async (error: unknown) => {
      isStarting = false
      await reporter.report(AbortSignal.any([stop.signal, AbortSignal.timeout(ANNOUNCE_MS)])).catch(() => undefined) // why it ends says more
      throw error
    })
    owned.use(podNetwork)
    running.network = podNetwork
    if (podNetwork.ipv6Problem) tellOfNode('Warning', 'IPv6Unavailable', podNetwork.ipv6Problem)
    problems.clear()
    problems.add(KUBELET_NOT_READY)

    const volumes = informers.informer(PersistentVolume)
    const localVolumes = new LocalVolumes({ dataDir, nodeName, client: api.client, volumes, recorder, clock, log })
    owned.use(localVolumes)
    const kubeletLinkProblem = config.kubeletLink && (await linkKubeletFolder(dataDir, config.kubeletLink))
    if (kubeletLinkProblem) log.warn({}, kubeletLinkProblem)
    const objects = new ApiObjectSource(api.client, clock, dataDir)
    const drivers = new DraDrivers({
      client: api.client,
      nodeName,
      onHealth: driver => running.kubelet?.wake(claims.podsWith(driver)),
      clock,
      log,
    })
    const claims = new PreparedClaims({ path: `${dataDir}/prepared-claims.json`, source: objects, drivers, log })
    const tools = config.hostFiles === 'parent' ? hostToolsOf(process.ppid) : hostTools
    const logFolder = logFolderOf(config)
    await mkdir(logFolder, { recursive: true }).catch(() => undefined) // it is made when it is needed
    const logLinks = new LogLinks({ folder: logFolder, engineFolder: version.rootDir, root: tools.root, log })
    const tokens = new ApiTokenSource(api.client, clock)
    const csiNode = new CsiNode({ client: api.client, nodeName, clock, signal: stop.signal, log })
    const csiDrivers = owned.use(
      new CsiDrivers({ csiNode, onRegistered: () => running.kubelet?.driverCame(), signal: stop.signal }),
    )
    const csi = new CsiVolumes({
      dataDir, nodeName, drivers: csiDrivers, objects, tokens, clock, log,
      tellInUse: () => reporter.tellVolumesInUse(stop.signal),
    }) // prettier-ignore
    await csi.load()
    running.csi = csi
    const parts: KubeletParts = {
      node: identity,
      nodeMemoryBytes: machine.memoryBytes,
      allocatable,
      podPidsLimit: config.podPidsLimit,
      nodeReference: () => reporter.reference,
      staticPodDir: config.staticPodPath ?? `${dataDir}/manifests`,
      manifestsMs: Math.min(MANIFESTS_MS, housekeepingMs),
      refreshNode: () => reporter.refresh(),
      nodeFacts: () => ({
        name: nodeName,
        labels: reporter.labels,
        appArmor: machine.appArmor,
        isShuttingDown: running.shutdowns?.isShuttingDown ?? false,
        allocatable: { ...allocatable, ...devices.allocatable },
        pressures: evictions.pressures,
      }),
      dataDir,
      runtime,
      removals: owned.use(new Removals({ runtime, clock, log })),
      network: podNetwork,
      cgroups: podCgroups({
        driver: version.cgroupDriver,
        cpus: machine.cpus,
        amountsOf: pod => podAmountsOf(pod, config),
      }),
      client: api.client,
      recorder,
      images: new ImagePuller({
        runtime,
        objects,
        recorder,
        records: pullRecords,
        clock,
        onPulled: id => imageGc.notePulled(id),
      }),
      objects,
      localVolumes,
      volumeRefreshMs,
      csi,
      tokens,
      services: (): readonly Service[] => services.lister.list(),
      backoff: new CrashBackoff(clock),
      probeCounts,
      terminations,
      times,
      handlers: version.handlers,
      recursiveReadOnlyMounts: version.recursiveReadOnlyMounts,
      engineReadsCdi: version.readsCdi,
      devices,
      claims,
      tools: { ...tools, ...(logFolder !== LOG_FOLDER && { logFolder }) },
      logLinks,
      clock,
      log,
    }
    await Promise.race([services.synced(), delay(clock, SERVICES_WAIT_MS, stop.signal)]).catch(() => undefined) // without them
    const kubelet = new Kubelet(parts)
    await devices.load()
    await claims.load()
    await kubelet.start()
    running.kubelet = kubelet
    owned.use(kubelet)
    owned.use(devices)
    await devices.start()
    owned.use(drivers)
    drivers.start()
    const handlers = { CSIPlugin: csiDrivers, DevicePlugin: devices, DRAPlugin: drivers }
    const plugins = owned.use(new PluginManager({ dataDir, handlers, clock, log }))
    await plugins.start()
    owned.use(
      await servePodResources({
        socketPath: `${dataDir}/pod-resources/kubelet.sock`,
        devices,
        claims,
        pods: () => kubelet.active,
      }),
    )
    running.shutdowns = new ShutdownManager({
      source: shutdowns,
      periods: shutdownPeriodsOf(config),
      pods: () => kubelet.active,
      end: (...how) => kubelet.endForShutdown(...how),
      async announce(isShuttingDown) {
        const what = isShuttingDown ? 'event' : 'cancellation'
        tellOfNode('Normal', 'NodeShutdown', `Shutdown manager detected shutdown ${what}`)
        const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(ANNOUNCE_MS)])
        return reporter.report(signal).then(
          () => true,
          () => false,
        )
      },
      clock,
      log,
    })
    const housekeeping = Promise.all([
      csiNode.start(),
      evictions.run(stop.signal),
      collectImages(imageGc, clock, stop.signal, log, forgetGone),
      running.shutdowns.run(stop.signal),
    ])

    const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES })
    const apiContext: ApiContext = {
      kubelet, runtime, machine, network: podNetwork, dataDir, logFolder, imageDir: version.rootDir, stats, probeCounts,
      terminations, times, nodeName, clock, log, version: KUBERNETES_VERSION,
      startedAtMs: clock.now(),
      configuration: configurationOf(config, thresholds),
    } // prettier-ignore
    owned.use(createKubeletApi({ ...apiContext, server }))
    const opened = openKubeletPort({
      ...apiContext,
      places: kubeletPlaces(config, identity),
      folder: `${dataDir}/pki`,
      addresses: nodeIPsOf(identity),
      access: new DelegatedAccess(api.client, nodeName, clock),
    }).catch((error: unknown) => log.warn({ error: String(error) }, "the kubelet's port stays closed"))
    owned.defer(async () => (await opened)?.[Symbol.asyncDispose]())
    const accept = (connection: Duplex) => void server.emit('connection', connection)
    const linkTried = deferred()
    const tunnel = runTunnel({
      servers: servers.all,
      tls,
      nodeName,
      kubelet: accept,
      relay: (from, stream) => podNetwork.acceptRelay(from, stream),
      clock,
      signal: stop.signal,
      onChange(connected, detail) {
        log.info({ connected, detail }, 'link to the API server')
        linkTried.resolve()
      },
    })
    const following = followServers({ client: api.client, servers, nodeName, clock, log, signal: stop.signal })
    const rotation = config.rotateCertificates
      ? rotateCertificate({ config, client: api.client, clock, log, signal: stop.signal })
      : Promise.resolve(false)
    const moved = nextNodeIP({ nodeIP, clock, signal: stop.signal })
    // Whoever sees the node Ready may ask its kubelet for logs at once.
    await Promise.race([linkTried.promise, delay(clock, LINK_WAIT_MS, stop.signal)]).catch(() => undefined) // stopped
    problems.clear()
    isStarting = false
    void reporter.report(stop.signal).catch(() => undefined) // its own loop tries again
    log.info({ nodeName, nodeIP, runtime: version.version }, 'agent started')
    return {
      outdated: new Promise(resolve => {
        void rotation.then(renewed => renewed && resolve('the certificate was renewed'))
        void moved.then(next => next !== undefined && resolve(`the address of the node is ${next} now`))
      }),
      kubelet,
      accept,
      async [Symbol.asyncDispose]() {
        stop.abort(new Error('the agent stops'))
        await owned[Symbol.asyncDispose]()
        await Promise.all([reporting, tunnel, following, housekeeping, rotation, moved])
      },
    }
  } catch (error) {
    stop.abort(error)
    await owned[Symbol.asyncDispose]()
    throw error
  }
}

async function collectImages(
  gc: ImageGc,
  clock: Clock,
  signal: AbortSignal,
  log: Log,
  forgetGone: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    await delay(clock, IMAGE_GC_MS, signal).catch(() => undefined) // aborted: the loop ends
    if (!signal.aborted)
      await gc
        .collect()
        .then(forgetGone)
        .catch((error: unknown) => log.warn({ error: String(error) }, 'images not looked through'))
  }
}

/** Where the kubelet's port is. */
function kubeletPlaces({ kubeletBindAddress }: AgentConfig, identity: NodeIdentity): readonly BindAddress[] {
  if (kubeletBindAddress === undefined) return nodeIPsOf(identity).map(host => ({ host, port: KUBELET_PORT }))
  const place = parseBindAddress(kubeletBindAddress)
  return place ? [place] : []
}

const networkDir = (dataDir: string): string => `${dataDir}/network`

function startHostNetwork(
  config: AgentConfig,
  identity: NodeIdentity,
  api: Pick<ApiConnection, 'client' | 'servers'> & { readonly tls: NodeTls },
  informers: InformerFactory,
  clock: Clock,
  log: Log,
  signal: AbortSignal,
): Promise<Network> {
  const { nodeName, clusterCIDR, serviceCIDR, podCIDR, dataDir } = config
  const ipv6 = ipv6RangesOf(config)
  return startNetwork({
    identity,
    stateDir: networkDir(dataDir),
    client: api.client,
    informers,
    clusterCIDR,
    serviceCIDR,
    ...(ipv6 && { ipv6 }),
    kubernetesServiceIP: config.kubernetesServiceIP ?? firstAddress(serviceCIDR),
    apiServers: () =>
      api.servers().map(server => {
        const { hostname, port } = new URL(server)
        return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 443) }
      }),
    dialNode(other) {
      const path = `/apis/flotilla.dev/v1/nodes/${nodeName}/relay?to=${other}`
      const request = { path, protocol: 'flotilla-relay', tls: api.tls, clock, signal }
      return dialAnyUpgrade(api.servers(), request).then(({ socket }) => socket)
    },
    cni: cniFoldersOf(config),
    backend: config.networkBackend,
    ...(podCIDR === undefined ? {} : { podCIDR }),
    ...(config.nodePortAddresses && { nodePortAddresses: config.nodePortAddresses }),
    ...(config.ingressPorts && { ingressPorts: config.ingressPorts }),
    ...(config.healthzBindAddress !== undefined && { healthzBindAddress: config.healthzBindAddress }),
    ...(config.metricsBindAddress !== undefined && { metricsBindAddress: config.metricsBindAddress }),
    log,
    clock,
    signal,
  })
}
