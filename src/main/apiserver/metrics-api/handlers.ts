// metrics.k8s.io: what nodes and pods use, for `kubectl top` and the horizontal pod autoscaler.
import { Node, Pod } from '../../../shared/api/core/v1.ts'
import { NodeMetrics, PodMetrics } from '../../../shared/machinery/metrics-types.ts'
import { formatTime } from '../../../shared/machinery/clock.ts'
import { formatDuration } from '../../../shared/machinery/duration.ts'
import type { AnyObject, KubeObject } from '../../../shared/machinery/object.ts'
import { type ResourceType, apiVersionOf } from '../../../shared/machinery/resource-type.ts'
import type { EndpointContext, SubresourceHandler } from '../endpoints/contract.ts'
import { computedHandler } from '../endpoints/read/computed.ts'
import type { MetricsCollector } from './collector.ts'
import type { Measured } from './readings.ts'

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

export const metricsHandlers = (collector: MetricsCollector): SubresourceHandler[] => [
  computedHandler(NodeMetrics, async context => nodeMetrics(context, await collector.measured())),
  computedHandler(PodMetrics, async (context, namespace) => podMetrics(context, await collector.measured(), namespace)),
]
