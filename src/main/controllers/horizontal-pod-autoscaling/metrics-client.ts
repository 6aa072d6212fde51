// Where autoscalers read what they go by: metrics.k8s.io, and custom and external metrics where somebody serves them.
import { PodMetrics } from '../../../shared/machinery/metrics-types.ts'
import type { CrossVersionObjectReference, MetricIdentifier } from '../../../shared/api/autoscaling/v2.ts'
import type { APIResourceList } from '../../../shared/api/meta/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import { parseDuration } from '../../../shared/machinery/duration.ts'
import { parseQuantity } from '../../../shared/machinery/quantity.ts'
import { fromLabelSelector } from '../../../shared/machinery/selectors.ts'

/** One pod's value, in thousandths. */
export interface PodMetric {
  readonly milli: number
  readonly timestampMs: number
  readonly windowMs: number
}
export type PodMetricValues = ReadonlyMap<string, PodMetric>

const CUSTOM = '/apis/custom.metrics.k8s.io/v1beta2'
const EXTERNAL = '/apis/external.metrics.k8s.io/v1beta1'

interface CustomValue {
  readonly describedObject?: { readonly name?: string }
  readonly timestamp?: string
  readonly windowSeconds?: number
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

async function custom(client: Client, path: string): Promise<readonly CustomValue[]> {
  const items = itemsOf(
    await client.raw('GET', `${CUSTOM}${path}`).catch((error: unknown) => {
      throw new Error(`unable to fetch metrics from custom metrics API: ${(error as Error).message}`)
    }),
  )
  if (items.length === 0) throw new Error('no metrics returned from custom metrics API')
  return items
}

/** @throws Error */
export async function podsMetric(
  client: Client,
  namespace: string,
  selector: string,
  metric: MetricIdentifier,
): Promise<PodMetricValues> {
  const query = queryOf({ labelSelector: selector, metricLabelSelector: selectorOf(metric) })
  const items = await custom(client, `/namespaces/${segment(namespace)}/pods/*/${segment(metric.name)}${query}`)
  return new Map(
    items.map(({ describedObject, value, timestamp, windowSeconds = 60 }) => [
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
  const inGroup = apiVersion.includes('/')
  const { resources } = (await client.raw(
    'GET',
    inGroup ? `/apis/${apiVersion}` : `/api/${apiVersion}`,
  )) as APIResourceList
  const served = resources.find(resource => resource.kind === kind && !resource.name.includes('/'))
  if (!served) throw new Error(`no matches for kind "${kind}"`)
  const group = inGroup ? `.${apiVersion.split('/')[0] ?? ''}` : ''
  const where = served.namespaced ? `/namespaces/${segment(namespace)}` : ''
  const query = queryOf({ metricLabelSelector: selectorOf(metric) })
  const [first] = await custom(
    client,
    `${where}/${segment(served.name + group)}/${segment(name)}/${segment(metric.name)}${query}`,
  )
  return parseQuantity(first?.value ?? '0').milli()
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
