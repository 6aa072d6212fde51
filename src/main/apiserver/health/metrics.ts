// What /metrics tells, under upstream's metric names.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { ObjectStore } from '../../store/contract.ts'
import type { InFlight } from '../chain/max-in-flight.ts'
import { groupResourceOf } from '../../../shared/machinery/resource-type.ts'
import { prefixOf } from '../keys.ts'
import type { ResourceIndex } from '../registry/resource-index.ts'
import type { RequestInfo } from '../request.ts'
import { createLoopDelay } from './loop-delay.ts'

export interface Metrics extends Disposable {
  /** Other parts register their own metrics here. */
  readonly registry: Registry
  observe(info: RequestInfo, code: number, durationMs: number, longRunning: boolean): void
  /** A client in this process was answered. */
  clientRequest(method: string, code: number): void
  /** A watch or an upgraded connection has begun. @returns to be called when it ends */
  longRunning(info: RequestInfo): () => void
  /** The text exposition format. */
  text(): Promise<{ readonly body: string; readonly contentType: string }>
}

const SECONDS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.5, 2, 3, 5, 10, 30, 60]
const VERBS: Readonly<Record<string, string>> = {
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETE',
  get: 'GET',
  list: 'LIST',
  watch: 'WATCH',
}

const NO_TARGET = { group: '', version: '', resource: '', subresource: '' }

const scopeOf = ({ name, namespace, isResource }: RequestInfo) =>
  !isResource ? '' : name !== '' ? 'resource' : namespace !== '' ? 'namespace' : 'cluster'

/**
 * @param isServed whether a target exists: labels of made-up targets would grow without bound
 * @param resources what is stored
 */
export function createMetrics(
  store: ObjectStore,
  inFlight: InFlight,
  isServed: (info: RequestInfo) => boolean,
  resources: ResourceIndex,
): Metrics {
  const registry = new Registry()
  const labelNames = ['verb', 'group', 'version', 'resource', 'subresource', 'scope'] as const
  const total = new Counter({
    name: 'apiserver_request_total',
    help: 'Requests by verb, target and response code.',
    labelNames: [...labelNames, 'code'] as const,
    registers: [registry],
  })
  const duration = new Histogram({
    name: 'apiserver_request_duration_seconds',
    help: 'How long requests took, watches and upgrades aside.',
    labelNames: [...labelNames],
    buckets: SECONDS,
    registers: [registry],
  })
  const current = new Gauge({
    name: 'apiserver_current_inflight_requests',
    help: 'Requests being worked on now.',
    labelNames: ['request_kind'],
    registers: [registry],
    collect() {
      this.set({ request_kind: 'readOnly' }, inFlight.reading)
      this.set({ request_kind: 'mutating' }, inFlight.mutating)
    },
  })
  const revision = new Gauge({
    name: 'flotilla_store_revision',
    help: "The store's newest revision.",
    registers: [registry],
    collect() {
      this.set(store.revision)
    },
  })
  const longRunning = new Gauge({
    name: 'apiserver_longrunning_requests',
    help: 'Watches and upgraded connections that are open.',
    labelNames,
    registers: [registry],
  })
  const objects = new Gauge({
    name: 'apiserver_storage_objects',
    help: 'Stored objects by kind.',
    labelNames: ['resource'],
    registers: [registry],
    collect() {
      this.reset()
      for (const resource of resources.all) {
        if (resource.virtual) continue
        const { items, remaining = 0 } = store.list(prefixOf(resource), { limit: 1 })
        this.set({ resource: groupResourceOf(resource.type) }, items.length + remaining)
      }
    },
  })
  const clients = new Counter({
    name: 'rest_client_requests_total',
    help: 'Requests of the clients in this process: controllers, scheduler.',
    labelNames: ['code', 'method', 'host'],
    registers: [registry],
  })
  const loop = createLoopDelay()
  const loopDelay = new Gauge({
    name: 'flotilla_event_loop_delay_seconds',
    help: 'How late the event loop ran its timers, since the last scrape; the quantile 1 is the longest delay.',
    labelNames: ['quantile'],
    registers: [registry],
    collect() {
      const delay = loop.take()
      this.set({ quantile: '0.5' }, delay(50))
      this.set({ quantile: '0.99' }, delay(99))
      this.set({ quantile: '1' }, delay(100))
    },
  })
  let started = false
  /** Sampling costs a little all the time: it starts when somebody first looks. */
  const start = () => {
    if (started) return
    started = true
    collectDefaultMetrics({ register: registry })
  }
  const labelsOf = (info: RequestInfo) => {
    const verb = VERBS[info.verb] ?? 'other'
    const { group, version, resource, subresource } = isServed(info) ? info : NO_TARGET
    return { verb, group, version, resource, subresource, scope: scopeOf(info) }
  }
  return {
    registry,
    clientRequest: (method, code) => clients.inc({ code: String(code), method, host: 'in-process' }),
    longRunning(info) {
      const labels = labelsOf(info)
      longRunning.inc(labels)
      return () => longRunning.dec(labels)
    },
    observe(info, code, durationMs, isLong) {
      const labels = labelsOf(info)
      total.inc({ ...labels, code: String(code) })
      if (!isLong) duration.observe(labels, durationMs / 1000)
    },
    async text() {
      start()
      return { body: await registry.metrics(), contentType: registry.contentType }
    },
    [Symbol.dispose]() {
      loop[Symbol.dispose]()
      for (const metric of [total, duration, current, revision, longRunning, objects, clients, loopDelay])
        metric.reset()
      registry.clear()
    },
  }
}
