// healthCheckNodePort: tells load balancers whether this node has endpoints of a Service whose external traffic stays
// local. 200 = send traffic here, 503 = do not.
import { createServer, type RequestListener, type Server } from 'node:http'
import type { Service } from '../../shared/api/core/v1.ts'
import { keyOf } from '../../shared/client/object-key.ts'
import type { Log } from '../../shared/machinery/log.ts'
import type { ClusterView } from '../network/cluster-view.ts'
import type { ProxyHealth } from './proxy-health.ts'

export interface HealthChecksOptions {
  readonly view: ClusterView
  readonly nodeName: string
  readonly health: Pick<ProxyHealth, 'isHealthy'>
  /** @returns the addresses that answer; undefined = every one of the machine */
  readonly hosts: () => readonly string[] | undefined
  readonly log: Log
}

export class HealthChecks implements AsyncDisposable {
  readonly #options: HealthChecksOptions
  readonly #servers = new Map<string, { port: number; servers: readonly Server[] }>()
  readonly #forget: () => void

  constructor(options: HealthChecksOptions) {
    this.#options = options
    for (const key of options.view.services.keys()) this.#update(key)
    this.#forget = options.view.on({ service: key => this.#update(key) })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#forget()
    await Promise.all([...this.#servers.values()].flatMap(({ servers }) => servers.map(close)))
  }

  #update(key: string): void {
    const service = this.#options.view.services.get(key)
    const port = service && healthPortOf(service)
    const current = this.#servers.get(key)
    if (current?.port === port) return
    this.#servers.delete(key)
    const closed = Promise.all((current?.servers ?? []).map(close))
    if (!service || !port) return
    void closed.then(() => {
      const now = this.#options.view.services.get(key)
      if (!this.#servers.has(key) && now && healthPortOf(now) === port) this.#open(service, port)
    })
  }

  #open(service: Service, port: number): void {
    const { log, hosts, health } = this.#options
    const key = keyOf(service.metadata)
    const answer: RequestListener = (_request, response) => {
      const localEndpoints = this.#localEndpoints(key)
      const body = JSON.stringify({
        service: { namespace: service.metadata.namespace, name: service.metadata.name },
        localEndpoints,
        serviceProxyHealthy: health.isHealthy,
      })
      response.writeHead(localEndpoints > 0 && health.isHealthy ? 200 : 503, {
        'content-type': 'application/json',
        'x-content-type-options': 'nosniff',
        'x-load-balancing-endpoint-weight': String(localEndpoints),
        connection: 'close',
      })
      response.end(body)
    }
    const servers = (hosts() ?? [undefined]).map(host => {
      const server = createServer({ requestTimeout: 5_000 }, answer)
      server.on('error', error =>
        log.warn({ err: error, service: key, port }, 'cannot serve the health check of a service'),
      )
      return server.listen({ port, ...(host !== undefined && { host }) })
    })
    this.#servers.set(key, { port, servers })
  }

  /** A pod that has addresses of both families counts once. */
  #localEndpoints(key: string): number {
    const ready = new Set<string>()
    for (const { endpoints = [] } of this.#options.view.slicesOf(key))
      for (const { nodeName, conditions, addresses, targetRef } of endpoints)
        if (nodeName === this.#options.nodeName && (conditions?.ready ?? true))
          ready.add(targetRef?.uid ?? addresses[0] ?? '')
    return ready.size
  }
}

const healthPortOf = ({ spec }: Service): number | undefined =>
  spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local' && spec.healthCheckNodePort
    ? spec.healthCheckNodePort
    : undefined

function close(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise(resolve => server.close(() => resolve()))
}
