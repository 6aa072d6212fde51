// The control plane, put together: store → API server → controllers → scheduler → this machine as a node. The desktop
// app and the headless command call the same function; it ends in reverse order.
import { randomUUID } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createEventRecorder } from '../shared/client/events.ts'
import type { Client } from '../shared/client/client.ts'
import { createClient } from '../shared/client/typed-client.ts'
import { systemClock } from '../shared/machinery/clock.ts'
import type { Log } from '../shared/machinery/log.ts'
import type { NetworkBackend } from '../shared/machinery/node-network.ts'
import { Owned } from '../shared/machinery/owned.ts'
import type { AdmissionSettings } from './apiserver/admission/settings.ts'
import { createAdmission } from './apiserver/admission/plugins.ts'
import type { AuditOptions } from './apiserver/audit/audit.ts'
import { AuditLog, type AuditLogOptions } from './apiserver/audit/audit-log.ts'
import { PEOPLE_LOG, peopleLog, peoplePolicy } from './apiserver/audit/people.ts'
import { createAuthorization } from './apiserver/authz/authorizers.ts'
import { bootstrapCluster } from './apiserver/bootstrap/bootstrap.ts'
import { SystemNamespaces } from './apiserver/bootstrap/system-namespaces.ts'
import { hostOperationAnswers } from './apiserver/endpoints/hosts/answers.ts'
import { joinPaths } from './apiserver/endpoints/hosts/join.ts'
import { loginTokens } from './apiserver/endpoints/login-tokens.ts'
import { historyHandlers } from './apiserver/endpoints/history/handlers.ts'
import { schedulingHandlers } from './apiserver/endpoints/scheduling/handlers.ts'
import { controlPlaneMoves } from './apiserver/endpoints/control-plane-moves.ts'
import { storeOperations } from './apiserver/endpoints/store-operations.ts'
import { closeBodyDecoder } from './apiserver/codec/decode-body.ts'
import { DEFAULT_EVENT_TTL_MS, EventTtl, eventTtl } from './apiserver/event-ttl/event-ttl.ts'
import { componentStatusHandler } from './apiserver/endpoints/component-statuses.ts'
import { subresourceHandlers } from './apiserver/endpoints/subresources.ts'
import { MetricsCollector } from './apiserver/metrics-api/collector.ts'
import { openapiPaths } from './apiserver/openapi/paths.ts'
import { identityName, Peers } from './apiserver/peers/peers.ts'
import { NodeTunnels } from './apiserver/proxy/node-tunnels.ts'
import { builtinResources } from './apiserver/registry/index.ts'
import type { UserInfo } from './apiserver/request.ts'
import { withCalculableNumbers } from './apiserver/schema/calculable.ts'
import { storeCheck } from './apiserver/health/health.ts'
import { addStorageMetrics } from './apiserver/health/storage-metrics.ts'
import { startChecks } from './apiserver/health/start-hooks.ts'
import { type ApiServer, type ApiServerOptions, createApiServer } from './apiserver/server.ts'
import { backupReports } from './control-plane/backup-reports.ts'
import type { CarriedFlag } from './data-folder/running-server.ts'
import { readPassphrase } from './data-folder/passphrase-file.ts'
import type { ListenAddress } from './addresses/listen-address.ts'
import type { EngineChoice } from './store/open-engine.ts'
import { controllerMetrics } from './controllers/controller-metrics.ts'
import type { ControllerChoice } from './controllers/choice.ts'
import { startControllers } from './controllers/index.ts'
import type { ClusterNetwork, ClusterRanges } from './addresses/cluster-network.ts'
import { type DataDirLayout, ensureDataDir } from './data-folder/data-dir.ts'
import { KEPT_RANGES_KEY, keptRanges, settleBackend, settleRanges } from './addresses/kept-ranges.ts'
import { writeAtomically } from './data-folder/kubeconfig-file.ts'
import { type LedPart, takeTurns } from './control-plane/leading.ts'
import { localNodeName } from './local-node/detect.ts'
import { startLocalNodes } from './local-node/local-node.ts'
import { localNodeReport } from './local-node/report.ts'
import type { LocalPlace } from './local-node/place.ts'
import { openLog } from './process/log-file.ts'
import { Departure } from './move/departure.ts'
import { MovedError, assertHere } from './move/mark.ts'
import { forOtherMachines, ownNames, reachable, reachableServers, serviceEndpoint } from './addresses/own-names.ts'
import { assertClusterAuthority } from './pki/cluster-authority.ts'
import { openPki, type Pki } from './pki/pki.ts'
import { AnswerDesk } from './provisioning/answers.ts'
import { lazyJoinFiles, startProvisioning } from './provisioning/start.ts'
import { processStart } from './process/process-start.ts'
import { partCheck } from './control-plane/part-check.ts'
import { type ClusterPlace, renderKubeconfig } from '../shared/machinery/kubeconfig.ts'
import type { SchedulerConfiguration } from './scheduler/config/configuration.ts'
import { SchedulingDesk } from './scheduler/desk.ts'
import { startScheduler } from './scheduler/scheduler.ts'
import { schedulerMetrics } from './scheduler/scheduler-metrics.ts'
import { ScheduledBackups } from './store/backup/schedule.ts'
import type { MasterSecret } from './store/encryption/master-key.ts'
import { openSealedEngine } from './store/encryption/sealed-engine.ts'
import { DEFAULT_HISTORY_LIMITS } from './store/history/contract.ts'
import { HistoryRecorder } from './store/history/recorder.ts'
import { openObjectStore } from './store/object-store.ts'
import { openEngine } from './store/open-engine.ts'

/** What whoever runs the server may choose about it. */
export type ApiServerSettings = Pick<
  ApiServerOptions,
  | 'tokens'
  | 'authentication'
  | 'limits'
  | 'priorityAndFairness'
  | 'requestTimeoutMs'
  | 'shutdownDelayMs'
  | 'strictTransportSecurity'
  | 'flags'
> & {
  readonly audit?: Omit<AuditOptions, 'sink'> & { readonly log: AuditLogOptions }
  /** What admission plugins are told. */
  readonly admissionSettings?: AdmissionSettings
  /** Ports that Services get of every node. Default: 30000–32767. */
  readonly nodePortRange?: readonly [first: number, last: number]
  /** How long Events are kept after they were written last. */
  readonly eventTtlMs?: number
  /** How much of the past is kept in memory for watches and exact revisions. */
  readonly watchCacheBytes?: number
}

export interface ControlPlaneOptions {
  readonly dataDir: string
  readonly listen: ListenAddress
  /** Names and addresses under which clients reach the API server, besides this machine's own. */
  readonly advertise?: readonly string[]
  readonly store: EngineChoice
  /** Opens an encrypted store, or encrypts one that is not. */
  readonly encryption?: MasterSecret
  /** Whether this machine becomes a node. */
  readonly localNode: boolean
  /** The folder of the local cluster whose nodes are to run. */
  readonly localCluster?: string
  /** Ranges of the nodes' addresses that answer for node ports, or `primary`. Default: all. */
  readonly nodePortAddresses?: readonly string[]
  /** Whether ports of Services are opened on this machine's loopback, too. Default: no. */
  readonly loopbackNodePorts?: boolean
  /** Of pods and Services; IPv4 first. Default: those that the cluster was made with. */
  readonly ranges?: ClusterRanges
  /** How pods' packets travel between nodes. Default: as last, and `auto` for a new cluster. */
  readonly networkBackend?: NetworkBackend
  readonly apiServer?: ApiServerSettings
  /** Which controllers run. Default: all. */
  readonly controllers?: ControllerChoice
  /** Default: one profile as upstream's. */
  readonly scheduler?: SchedulerConfiguration
  /** Of `flotilla serve`: for whoever moves it. */
  readonly flags?: readonly CarriedFlag[]
  /** Default: a file in the data folder. */
  readonly log?: Log
  /** Told, in a sentence, whether this machine joined as a node, or why not. */
  readonly onNodeStatus?: (line: string) => void
}

export interface ControlPlane extends AsyncDisposable {
  /** `https://127.0.0.1:6443` */
  readonly url: string
  readonly kubeconfigPath: string
  readonly server: ApiServer
  readonly pki: Pki
  /** @returns a token for `<url>/ui/login#token=…`: works once, within five minutes, as the admin */
  issueLoginToken(): string
  /** Resolves when something fails that the control plane cannot go on without, or it has moved (MovedError). */
  readonly failed: Promise<Error>
}

const ADMIN: UserInfo = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] }
/** What the API server does by itself, under upstream's name for it. */
const LOOPBACK: UserInfo = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] }
const component = (name: string): UserInfo => ({ name, groups: ['system:authenticated'] })
const controllerAccount = (name: string): UserInfo => ({
  name: `system:serviceaccount:kube-system:${name}`,
  groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
})

/** @throws StoreError, or Error when the port is taken; nothing is left running then */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const owned = new Owned()
  try {
    return await start(options, owned)
  } catch (error) {
    await owned[Symbol.asyncDispose]()
    throw error
  }
}

async function start(options: ControlPlaneOptions, owned: Owned): Promise<ControlPlane> {
  const clock = systemClock
  const layout = ensureDataDir(options.dataDir)
  const log = options.log ?? owned.use(openLog(join(layout.logs, 'control-plane.log')))

  // A copy that is arriving may be half filled: its move says more about that than the store can.
  assertHere(layout.root)
  // The store before all else: it locks the folder, so that no second process makes keys in it.
  const { store, engine } = await openStore(options, layout, log)
  owned.use(store)
  // Again, now that nobody else can write a mark.
  assertHere(layout.root)
  if (store.shared) await assertClusterAuthority(store, layout.root)
  const history = owned.use(await engine.openHistory(DEFAULT_HISTORY_LIMITS))
  const { advertise = [] } = options
  const kept = store.get(KEPT_RANGES_KEY)?.object
  const networkBackend = settleBackend(kept, options.networkBackend)
  const network: ClusterNetwork = { ...settleRanges(kept, options.ranges ?? {}), networkBackend }
  const names = [...new Set([...ownNames(options.listen.host), network.kubernetesServiceIP, ...advertise])]
  const pki = await openPki({ dataDir: layout.root, names, clock })
  let recorder: HistoryRecorder | undefined
  const recorded = async () => recorder?.flush()
  const departure = new Departure({ store, engine, dataDir: layout.root, history, recorded }, clock)
  owned.defer(closeBodyDecoder)
  const tunnels = owned.use(new NodeTunnels(clock))
  const metrics = owned.use(new MetricsCollector({ dialer: tunnels, clock }))
  metrics.keepHistory()
  const authorization = owned.use(createAuthorization(store))
  const admission = owned.use(
    createAdmission({
      store,
      serviceCIDRs: network.serviceCIDRs,
      nodes: tunnels,
      log,
      settings: options.apiServer?.admissionSettings,
      nodePortRange: options.apiServer?.nodePortRange,
    }),
  )
  const answers = owned.use(new AnswerDesk())
  const scheduler = (passive: boolean) =>
    startScheduler({
      client: createClient(server.transport(component('system:kube-scheduler'))),
      clock,
      passive,
      ...(passive ? {} : { metrics: placing }),
      ...(options.scheduler ? { configuration: options.scheduler } : {}),
      onError: error => log.warn({ err: error }, 'scheduling'),
    })
  const desk = new SchedulingDesk(() => scheduler(true))
  const ui = windowFolder()
  /** Known once the port is open. */
  const servers: string[] = []
  const hostSettings = { ...nodeNetwork(network, options), caPem: pki.caPem, servers }
  const agentFolder = builtFile('agent')
  const ownNode = localNodeReport()
  const onNodeStatus = (line: string) => (ownNode.hear(line), options.onNodeStatus?.(line))
  const {
    audit: { log: auditLog, ...audit } = { policy: peoplePolicy(), log: peopleLog(join(layout.logs, PEOPLE_LOG)) },
    eventTtlMs: ttlMs = DEFAULT_EVENT_TTL_MS,
    watchCacheBytes: _opened,
    admissionSettings: _told,
    nodePortRange: _given,
    ...settings
  } = options.apiServer ?? {}
  let bootstrapped = false
  const running = new Set<string>()
  const server: ApiServer = owned.use(
    await createApiServer({
      priorityAndFairness: true,
      ...settings,
      audit: { ...audit, sink: owned.use(new AuditLog(auditLog, clock, log)) },
      store,
      pki,
      listen: options.listen,
      resources: builtinResources,
      authorizers: authorization.authorizers,
      admission: admission.plugins,
      subresources: [
        ...subresourceHandlers({ tunnels, metrics }),
        loginTokens(user => server.issueLoginToken(user)),
        storeOperations({ store, engine, dataDir: layout.root }),
        controlPlaneMoves(departure),
        ...historyHandlers(history),
        ...schedulingHandlers({ questions: desk, clientFor: user => createClient(server.transport(user)) }),
        componentStatusHandler([
          partCheck('scheduler', 'kube-scheduler', { store, clock, running }),
          partCheck('controller-manager', 'kube-controller-manager', { store, clock, running }),
          storeCheck(store, 'etcd-0'),
        ]),
        hostOperationAnswers((operation, prompt, answer) => answers.take(operation, prompt, answer)),
      ],
      identity: identityName(hostname(), layout.root),
      nodes: tunnels,
      startChecks: startChecks('bootstrap', () => bootstrapped),
      paths: (resources, foreign, subresources) => [
        ...openapiPaths(() => resources.all, builtFile('openapi-descriptions.json'), foreign, subresources),
        ...joinPaths(lazyJoinFiles(hostSettings, agentFolder), () => createClient(server.transport(LOOPBACK))),
        ownNode.path,
      ],
      ...(ui ? { ui: { dir: ui } } : {}),
      clock,
      log,
    }),
  )
  const address = await server.listen().catch((error: unknown) => {
    throw listenError(error, options.listen)
  })
  const url = `https://${address.address.includes(':') ? `[${address.address}]` : reachable(address.address)}:${address.port}`
  servers.push(...reachableServers(address, advertise))
  const outside = forOtherMachines(servers)
  const clusterInfo = { url: outside[0] ?? url, caPem: pki.caPem }
  await bootstrapCluster(server.context, {
    user: ADMIN,
    clusterInfo,
    hasPeers: store.shared,
    authorities: { clients: pki.caPem, frontProxy: pki.frontProxy.caPem },
    network,
    keptRanges: keptRanges(network),
  })
  const client = (user: UserInfo) => createClient(server.transport(user))
  const serviceIP = network.kubernetesServiceIP
  const peers = owned.use(
    new Peers({
      client: client(LOOPBACK),
      clock,
      log,
      hostname: hostname(),
      place: layout.root,
      endpoint: () => serviceEndpoint(address, advertise, { serviceIP, others: store.shared }),
      urls: () => [url, ...outside],
      clusterInfo,
      masterKey: () => engine.encryption.masterKeyId,
      serviceIP,
      isAlone: !store.shared,
    }),
  )
  await peers.start()
  bootstrapped = true
  owned.use(new SystemNamespaces({ client: client(LOOPBACK), clock, log }))
  owned.use(new EventTtl({ store, ttlMs, clock, log }))
  owned.use(desk)

  const reporting = new AbortController()
  owned.defer(() => reporting.abort())
  const events = createEventRecorder({
    client: client(LOOPBACK),
    clock,
    component: 'flotilla-backup',
    signal: reporting.signal,
  })
  const onOutcome = backupReports(server.metrics.registry, events)
  owned.use(new ScheduledBackups({ store, dataDir: layout.root, readPassphrase, onOutcome, clock, log }))
  const others = outside.filter(other => other !== url)
  writeKubeconfig(layout, pki, { server: url, others, kubernetesServiceIP: network.kubernetesServiceIP })
  const { pid } = process
  const startedAt = new Date().toISOString()
  const { flags = [] } = options
  const runtime = { pid, url, servers, startedAt, processStart: processStart(pid), flags }
  writeAtomically(layout.runtime, JSON.stringify(runtime))
  owned.defer(() => rmSync(layout.runtime, { force: true }))

  addStorageMetrics(server.metrics.registry, engine)
  const queueMetrics = controllerMetrics(server.metrics.registry)
  const placing = schedulerMetrics(server.metrics.registry)
  const parts: LedPart[] = [
    {
      name: 'kube-controller-manager',
      client: client(component('system:kube-controller-manager')),
      start: () =>
        startControllers({
          client: client(component('system:kube-controller-manager')),
          clientFor: name => client(controllerAccount(name)),
          clock,
          log,
          metrics: queueMetrics,
          rootCa: pki.caPem,
          pki,
          clusterCidrs: network.clusterCIDRs,
          serviceCidrs: network.serviceCIDRs,
          ...(options.controllers && { choice: options.controllers }),
          signToken: async ({ namespace, serviceAccount, secret }) => {
            const { issue, apiAudiences: audiences } = server.tokens
            const boundTo = { kind: 'Secret' as const, ...secret }
            return (await issue({ namespace, serviceAccount, audiences, expirationSeconds: undefined, boundTo })).token
          },
        }),
    },
    {
      name: 'kube-scheduler',
      client: client(component('system:kube-scheduler')),
      start: async () => desk.serve(await scheduler(false)),
    },
    {
      name: 'flotilla-history',
      client: client(ADMIN),
      start: () => (recorder = new HistoryRecorder({ store, history, clock, log })),
    },
    {
      name: 'flotilla-hosts',
      client: client(ADMIN),
      start: () =>
        startProvisioning({
          client: client(controllerAccount('host-controller')),
          clock,
          log,
          desk: answers,
          cluster: hostSettings,
          apiServer: { host: reachable(address.address), port: address.port },
          keyFolder: join(layout.root, 'ssh'),
          agentFolder,
        }),
    },
  ]
  let isOpen = false
  const openNodePorts = async () => {
    if (isOpen) return
    isOpen = true
    const { NodePorts } = await import('./node-ports/node-ports.ts')
    const told = createEventRecorder({
      client: client(LOOPBACK),
      clock,
      component: 'flotilla-node-ports',
      signal: reporting.signal,
    })
    owned.use(new NodePorts({ client: client(LOOPBACK), dialer: tunnels, clock, log, events: told }))
  }
  if (options.loopbackNodePorts) await openNodePorts()
  // The embedded store is this process's own: nobody else could lead.
  if (options.store.engine === 'nedb')
    for (const { name, start } of parts) {
      owned.use(await start())
      running.add(name)
    }
  else owned.use(takeTurns({ parts, identity: `${hostname()}_${randomUUID()}`, clock, log }))
  const onApart = () => void openNodePorts().catch((err: unknown) => log.warn({ err }, 'node ports are not opened'))
  const nodes = await localNodes(options, layout)
  if (nodes)
    owned.use(await startNodes({ ...options, onNodeStatus }, nodes, network, layout, pki, url, client(ADMIN), onApart))
  else onNodeStatus('not joined: --no-local-node was given')

  return {
    url,
    kubeconfigPath: layout.kubeconfig,
    server,
    pki,
    issueLoginToken: () => server.issueLoginToken(ADMIN),
    failed: Promise.race([store.failed, departure.left.then(mark => new MovedError(mark))]),
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  }
}

async function openStore(
  { store: choice, encryption, apiServer }: ControlPlaneOptions,
  layout: DataDirLayout,
  log: Log,
) {
  const { watchCacheBytes: maxBytes, eventTtlMs = DEFAULT_EVENT_TTL_MS } = apiServer ?? {}
  const bare = await openEngine(choice, layout.root, { log })
  const engine = await openSealedEngine(bare, { ...(encryption ? { secret: encryption } : {}), log })
  const own = { ttlMs: eventTtl(eventTtlMs), narrowNumbers: withCalculableNumbers }
  const store = await openObjectStore(engine, { log, ...own, ...(maxBytes && { history: { maxBytes } }) })
  return { engine, store }
}

/** The address given cannot be listened on. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
}

function listenError(error: unknown, { host, port }: ListenAddress): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE')
    return new ListenError(`${host}:${port} is taken by another program; give another address with --listen`)
  if (code === 'EADDRNOTAVAIL')
    return new ListenError(`${host} is not an address of this machine; give another with --listen`)
  if (code === 'EACCES')
    return new ListenError(`this user may not listen on port ${port}; give one above 1023 with --listen`)
  return error
}

/** A file or folder of `out/`, beside the built program. */
function builtFile(name: string): string {
  const here = fileURLToPath(new URL('.', import.meta.url))
  const candidates = [join(here, '..', name), join(here, '..', '..', name)]
  return candidates.find(existsSync) ?? join(here, '..', name)
}

/** The built window; undefined in a checkout that was not built. */
function windowFolder(): string | undefined {
  const folder = builtFile('renderer')
  return existsSync(join(folder, 'index.html')) ? folder : undefined
}

function writeKubeconfig({ kubeconfig }: DataDirLayout, pki: Pki, place: ClusterPlace): void {
  const text = renderKubeconfig({
    ...place,
    caPem: pki.caPem,
    name: 'flotilla',
    user: 'kubernetes-admin',
    ...pki.admin,
  })
  writeAtomically(kubeconfig, text)
}

/** What agents are told about the network. */
const nodeNetwork = (network: ClusterNetwork, { nodePortAddresses }: ControlPlaneOptions) => ({
  ...network,
  ...(nodePortAddresses && { nodePortAddresses }),
})

interface LocalNodesHere {
  readonly places: readonly LocalPlace[]
  readonly relayAddress: string
}

/** @returns undefined where this machine has no part in the cluster's work */
async function localNodes(
  { localNode, localCluster }: ControlPlaneOptions,
  layout: DataDirLayout,
): Promise<LocalNodesHere | undefined> {
  if (localCluster !== undefined) return (await import('./local-cluster/places.ts')).nodesOf(localCluster)
  return localNode ? { places: [{ nodeName: localNodeName(), layout }], relayAddress: '127.0.0.1' } : undefined
}

function startNodes(
  options: ControlPlaneOptions,
  nodes: LocalNodesHere,
  network: ClusterNetwork,
  layout: DataDirLayout,
  pki: Pki,
  url: string,
  admin: Client,
  onApart: () => void,
) {
  return startLocalNodes({
    ...nodes,
    layout,
    client: admin,
    clock: systemClock,
    servers: [url],
    caPem: pki.caPem,
    issueCertificate: request => pki.issueClientCertificate(request),
    network: nodeNetwork(network, options),
    onStatus: options.onNodeStatus ?? (() => undefined),
    onApart,
  })
}
