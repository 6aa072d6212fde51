// Reads of kinds that are stored nowhere: what there is of them is worked out for each request.
import type { AnyObject, KubeObject } from '../../../../shared/machinery/object.ts'
import type { ResourceType } from '../../../../shared/machinery/resource-type.ts'
import { notFound } from '../../../../shared/machinery/status.ts'
import type { ApiRequest, ApiResponse } from '../../request.ts'
import type { EndpointContext, SubresourceHandler } from '../contract.ts'
import { createRepresent } from './represent.ts'
import { selectionOf } from './selection.ts'

/** @param read all that there is, in the namespace when there is one; with a name, that one is enough */
export function computedHandler(
  type: ResourceType<KubeObject>,
  read: (context: EndpointContext, namespace: string, name: string) => Promise<readonly object[]>,
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
      const { matches } = selectionOf(resource, query.get('labelSelector') ?? '', query.get('fieldSelector') ?? '')
      const representation = createRepresent(context.store, context.clock)(request, resource)
      const { contentType } = representation
      const objects = (await read(context, info.namespace, info.name)) as unknown as AnyObject[]
      if (info.name !== '') {
        const found = objects.find(({ metadata }) => metadata.name === info.name)
        if (!found) throw notFound(type, info.namespace ? `${info.namespace}/${info.name}` : info.name)
        return { code: 200, object: representation.one(found), contentType }
      }
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
