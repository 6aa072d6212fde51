// Requests counted and timed by what they asked for. Every request passes here: one lookup and a few additions, where
// prom-client's own metrics would check and hash all labels of each observation.
import type { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { Buckets, type Sample } from '../../../shared/machinery/buckets.ts'
import { APPLY_PATCH } from '../patch/apply-patch.ts'
import { mediaTypeOf } from '../codec/media-type.ts'
import type { ApiRequest, RequestInfo } from '../request.ts'

const SECONDS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60]
/** Of what counts for a service level, which starts higher. */
const SLI_SECONDS = SECONDS.filter(seconds => seconds >= 0.05)
/** Of answers, in bytes. */
const SIZES = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]
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
/** Subresources that lead somewhere else. */
const CONNECTS = new Set(['log', 'exec', 'portforward', 'attach', 'proxy'])
const NO_TARGET = { group: '', version: '', resource: '', subresource: '' }
/** What is asked for beyond these, such as subresources that somebody makes up, is told without its target. */
const MOST_SERIES = 5_000

export interface RequestLabels {
  readonly verb: string
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly subresource: string
  readonly scope: string
  readonly component: 'apiserver'
}

/** What of a request is counted by. */
export type Counted = Pick<ApiRequest, 'info' | 'query' | 'headers'>

/** How long a request took, and how much of that went by with waiting for its turn and for webhooks. */
export interface Took {
  readonly tookMs: number
  readonly waitedMs: number
}

interface Series {
  readonly labels: RequestLabels
  readonly dryRun: string
  readonly byCode: Map<number, number>
  readonly seconds: Buckets
  /** Without what was waited for. */
  readonly ownSeconds: Buckets
  /** Of what was read. */
  readonly sizes: Buckets
}

/** Who makes one asks for one, though it may have no name yet. */
const scopeOf = ({ name, namespace, isResource, verb }: RequestInfo) =>
  !isResource ? '' : name !== '' || verb === 'create' ? 'resource' : namespace !== '' ? 'namespace' : 'cluster'

function verbOf({ info: { verb, isResource, subresource }, headers }: Counted): string {
  if (isResource && subresource !== '' && CONNECTS.has(subresource)) return 'CONNECT'
  if (verb === 'patch' && mediaTypeOf(headers['content-type']) === APPLY_PATCH) return 'APPLY'
  return VERBS[verb] ?? 'other'
}

/** Reads have none, whatever they ask for. */
function dryRunOf({ info: { verb }, query }: Counted): string {
  if (verb === 'get' || verb === 'list' || verb === 'watch' || !query.has('dryRun')) return ''
  return query.getAll('dryRun').every(value => value === 'All') ? 'All' : 'invalid'
}

export class RequestMetrics {
  readonly #isServed: (info: RequestInfo) => boolean
  readonly #isDeprecated: (target: RequestLabels) => boolean
  readonly #series = new Map<string, Series>()

  /**
   * @param isServed whether a target exists: labels of made-up targets would grow without bound
   * @param isDeprecated whether a built-in kind is going to be removed some day
   */
  constructor(
    isServed: (info: RequestInfo) => boolean,
    registry: Registry,
    isDeprecated: (target: RequestLabels) => boolean = () => false,
  ) {
    this.#isServed = isServed
    this.#isDeprecated = isDeprecated
    const counts = { name: 'apiserver_request_total', help: 'Requests by verb, target and response code.', type: 'counter', aggregator: 'sum' } // prettier-ignore
    const times = { name: 'apiserver_request_duration_seconds', help: 'How long requests took, watches and upgrades aside.', type: 'histogram', aggregator: 'sum' } // prettier-ignore
    const own = { name: 'apiserver_request_sli_duration_seconds', help: 'How long requests took without waiting for their turn and for webhooks, trials, watches and upgrades aside.', type: 'histogram', aggregator: 'sum' } // prettier-ignore
    const sizes = { name: 'apiserver_response_sizes', help: 'How large answers to GET and LIST were, in bytes.', type: 'histogram', aggregator: 'sum' } // prettier-ignore
    const deprecated = { name: 'apiserver_requested_deprecated_apis', help: 'Deprecated APIs that were asked for; always 1.', type: 'gauge', aggregator: 'first' } // prettier-ignore
    const family = (facts: typeof counts, samples: () => Sample[]) =>
      ({ ...facts, get: () => Promise.resolve({ ...facts, values: samples() }), reset: () => this.#series.clear() }) as unknown // prettier-ignore
    registry.registerMetric(family(counts, () => this.#counted()) as Counter)
    registry.registerMetric(family(times, () => this.#timed()) as Histogram)
    registry.registerMetric(family(own, () => this.#timedByOwn(own.name)) as Histogram)
    registry.registerMetric(family(sizes, () => this.#sized(sizes.name)) as Histogram)
    registry.registerMetric(family(deprecated, () => this.#deprecated()) as Gauge)
  }

  labelsOf(request: Counted): RequestLabels {
    return this.#seriesOf(request).labels
  }

  observe(request: Counted, code: number, { tookMs, waitedMs }: Took, longRunning: boolean): void {
    const series = this.#seriesOf(request)
    series.byCode.set(code, (series.byCode.get(code) ?? 0) + 1)
    if (longRunning) return
    series.seconds.observe(tookMs / 1000)
    if (series.dryRun === '') series.ownSeconds.observe((tookMs - waitedMs) / 1000)
  }

  /** An answer went out. @param bytes of its body, before it was compressed */
  sent(request: Counted, bytes: number): void {
    const verb = verbOf(request)
    if (verb === 'GET' || verb === 'LIST') this.#seriesOf(request).sizes.observe(bytes)
  }

  #seriesOf(request: Counted): Series {
    const { info } = request
    const scope = scopeOf(info)
    const [verb, dryRun] = [verbOf(request), dryRunOf(request)]
    const key = `${verb} ${scope} ${dryRun} ${info.group}/${info.version}/${info.resource}/${info.subresource}`
    const known = info.isResource ? this.#series.get(key) : undefined
    if (known) return known
    const isTold = this.#isServed(info) && this.#series.size < MOST_SERIES
    const { group, version, resource, subresource } = isTold ? info : NO_TARGET
    const labels = { verb, group, version, resource, subresource, scope, component: 'apiserver' } as const
    const at = isTold ? key : `${verb} ${scope} ${dryRun}`
    let series = this.#series.get(at)
    if (!series) {
      series = { labels, dryRun, byCode: new Map(), seconds: new Buckets(SECONDS), ownSeconds: new Buckets(SLI_SECONDS), sizes: new Buckets(SIZES) } // prettier-ignore
      this.#series.set(at, series)
    }
    return series
  }

  #counted(): Sample[] {
    return [...this.#series.values()].flatMap(({ labels, dryRun, byCode }) =>
      [...byCode].map(([code, value]) => ({ labels: { ...labels, dry_run: dryRun, code: String(code) }, value })),
    )
  }

  #timed(): Sample[] {
    const name = 'apiserver_request_duration_seconds'
    return [...this.#series.values()].flatMap(({ labels, dryRun, seconds }) =>
      seconds.samples(name, { ...labels, dry_run: dryRun }),
    )
  }

  #timedByOwn(name: string): Sample[] {
    return [...this.#series.values()].flatMap(({ labels, ownSeconds }) => ownSeconds.samples(name, { ...labels }))
  }

  /** Trials are no reads: of these series none has another `dry_run`. */
  #sized(name: string): Sample[] {
    return [...this.#series.values()].flatMap(({ labels, sizes }) => sizes.samples(name, { ...labels }))
  }

  #deprecated(): Sample[] {
    const told = new Map<string, Sample>()
    for (const { labels } of this.#series.values()) {
      if (!this.#isDeprecated(labels)) continue
      const { group, version, resource, subresource } = labels
      const sample = { labels: { group, version, resource, subresource, removed_release: '' }, value: 1 }
      told.set(`${group}/${version}/${resource}/${subresource}`, sample)
    }
    return [...told.values()]
  }
}
