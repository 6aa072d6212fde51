// Where autoscalers read what they go by: metrics.k8s.io, and custom and external metrics where somebody serves them.
import { PodMetrics } from '../../../shared/machinery/metrics-types.ts'
import type { CrossVersionObjectReference, MetricIdentifier } from '../../../shared/api/autoscaling/v2.ts'
import type { APIGroup, APIResourceList } from '../../../shared/api/meta/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import { parseDuration } from '../../../shared/machinery/duration.ts'
import { parseQuantity } from '../../../shared/machinery/quantity.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import { fromLabelSelector } from '../../../shared/machinery/selectors.ts'

/** One pod's value, in thousandths. */
export interface PodMetric {
  readonly milli: number
  readonly timestampMs: number
  readonly windowMs: number
}
export type PodMetricValues = ReadonlyMap<string, PodMetric>

const CUSTOM_GROUP = 'custom.metrics.k8s.io'
/** Adapters serve one of them, or both. */
const CUSTOM_VERSIONS = ['v1beta2', 'v1beta1']
const EXTERNAL = '/apis/external.metrics.k8s.io/v1beta1'

interface CustomValue {
  readonly describedObject?: { readonly name?: string }
  readonly timestamp?: string
  readonly windowSeconds?: number
  /** The same in v1beta1. */
  readonly window?: number
  readonly value: string | number
}
const itemsOf = (answer: unknown) => (answer as { readonly items?: readonly CustomValue[] }).items ?? []

/** @param selector of the pods @throws Error when there is none */
export async function resourceMetrics(
  client: Client,
  namespace: string,
  selector: string,
  resource: string,
  container: string | undefined,
): Promise<PodMetricValues> {
  const unable = (why: string) => new Error(`unable to get metrics for resource ${resource}: ${why}`)
  const { items } = await client.list(PodMetrics, { namespace, labelSelector: selector }).catch((error: unknown) => {
    throw unable(`unable to fetch metrics from resource metrics API: ${(error as Error).message}`)
  })
  if (items.length === 0) throw unable('no metrics returned from resource metrics API')
  const values = new Map<string, PodMetric>()
  for (const { metadata, timestamp, window, containers } of items) {
    const wanted = container === undefined ? containers : containers.filter(({ name }) => name === container)
    const amounts = wanted.map(({ usage }) => usage[resource])
    // Half of a pod is no measure of it.
    if (amounts.length === 0 || amounts.some(amount => amount === undefined)) continue
    const milli = amounts.reduce((sum, amount) => sum + parseQuantity(amount ?? '0').milli(), 0)
    values.set(metadata.name, { milli, timestampMs: Date.parse(timestamp), windowMs: parseDuration(window) ?? 0 })
  }
  return values
}

function queryOf(parameters: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== '')).toString()
  return query === '' ? '' : `?${query}`
}

const selectorOf = ({ selector }: MetricIdentifier) => (selector ? fromLabelSelector(selector).format() : '')
const segment = encodeURIComponent

/** @param path within a namespace */
async function custom(client: Client, namespace: string, path: string): Promise<readonly CustomValue[]> {
  const read = async () => {
    const version = await customVersion(client)
    return await client.raw('GET', `/apis/${CUSTOM_GROUP}/${version}/namespaces/${segment(namespace)}/${path}`)
  }
  const items = itemsOf(
    await read().catch((error: unknown) => {
      throw new Error(`unable to fetch metrics from custom metrics API: ${(error as Error).message}`)
    }),
  )
  if (items.length === 0) throw new Error('no metrics returned from custom metrics API')
  return items
}

async function customVersion(client: Client): Promise<string> {
  const group = (await client.raw('GET', `/apis/${CUSTOM_GROUP}`).catch((error: unknown) => {
    if (isNotFound(error)) throw new Error(`no custom metrics API (${CUSTOM_GROUP}) registered`)
    throw error
  })) as APIGroup
  const served = [...(group.preferredVersion ? [group.preferredVersion] : []), ...group.versions]
  const known = served.find(({ version }) => CUSTOM_VERSIONS.includes(version))
  if (!known) throw new Error('no known available metric versions found')
  return known.version
}

/** @throws Error */
export async function podsMetric(
  client: Client,
  namespace: string,
  selector: string,
  metric: MetricIdentifier,
): Promise<PodMetricValues> {
  const query = queryOf({ labelSelector: selector, metricLabelSelector: selectorOf(metric) })
  const items = await custom(client, namespace, `pods/*/${segment(metric.name)}${query}`)
  return new Map(
    items.map(({ describedObject, value, timestamp, window = 60, windowSeconds = window }) => [
      describedObject?.name ?? '',
      {
        milli: parseQuantity(value).milli(),
        timestampMs: Date.parse(timestamp ?? ''),
        windowMs: windowSeconds * 1000,
      },
    ]),
  )
}

/** @returns thousandths @throws Error */
export async function objectMetric(
  client: Client,
  namespace: string,
  { apiVersion = 'v1', kind, name }: CrossVersionObjectReference,
  metric: MetricIdentifier,
): Promise<number> {
  const query = queryOf({ metricLabelSelector: selectorOf(metric) })
  // Of a namespace, its own is meant, whatever the name: nobody reads another one's that way.
  const what = kind === 'Namespace' && apiVersion === 'v1' ? 'metrics' : await pathOf(client, apiVersion, kind, name)
  const [first] = await custom(client, namespace, `${what}/${segment(metric.name)}${query}`)
  return parseQuantity(first?.value ?? '0').milli()
}

/** @returns such as `ingresses.networking.k8s.io/web`, also for kinds that are in no namespace */
async function pathOf(client: Client, apiVersion: string, kind: string, name: string): Promise<string> {
  const inGroup = apiVersion.includes('/')
  const root = inGroup ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const { resources } = (await client.raw('GET', root)) as APIResourceList
  const served = resources.find(resource => resource.kind === kind && !resource.name.includes('/'))
  if (!served) throw new Error(`no matches for kind "${kind}"`)
  const group = inGroup ? `.${apiVersion.split('/')[0] ?? ''}` : ''
  return `${segment(served.name + group)}/${segment(name)}`
}

/** @returns the sum of all that the metric's selector matches, in thousandths @throws Error */
export async function externalMetric(client: Client, namespace: string, metric: MetricIdentifier): Promise<number> {
  const path = `${EXTERNAL}/namespaces/${segment(namespace)}/${segment(metric.name)}`
  const items = itemsOf(
    await client.raw('GET', path + queryOf({ labelSelector: selectorOf(metric) })).catch((error: unknown) => {
      throw new Error(`unable to fetch metrics from external metrics API: ${(error as Error).message}`)
    }),
  )
  if (items.length === 0) throw new Error('no metrics returned from external metrics API')
  return items.reduce((sum, { value }) => sum + parseQuantity(value).milli(), 0)
}
