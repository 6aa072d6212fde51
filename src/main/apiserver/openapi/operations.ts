// The paths and operations of a resource, as OpenAPI describes them.
//
// Clients read more than documentation out of this: kubectl asks here whether a kind's PATCH takes `fieldValidation`.
import { collectionPath } from '../../../shared/machinery/resource-type.ts'
import type { SubresourceHandler } from '../endpoints/contract.ts'
import { answersWithObject } from '../endpoints/delete.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import { capital, groupName } from './group-name.ts'
import {
  ANYTHING,
  CUSTOM_BODIES,
  CUSTOM_PATCHES,
  type Gvk,
  operation,
  type OperationSpec,
  PATCHES,
} from './operation.ts'
import {
  CHOOSE,
  DELETE,
  FORCE,
  LIST,
  parameterReference,
  type ParameterTexts,
  pathParameter,
  PRETTY,
  WRITE,
} from './parameters.ts'
import { subresourcePaths } from './subresource-paths.ts'
import type { Dialect, JsonSchema } from './type-schemas.ts'
import { watchPaths } from './watch-paths.ts'

const SCALE: Gvk = { group: 'autoscaling', version: 'v1', kind: 'Scale' }

/** @param handlers of other subresources than `status` and `scale` @returns path → path item */
export function resourcePaths(
  resource: ResourceDescriptor,
  handlers: readonly SubresourceHandler[],
  dialect: Dialect,
  texts: ParameterTexts,
): Record<string, JsonSchema> {
  const { type, verbs, schema } = resource
  const { group, version, kind, namespaced } = type
  const gvk: Gvk = { group, version, kind }
  const folder = groupName(group)
  const tag = `${folder}_${version}`
  const within = `${capital(folder)}${capital(version)}`
  const scoped = `${within}${namespaced ? 'Namespaced' : ''}${kind}`
  const list = `${schema}List`
  const root = collectionPath(type)
  const collection = namespaced ? root.replace(/\/([^/]+)$/, '/namespaces/{namespace}/$1') : root
  const custom = resource.custom !== undefined
  const bodies = custom ? CUSTOM_BODIES : ANYTHING
  const op = (spec: OperationSpec) =>
    operation(custom ? { produces: CUSTOM_BODIES, consumes: CUSTOM_BODIES, ...spec } : spec, tag, dialect, texts)
  const objectBody = (id: string) => ({ types: bodies, schema: id, required: true })
  const patchBody = { types: custom ? CUSTOM_PATCHES : PATCHES, schema: 'meta.v1.Patch', required: true }
  const deleteBody = { types: bodies, schema: 'meta.v1.DeleteOptions', required: false }
  // Of custom resources upstream's document says so; what is taken is the same.
  const reading = custom ? LIST.filter(({ name }) => name === 'resourceVersion') : []
  const patched = custom ? [200] : [200, 201]
  const emptying = custom ? { parameters: LIST } : { parameters: [...CHOOSE, ...DELETE], body: deleteBody }

  const listing = (id: string) =>
    op({ id, action: 'list', gvk, parameters: LIST, answer: list, codes: [200], watchable: true })
  const update = (name: string, target: Pick<OperationSpec, 'gvk' | 'part'>, id: string) => ({
    get: op({ id: `read${name}`, action: 'get', ...target, parameters: reading, answer: id, codes: [200] }),
    put: op({
      id: `replace${name}`,
      action: 'put',
      ...target,
      parameters: WRITE,
      body: objectBody(id),
      answer: id,
      codes: [200, 201],
    }),
    patch: op({
      id: `patch${name}`,
      action: 'patch',
      ...target,
      parameters: [...WRITE, FORCE],
      body: patchBody,
      answer: id,
      codes: patched,
    }),
  })

  const has = (verb: string, item: JsonSchema) => (verbs.includes(verb) ? item : {})
  const namespace = namespaced ? [pathParameter('namespace', 'The namespace of the object.', dialect)] : []
  const named = [pathParameter('name', `The name of the ${kind}.`, dialect), ...namespace]
  const whole = update(scoped, { gvk }, schema)
  const paths: Record<string, JsonSchema> = {}
  const add = (path: string, item: JsonSchema, parameters: JsonSchema[]) => {
    if (Object.keys(item).length)
      paths[path] = { ...item, parameters: [...parameters, parameterReference(PRETTY, dialect, texts)] }
  }

  if (namespaced) {
    const everywhere = `list${within}${kind}ForAllNamespaces`
    add(root, has('list', { get: listing(everywhere) }), [])
  }
  add(
    collection,
    {
      ...has('list', { get: listing(`list${scoped}`) }),
      ...has('create', {
        post: op({
          id: `create${scoped}`,
          action: 'post',
          gvk,
          parameters: WRITE,
          body: objectBody(schema),
          answer: schema,
          codes: [200, 201, 202],
        }),
      }),
      ...has('deletecollection', {
        delete: op({
          id: `delete${within}Collection${namespaced ? 'Namespaced' : ''}${kind}`,
          action: 'deletecollection',
          gvk,
          ...emptying,
          answer: 'meta.v1.Status',
          codes: [200],
        }),
      }),
    },
    namespace,
  )
  add(
    `${collection}/{name}`,
    {
      ...has('get', { get: whole.get }),
      ...has('update', { put: whole.put }),
      ...has('patch', { patch: whole.patch }),
      ...has('delete', {
        delete: op({
          id: `delete${scoped}`,
          action: 'delete',
          gvk,
          parameters: DELETE,
          body: deleteBody,
          answer: answersWithObject(resource) ? schema : 'meta.v1.Status',
          codes: [200, 202],
        }),
      }),
    },
    named,
  )
  if (resource.status)
    add(`${collection}/{name}/status`, update(`${scoped}Status`, { gvk, part: 'status' }, schema), named)
  if (resource.scale) {
    const scale = custom ? { gvk, part: 'scale' } : { gvk: SCALE }
    add(`${collection}/{name}/scale`, update(`${scoped}Scale`, scale, 'autoscaling.v1.Scale'), named)
  }
  return {
    ...paths,
    ...watchPaths(resource, { within, tag, root, collection }, dialect, texts),
    ...subresourcePaths(resource, collection, handlers, dialect, texts),
  }
}
