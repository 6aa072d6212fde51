// metrics.k8s.io: what nodes and pods use, for `kubectl top` and the horizontal pod autoscaler.
import { Node, Pod } from '../../../shared/api/core/v1.ts'
import { NodeMetrics, PodMetrics } from '../../../shared/machinery/metrics-types.ts'
import { formatTime } from '../../../shared/machinery/clock.ts'
import { formatDuration } from '../../../shared/machinery/duration.ts'
import type { AnyObject, KubeObject } from '../../../shared/machinery/object.ts'
import { type ResourceType, apiVersionOf } from '../../../shared/machinery/resource-type.ts'
import { notFound } from '../../../shared/machinery/status.ts'
import type { EndpointContext, SubresourceHandler } from '../endpoints/contract.ts'
import { createRepresent } from '../endpoints/read/represent.ts'
import { selectionOf } from '../endpoints/read/selection.ts'
import type { ApiRequest, ApiResponse } from '../request.ts'
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

function handler(
  collector: MetricsCollector,
  type: ResourceType<KubeObject>,
  read: (context: EndpointContext, measured: ByNode, namespace: string) => object[],
): SubresourceHandler {
  const { group, version, kind, plural } = type
  return {
    group,
    version,
    resource: plural,
    subresource: '',
    kind: { group, version, kind },
    methods: { GET: 'get' },
    verbs: ['get', 'list'],
    async handle(request: ApiRequest, context: EndpointContext): Promise<ApiResponse> {
      const { info, query } = request
      const resource = context.resources.byUrl(group, version, plural)
      if (!resource) throw notFound(type, info.name)
      const selection = selectionOf(resource, query.get('labelSelector') ?? '', query.get('fieldSelector') ?? '')
      const representation = createRepresent(context.store, context.clock)(request, resource)
      const { contentType } = representation
      const objects = read(context, await collector.measured(), info.namespace) as unknown as AnyObject[]
      if (info.name !== '') {
        const found = objects.find(({ metadata }) => metadata.name === info.name)
        if (!found) throw notFound(type, info.namespace ? `${info.namespace}/${info.name}` : info.name)
        return { code: 200, object: representation.one(found), contentType }
      }
      const { matches } = selection
      const items = (matches ? objects.filter(matches) : objects).map(object => ({
        key: '',
        object,
        revision: 0,
        createRevision: 0,
      }))
      return { code: 200, object: representation.list({ metadata: {}, items }), contentType }
    },
  }
}

export const metricsHandlers = (collector: MetricsCollector): SubresourceHandler[] => [
  handler(collector, NodeMetrics, nodeMetrics),
  handler(collector, PodMetrics, podMetrics),
]
