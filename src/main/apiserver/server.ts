// The API server: the one touch point of the cluster, put together from its parts.
import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import type { Transport } from '../../shared/client/transport.ts'
import { type Clock, delay, systemClock } from '../../shared/machinery/clock.ts'
import { type Log, silentLog } from '../../shared/machinery/log.ts'
import type { ObjectStore } from '../store/contract.ts'
import { ApiError, internalError, tooManyRequests } from '../../shared/machinery/status.ts'
import type { Pki } from '../pki/pki.ts'
import { productVersion } from '../process/version.ts'
import { PolicyTypeChecks } from './admission/policies/type-checks.ts'
import { Aggregator } from './aggregator/aggregator.ts'
import { aggregatedOpenapi } from './aggregator/openapi.ts'
import type { ForeignSpec } from './openapi/foreign-spec.ts'
import { type RemoteVersion, withRemotes } from './aggregator/remote-discovery.ts'
import type { AdmissionPlugin } from './admission/contract.ts'
import { createAuthenticator } from './authn/authenticator.ts'
import { discoveryDocument, JWKS_PATH, OPENID_CONFIGURATION_PATH } from './authn/openid.ts'
import { serverTokens, type ServerTokenOptions } from './authn/server-tokens.ts'
import type { ServiceAccountTokens } from './authn/service-account-tokens.ts'
import { addTokenMetrics } from './authn/token-metrics.ts'
import { legacyTokens } from './authn/legacy-tokens.ts'
import { RevocationIndex } from './authn/revocations.ts'
import { Sessions } from './authn/session.ts'
import { auditLogIn, type AuditOptions, type AuditParts } from './audit/audit.ts'
import { AdmissionTimes } from './admission/admission-times.ts'
import { addAuditMetrics } from './audit/metrics.ts'
import type { Authorizer } from './authz/contract.ts'
import { createDispatch, type Dispatch } from './chain/dispatch.ts'
import { flowControlDumps } from './chain/flow-control/dump.ts'
import { FlowControl } from './chain/flow-control/flow-control.ts'
import { addFlowControlMetrics } from './chain/flow-control/metrics.ts'
import { DEFAULT_LIMITS, InFlight, type InFlightLimits } from './chain/max-in-flight.ts'
import { createRouter, listedPaths, notAllowed, type PathHandler } from './chain/router.ts'
import { discoveryHandlers } from './discovery/discovery.ts'
import { servedGroups } from './discovery/served.ts'
import { versionInfo } from './discovery/version.ts'
import type { EndpointContext, SubresourceHandler } from './endpoints/contract.ts'
import { createEndpointParts } from './endpoints/create-parts.ts'
import { healthHandlers, type HealthCheck, storeCheck } from './health/health.ts'
import { startChecks } from './health/start-hooks.ts'
import { createMetrics, type Metrics } from './health/metrics.ts'
import { zpages } from './health/zpages.ts'
import type { ConnectionLimits } from './http/connection-guard.ts'
import { createHttpServer } from './http/http-server.ts'
import type { UnreadLimits } from './http/unread-answers.ts'
import { createUi } from './http/ui.ts'
import { Definitions } from './apiextensions/definitions.ts'
import type { NodeDialer } from './proxy/node-tunnels.ts'
import { indexResources, type ResourceIndex } from './registry/resource-index.ts'
import type { ResourceDescriptor } from './registry/resource.ts'
import type { ApiRequest, ApiResponse, Handler, UserInfo } from './request.ts'
import { inProcessTransport } from './transport.ts'
import { type DialService, serviceDialer } from './webhook/service-dialer.ts'

export interface ApiServerOptions extends Pick<ServerTokenOptions, 'tokens' | 'tokenMethods' | 'authentication'> {
  readonly store: ObjectStore
  readonly pki: Pki
  /** Port 0 picks a free one. */
  readonly listen: { readonly host: string; readonly port: number }
  readonly resources: readonly ResourceDescriptor[]
  readonly authorizers: readonly Authorizer[]
  readonly admission?: readonly AdmissionPlugin[]
  readonly subresources?: readonly SubresourceHandler[]
  /** Paths outside the resources, such as OpenAPI's. */
  readonly paths?:
    | readonly PathHandler[]
    | ((
        resources: ResourceIndex,
        foreign: () => readonly ForeignSpec[],
        subresources: readonly SubresourceHandler[],
      ) => readonly PathHandler[])
  readonly ui?: { readonly dir: string }
  /** Further checks of /readyz. */
  readonly readyChecks?: readonly HealthCheck[]
  /** Further checks of every health endpoint: what is made before the server is whole. */
  readonly startChecks?: readonly HealthCheck[]
  readonly limits?: InFlightLimits
  /** Shares the sum of the limits among flows, instead of bounding reads and writes. */
  readonly priorityAndFairness?: boolean
  /** Default: a minute. */
  readonly requestTimeoutMs?: number
  readonly audit?: AuditOptions
  readonly connectionLimits?: ConnectionLimits
  readonly unreadLimits?: UnreadLimits
  readonly bodyBytes?: number
  /** How long a server that is to end says so at /readyz before it stops to take requests. Default 0. */
  readonly shutdownDelayMs?: number
  /** Value of the header Strict-Transport-Security in every answer. Default: none. */
  readonly strictTransportSecurity?: string | undefined
  readonly issuer?: string
  /** The name of this server among others of the cluster. */
  readonly identity?: string
  /** What it was started with, for /flagz. */
  readonly flags?: Readonly<Record<string, string>>
  /** The way to the Services of extension API servers; without it, none are asked. */
  readonly nodes?: NodeDialer
  readonly clock?: Clock
  readonly log?: Log
  readonly random?: () => number
}

export interface ApiServer extends AsyncDisposable {
  /** The one chain; every failure is a Status answer. */
  handle(request: ApiRequest): Promise<ApiResponse>
  /** Opens the port. @returns the address really bound */
  listen(): Promise<AddressInfo>
  /** A client in this process, as this user: same chain, no serialisation, objects shared and immutable. */
  transport(user: UserInfo): Transport
  /** @returns a token for `/ui/login#token=…`: works once, within five minutes */
  issueLoginToken(user: UserInfo): string
  readonly tokens: ServiceAccountTokens
  readonly metrics: Metrics
  /** What subresource handlers get; for parts that the server itself runs. */
  readonly context: EndpointContext
  /** Ends watches, drains, closes sockets. The store stays open: it belongs to whoever opened it. */
  [Symbol.asyncDispose](): Promise<void>
}

export const DEFAULT_ISSUER = 'https://kubernetes.default.svc.cluster.local'

const HEALTH_PATH = /^\/(healthz|livez|readyz)(\/|$)/
const shuttingDown = () => tooManyRequests('The apiserver is shutting down, please try again later.', 5)

const NO_REMOTES: readonly RemoteVersion[] = []
const NO_SPECS: readonly ForeignSpec[] = []

export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { store, pki, clock = systemClock, log = silentLog, random = Math.random } = options
  const resources = indexResources(options.resources)
  const handlers = options.subresources ?? []
  const lookup = (kind: string, namespace: string, name: string) => {
    const resource = resources.byKind('', 'v1', kind)
    return resource && parts.find(resource, { namespace, name })?.object
  }
  const { tokens, bearer, configured } = serverTokens({
    ...options,
    issuer: options.issuer ?? DEFAULT_ISSUER,
    ...{ clock, log, lookup, onSecretUsed: legacyTokens(() => parts, clock, log) },
  })
  const admissionTimes = new AdmissionTimes(clock)
  const parts = createEndpointParts({
    store,
    resources,
    authorizers: options.authorizers,
    admission: options.admission ?? [],
    admissionTimes,
    clock,
    log,
    random,
    tokens,
    verifyToken: bearer.verify,
  })
  const revocations = new RevocationIndex(store)
  const sessions = new Sessions(clock, revocations)
  const inFlight = new InFlight(options.limits ?? DEFAULT_LIMITS)
  const isServed = ({ isResource, group, version, resource }: ApiRequest['info']) =>
    isResource && resources.byUrl(group, version, resource) !== undefined
  const metrics = createMetrics(store, inFlight, isServed, resources, versionInfo(productVersion))
  admissionTimes.register(metrics.registry)
  addTokenMetrics(metrics.registry, tokens)
  for (const plugin of options.admission ?? []) plugin.measure?.(metrics.registry)
  configured?.measure(metrics.registry, options.identity ?? '')

  const closing = new AbortController()
  let leaving = false
  const ping: HealthCheck = { name: 'ping', check: () => undefined }
  /** Nothing holds lines of the log back that could be stuck. */
  const logging: HealthCheck = { name: 'log', check: () => undefined }
  const storage = storeCheck(store, 'etcd')
  const shutdown: HealthCheck = {
    name: 'shutdown',
    check: () => (leaving ? 'process is shutting down' : undefined),
  }
  const apiServices = resources.byUrl('apiregistration.k8s.io', 'v1', 'apiservices')
  const dialService: DialService = options.nodes
    ? serviceDialer(options.nodes, parts)
    : () => Promise.reject(new Error('this server has no way to Services'))
  const aggregator =
    apiServices && options.nodes
      ? new Aggregator(parts, apiServices, {
          dialService,
          frontProxy: pki.frontProxy.client,
        })
      : undefined
  const serve = () => {
    const [local, remotes] = [resources.all, aggregator?.remotes ?? NO_REMOTES]
    const claimed = new Set(remotes.map(({ spec }) => `${spec.group}/${spec.version}`))
    const own = local.filter(({ custom, type }) => !custom || !claimed.has(`${type.group}/${type.version}`))
    return { local, remotes, groups: withRemotes(servedGroups(own, handlers), remotes) }
  }
  let served = serve()
  const groups = () => {
    if (served.local !== resources.all || served.remotes !== (aggregator?.remotes ?? NO_REMOTES)) served = serve()
    return served.groups
  }
  /** Where an extension server is to serve what a definition has, too, the server does. */
  const isBuiltin = (group: string, version: string) =>
    resources.all.some(({ type, custom }) => !custom && type.group === group && type.version === version)
  const remoteHandler = (group: string, version: string) => {
    const handle = aggregator?.handlerOf(group, version)
    return handle && !isBuiltin(group, version) ? handle : undefined
  }
  let started = false
  const starting = [
    ...startChecks('server', () => started),
    ...startChecks('definitions', () => started),
    ...(options.startChecks ?? []),
    ...(aggregator ? startChecks('aggregator', () => started) : []),
    ...(aggregator ? startChecks('registration', () => aggregator.isRegistered) : []),
  ]
  const informers: HealthCheck = { name: 'informer-sync', check: () => (started ? undefined : 'not finished') }
  const plain = (path: string, answer: Handler): PathHandler => ({ path, handle: answer })
  const gotten = (...of: Parameters<typeof plain>): PathHandler => ({ ...plain(...of), getOnly: () => true })
  const own: PathHandler[] = [
    ...discoveryHandlers(groups, isBuiltin),
    ...healthHandlers({
      livez: [ping, logging, storage, ...starting],
      readyz: [ping, logging, storage, storeCheck(store, 'etcd-readiness'), informers, ...starting, ...(options.readyChecks ?? []), shutdown], // prettier-ignore
      healthz: [ping, logging, storage, ...starting],
    }),
    gotten('/version', async () => ({ code: 200, object: versionInfo(productVersion) })),
    plain('/metrics', async ({ method }) => {
      // It would reset them, and what is told of the moment comes of the same counts.
      if (method === 'DELETE') throw notAllowed()
      const { body, contentType } = await metrics.text()
      return { code: 200, bytes: Buffer.from(body), contentType }
    }),
    gotten(JWKS_PATH, async () => ({
      code: 200,
      bytes: Buffer.from(JSON.stringify(await tokens.jwks())),
      contentType: 'application/jwk-set+json',
    })),
    gotten(OPENID_CONFIGURATION_PATH, async () => ({ code: 200, object: discoveryDocument(tokens.issuer) })),
    ...zpages(options.flags ?? {}, () => listedPaths(paths)),
  ]
  const given =
    typeof options.paths === 'function'
      ? options.paths(resources, () => aggregator?.specs ?? NO_SPECS, handlers)
      : (options.paths ?? [])
  const paths = [...own, ...(aggregator ? aggregatedOpenapi(given, aggregator) : given)]
  const index: PathHandler = plain('/', async () => ({
    code: 200,
    object: { paths: listedPaths(paths) },
  }))
  const definitionType = resources.byUrl('apiextensions.k8s.io', 'v1', 'customresourcedefinitions')
  const definitions = definitionType && new Definitions(parts, resources, definitionType, dialService)
  definitions?.start()
  const policyType = resources.byUrl('admissionregistration.k8s.io', 'v1', 'validatingadmissionpolicies')
  const typeChecks = policyType && new PolicyTypeChecks(parts, policyType)
  typeChecks?.start()
  aggregator?.start()
  resources.onChange(() => void aggregator?.registerLocal())
  started = true
  const { limits } = inFlight
  const flowControl = options.priorityAndFairness ? new FlowControl(parts, limits.reading + limits.mutating) : undefined
  const dumps = flowControl ? flowControlDumps(flowControl) : []
  const router = createRouter(parts, handlers, [index, ...paths, ...dumps], remoteHandler)
  if (flowControl) addFlowControlMetrics(metrics.registry, flowControl)
  const { requestTimeoutMs } = options
  const { authorize } = parts
  const audit: AuditParts | undefined = options.audit && {
    ...options.audit,
    ...{ clock, authorize, counts: addAuditMetrics(metrics.registry, options.audit.sink) },
  }
  const dispatch = createDispatch({ authorize, router, inFlight, metrics, clock, flowControl, audit, requestTimeoutMs })

  let draining = false
  const handle = async (request: ApiRequest): Promise<ApiResponse> => {
    try {
      // Another server, or this one in a moment, will answer. Probes are told the truth to the end.
      if (draining && !HEALTH_PATH.test(request.info.path)) throw shuttingDown()
      return await dispatch(request)
    } catch (error) {
      if (error instanceof ApiError) return failure(error)
      const id = randomUUID()
      log.error({ err: error, path: request.info.path, id }, 'a request failed')
      return failure(internalError(`${error instanceof Error ? error.message : String(error)} (${id})`))
    }
  }

  const counted: Dispatch = async request => {
    try {
      const answer = await dispatch(request)
      metrics.clientRequest(request.method, answer.code)
      return answer
    } catch (error) {
      metrics.clientRequest(request.method, error instanceof ApiError ? error.code : 500)
      throw error
    }
  }

  const http = createHttpServer({
    tls: { certPem: pki.serving.certPem, keyPem: pki.serving.keyPem, caPem: pki.caPem },
    names: new Set(pki.servingNames),
    revocations,
    sessions,
    authenticator: createAuthenticator([bearer, sessions], options.authentication?.anonymous),
    handle,
    ui: createUi({ dir: options.ui?.dir, sessions }),
    onSent: (request, bytes) => metrics.sent(request, bytes),
    log,
    clock,
    limits: options.connectionLimits,
    unreadLimits: options.unreadLimits,
    bodyBytes: options.bodyBytes,
    strictTransportSecurity: options.strictTransportSecurity,
    onRefused: audit && ((request, error, hasCertificate) => auditLogIn(audit, request, error, hasCertificate)),
  })

  return {
    handle,
    async listen() {
      const address = await http.listen(options.listen)
      void aggregator?.registerLocal()
      return address
    },
    transport: user => inProcessTransport(user, counted, closing.signal),
    issueLoginToken: user => sessions.issueLoginToken(user),
    tokens,
    metrics,
    context: parts,
    async [Symbol.asyncDispose]() {
      leaving = true
      if (options.shutdownDelayMs) await delay(clock, options.shutdownDelayMs)
      draining = true
      closing.abort(new ApiError(503, 'ServiceUnavailable', 'the server is closing'))
      configured?.[Symbol.dispose]()
      definitions?.[Symbol.dispose]()
      typeChecks?.[Symbol.dispose]()
      aggregator?.[Symbol.dispose]()
      flowControl?.[Symbol.dispose]()
      revocations[Symbol.dispose]()
      sessions[Symbol.dispose]()
      await http[Symbol.asyncDispose]()
      metrics[Symbol.dispose]()
    },
  }
}

function failure(error: ApiError): ApiResponse {
  const seconds = error.status.details?.retryAfterSeconds
  return {
    code: error.code,
    object: error.status,
    ...(seconds === undefined ? {} : { headers: { 'retry-after': String(seconds) } }),
  }
}
