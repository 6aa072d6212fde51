// kube-proxy's own two servers: its health, for load balancers, and its metrics and settings, for this machine alone.
import type { Registry } from 'prom-client'
import type { Clock } from '../../shared/machinery/clock.ts'
import type { Log } from '../../shared/machinery/log.ts'
import { Owned } from '../../shared/machinery/owned.ts'
import { parseBindAddress } from '../network/bind-address.ts'
import type { ProxyMetrics } from './metrics.ts'
import type { ProxyHealth } from './proxy-health.ts'
import { createStatusServer, type StatusAnswer } from './status-server.ts'

export interface ProxyStatusOptions {
  /** Default: port 10256 where node ports answer. '' = nowhere. */
  readonly healthzBindAddress?: string | undefined
  /** Default: `127.0.0.1:10249`. '' = nowhere. */
  readonly metricsBindAddress?: string | undefined
  /** The addresses that answer for node ports; undefined = every one. */
  readonly nodePortHosts: readonly string[] | undefined
  /** What differs from upstream's defaults of a KubeProxyConfiguration. */
  readonly configuration: Readonly<Record<string, unknown>>
  readonly health: ProxyHealth
  readonly metrics: ProxyMetrics
  readonly registry: Registry
  readonly clock: Clock
  readonly log: Log
}

const HEALTHZ_PORT = 10_256
const METRICS_BIND_ADDRESS = '127.0.0.1:10249'
const MODE = 'nftables'

/** Resolves when they listen, or it is told why one cannot yet. */
export async function startProxyStatus(options: ProxyStatusOptions): Promise<AsyncDisposable> {
  const { healthzBindAddress, metricsBindAddress = METRICS_BIND_ADDRESS, nodePortHosts, clock, log } = options
  const owned = new Owned()
  const listen = (routes: StatusRoutes, host: string | undefined, port: number) =>
    owned.use(createStatusServer({ host, port, routes, clock, log })).start()
  const listenAt = async (routes: StatusRoutes, address: string) => {
    const place = parseBindAddress(address)
    if (place) await listen(routes, place.host, place.port)
  }
  const health = healthRoutes(options)
  if (healthzBindAddress !== undefined) await listenAt(health, healthzBindAddress)
  else for (const host of nodePortHosts ?? [undefined]) await listen(health, host, HEALTHZ_PORT)
  await listenAt(metricsRoutes(options), metricsBindAddress)
  return owned
}

type StatusRoutes = ReadonlyMap<string, () => StatusAnswer | Promise<StatusAnswer>>

const json = (code: number, body: unknown): StatusAnswer => ({ code, type: 'application/json', body: JSON.stringify(body) }) // prettier-ignore
const text = (body: string): StatusAnswer => ({ type: 'text/plain; charset=utf-8', body })

/** A node that is about to go still works: load balancers leave it (healthz), nobody restarts it (livez). */
function healthRoutes({ health, metrics }: ProxyStatusOptions): StatusRoutes {
  const answer = (probe: 'healthz' | 'livez', isWell: boolean, body: object) => {
    const code = isWell ? 200 : 503
    metrics.answered(probe, code)
    return json(code, body)
  }
  return new Map([
    ['/healthz', () => {
      const { isHealthy, isNodeEligible: nodeEligible } = health
      return answer('healthz', isHealthy && nodeEligible, { ...health.describe(), nodeEligible })
    }],
    ['/livez', () => answer('livez', health.isHealthy, health.describe())],
  ]) // prettier-ignore
}

function metricsRoutes({ registry, configuration }: ProxyStatusOptions): StatusRoutes {
  const group = 'kubeproxy.config.k8s.io'
  const described = { kind: 'KubeProxyConfiguration', apiVersion: `${group}/v1alpha1`, mode: MODE, ...configuration }
  return new Map<string, () => StatusAnswer | Promise<StatusAnswer>>([
    ['/healthz', () => text('ok')],
    ['/proxyMode', () => text(MODE)],
    ['/configz', () => json(200, { [group]: described })],
    ['/metrics', async () => ({ type: registry.contentType, body: await registry.metrics() })],
  ])
}
