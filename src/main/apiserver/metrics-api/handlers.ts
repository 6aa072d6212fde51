// metrics.k8s.io: what nodes and pods use, for `kubectl top` and the horizontal pod autoscaler; and usage.flotilla.dev: what
// they used over the last hours, for the window's charts.
import { Node, Pod } from '../../../shared/api/core/v1.ts'
import { NodeUsage, PodUsage, type UsageSample } from '../../../shared/api/flotilla/usage-v1.ts'
import { NodeMetrics, PodMetrics } from '../../../shared/machinery/metrics-types.ts'
import { formatTime } from '../../../shared/machinery/clock.ts'
import { formatDuration } from '../../../shared/machinery/duration.ts'
import type { AnyObject, KubeObject } from '../../../shared/machinery/object.ts'
import { type ResourceType, apiVersionOf } from '../../../shared/machinery/resource-type.ts'
import type { Sample } from '../../../shared/machinery/usage-series.ts'
import type { EndpointContext, SubresourceHandler } from '../endpoints/contract.ts'
import { computedHandler } from '../endpoints/read/computed.ts'
import type { MetricsCollector } from './collector.ts'
import type { Measured } from './readings.ts'
import type { UsageHistory } from './usage-history.ts'

type ByNode = ReadonlyMap<string, Measured>

const every = (context: EndpointContext, type: ResourceType<KubeObject>, namespace?: string): readonly AnyObject[] => {
  const resource = context.resources.byUrl(type.group, type.version, type.plural)
  return resource ? context.list(resource, namespace) : []
}

const meta = ({ name, namespace, labels, creationTimestamp }: AnyObject['metadata']) => ({
  name,
  ...(namespace ? { namespace } : {}),
  ...(labels ? { labels } : {}),
  creationTimestamp,
})

const head = (type: ResourceType<KubeObject>, object: AnyObject, { atMs, windowMs }: Measured) => ({
  kind: type.kind,
  apiVersion: apiVersionOf(type),
  metadata: meta(object.metadata),
  timestamp: formatTime(atMs),
  window: formatDuration(windowMs),
})

/** Only what the store knows as well: a node cannot invent pods, nor speak for those of another. */
const nodeMetrics = (context: EndpointContext, measured: ByNode): object[] =>
  every(context, Node).flatMap(node => {
    const found = measured.get(node.metadata.name)
    return found?.node ? [{ ...head(NodeMetrics, node, found), usage: found.node }] : []
  })

const podMetrics = (context: EndpointContext, measured: ByNode, namespace: string): object[] =>
  every(context, Pod, namespace || undefined).flatMap(object => {
    const { metadata, spec } = object as unknown as Pod
    const found = measured.get(spec.nodeName ?? '')
    const containers = found?.pods.get(`${metadata.namespace}/${metadata.name}`)
    return found && containers ? [{ ...head(PodMetrics, object, found), containers }] : []
  })

/** About as many as one answer tells: of more things, fewer each. */
const MOST_SAMPLES = 20_000
const KIBI = 1024

/** @param samplesOf one reading in `every` */
function histories(
  type: ResourceType<KubeObject>,
  objects: readonly AnyObject[],
  length: number,
  samplesOf: (object: AnyObject, every: number) => readonly Sample[],
): object[] {
  const step = Math.max(1, Math.ceil((objects.length * length) / MOST_SAMPLES))
  const times = new Map<number, string>()
  const timeOf = (at: number): string => {
    const text = times.get(at) ?? formatTime(at)
    times.set(at, text)
    return text
  }
  return objects.flatMap(object => {
    const samples = samplesOf(object, step).map(({ at, cpu, memory }): UsageSample => ({
      timestamp: timeOf(at),
      cpu: `${Math.round(cpu * 1e6)}u`,
      memory: `${Math.round(memory / KIBI)}Ki`,
    }))
    const found = { kind: type.kind, apiVersion: apiVersionOf(type), metadata: meta(object.metadata), samples }
    return samples.length > 0 ? [found] : []
  })
}

const isNamed = (name: string) => (object: AnyObject) => name === '' || object.metadata.name === name

const nodeUsages = (context: EndpointContext, history: UsageHistory, name: string): object[] =>
  histories(NodeUsage, every(context, Node).filter(isNamed(name)), history.length, ({ metadata }, step) =>
    history.ofNode(metadata.name, step),
  )

const podUsages = (context: EndpointContext, history: UsageHistory, namespace: string, name: string): object[] => {
  const pods = every(context, Pod, namespace || undefined).filter(isNamed(name))
  return histories(PodUsage, pods, history.length, (object, step) => {
    const { metadata, spec } = object as unknown as Pod
    return history.ofPod(spec.nodeName ?? '', `${metadata.namespace}/${metadata.name}`, step)
  })
}

export const metricsHandlers = (collector: MetricsCollector): SubresourceHandler[] => [
  computedHandler(NodeUsage, (context, _namespace, name) =>
    Promise.resolve(nodeUsages(context, collector.history, name)),
  ),
  computedHandler(PodUsage, (context, namespace, name) =>
    Promise.resolve(podUsages(context, collector.history, namespace, name)),
  ),
  computedHandler(NodeMetrics, async context => nodeMetrics(context, await collector.measured())),
  computedHandler(PodMetrics, async (context, namespace) => podMetrics(context, await collector.measured(), namespace)),
]
