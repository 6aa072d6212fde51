// What /metrics tells, under upstream's metric names.
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import type { ObjectStore } from '../../store/contract.ts'
import type { VersionInfo } from '../discovery/version.ts'
import type { InFlight } from '../chain/max-in-flight.ts'
import { groupResourceOf } from '../../../shared/machinery/resource-type.ts'
import { prefixOf } from '../keys.ts'
import type { ResourceIndex } from '../registry/resource-index.ts'
import type { RequestInfo } from '../request.ts'
import { createLoopDelay } from './loop-delay.ts'
import { type Counted, type RequestLabels, RequestMetrics, type Took } from './request-metrics.ts'

/** These look at every handle of the process, which Node.js aborts where one is just being taken apart. */
const DEADLY = ['nodejs_active_handles', 'nodejs_active_handles_total', 'nodejs_active_requests', 'nodejs_active_requests_total'] // prettier-ignore

export interface Metrics extends Disposable {
  /** Other parts register their own metrics here. */
  readonly registry: Registry
  observe(request: Counted, code: number, took: Took, longRunning: boolean): void
  /** An answer went out. @param bytes of its body, before it was compressed */
  sent(request: Counted, bytes: number): void
  /** A request was ended for the server's own good: there is no room for it, or it takes too long. */
  terminated(request: Counted, code: number): void
  /** A client in this process was answered. */
  clientRequest(method: string, code: number): void
  /** A watch or an upgraded connection has begun. @returns to be called when it ends */
  longRunning(request: Counted): () => void
  /** The text exposition format. */
  text(): Promise<{ readonly body: string; readonly contentType: string }>
}

/**
 * @param isServed whether a target exists: labels of made-up targets would grow without bound
 * @param resources what is stored
 * @param version as /version tells it
 */
export function createMetrics(
  store: ObjectStore,
  inFlight: InFlight,
  isServed: (info: RequestInfo) => boolean,
  resources: ResourceIndex,
  version: VersionInfo,
): Metrics {
  const registry = new Registry()
  const isDeprecated = ({ group, version: of, resource }: RequestLabels) => {
    const known = resources.byUrl(group, of, resource)
    return known?.deprecated !== undefined && !known.custom
  }
  const requests = new RequestMetrics(isServed, registry, isDeprecated)
  const labelNames = ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component'] as const
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
  const terminations = new Counter({
    name: 'apiserver_request_terminations_total',
    help: 'Requests that were ended in self-defence: there was no room for them, or they took too long.',
    labelNames: [...labelNames, 'code'],
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
  /** By method and code. */
  const asked = new Map<string, Map<number, number>>()
  const clients = new Counter({
    name: 'rest_client_requests_total',
    help: 'Requests of the clients in this process: controllers, scheduler.',
    labelNames: ['code', 'method', 'host'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [method, codes] of asked)
        for (const [code, requests] of codes) this.inc({ code: String(code), method, host: 'in-process' }, requests)
    },
  })
  const build = new Gauge({
    name: 'kubernetes_build_info',
    help: 'Which version this is; always 1.',
    labelNames: ['major', 'minor', 'git_version', 'git_commit', 'git_tree_state', 'build_date', 'go_version', 'compiler', 'platform'], // prettier-ignore
    registers: [registry],
    collect() {
      const { major, minor, compiler, platform } = version
      const git = { git_version: version.gitVersion, git_commit: version.gitCommit, git_tree_state: version.gitTreeState } // prettier-ignore
      this.set({ major, minor, ...git, build_date: version.buildDate, go_version: version.goVersion, compiler, platform }, 1) // prettier-ignore
    },
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
    for (const name of DEADLY) registry.removeSingleMetric(name)
  }
  return {
    registry,
    clientRequest(method, code) {
      let codes = asked.get(method)
      if (!codes) asked.set(method, (codes = new Map()))
      codes.set(code, (codes.get(code) ?? 0) + 1)
    },
    longRunning(request) {
      const labels = { ...requests.labelsOf(request) }
      longRunning.inc(labels)
      return () => longRunning.dec(labels)
    },
    observe: (request, code, took, isLong) => requests.observe(request, code, took, isLong),
    sent: (request, bytes) => requests.sent(request, bytes),
    terminated: (request, code) => terminations.inc({ ...requests.labelsOf(request), code: String(code) }),
    async text() {
      start()
      return { body: await registry.metrics(), contentType: registry.contentType }
    },
    [Symbol.dispose]() {
      loop[Symbol.dispose]()
      for (const metric of [current, revision, longRunning, terminations, objects, clients, build, loopDelay]) metric.reset() // prettier-ignore
      registry.clear()
    },
  }
}
