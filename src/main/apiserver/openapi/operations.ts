// The paths and operations of a resource, as OpenAPI describes them.
//
// Clients read more than documentation out of this: kubectl asks here whether a kind's PATCH takes `fieldValidation`.
import { collectionPath } from '../../../shared/machinery/resource-type.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import {
  DELETE,
  FORCE,
  LIST,
  type Parameter,
  parameterReference,
  type ParameterTexts,
  pathParameter,
  PRETTY,
  WRITE,
} from './parameters.ts'
import { definitionName, type Dialect, type JsonSchema } from './type-schemas.ts'

const BODIES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']
const CUSTOM_PATCHES = ['application/json-patch+json', 'application/merge-patch+json', 'application/apply-patch+yaml']
/** kubectl reads here whether it may send a strategic merge patch; custom resources take none. */
const PATCHES = [...CUSTOM_PATCHES, 'application/strategic-merge-patch+json']
const WATCHES = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch']

export interface Gvk {
  readonly group: string
  readonly version: string
  readonly kind: string
}

interface OperationSpec {
  readonly id: string
  readonly action: string
  readonly gvk: Gvk
  readonly parameters: readonly Parameter[]
  /** Content types of the body and the id of its type. */
  readonly body?: { readonly types: readonly string[]; readonly schema: string; readonly required: boolean }
  readonly answer: string
  readonly codes: readonly number[]
  readonly watchable?: boolean
}

/** What an operation does, before the kind that it does it to. */
const SAID: Readonly<Record<string, string>> = {
  list: 'list or watch objects of kind',
  get: 'read the specified',
  post: 'create a',
  put: 'replace the specified',
  patch: 'partially update the specified',
  delete: 'delete a',
  deletecollection: 'delete collection of',
}

const CODES: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted', 401: 'Unauthorized' }

function operation(spec: OperationSpec, tag: string, dialect: Dialect, texts: ParameterTexts): JsonSchema {
  const ref = (id: string) => ({ $ref: dialect.refPrefix + definitionName(id) })
  const content = (types: readonly string[], id: string) =>
    Object.fromEntries(types.map(type => [type, { schema: ref(id) }]))
  const produces = spec.watchable ? [...BODIES, ...WATCHES] : BODIES
  const v3 = dialect.version === 3
  const parameters: JsonSchema[] = spec.parameters.map(each => parameterReference(each, dialect, texts))
  if (spec.body && !v3) {
    parameters.unshift({ name: 'body', in: 'body', required: spec.body.required, schema: ref(spec.body.schema) })
  }
  const responses = Object.fromEntries(
    [...spec.codes, 401].map(code => [
      String(code),
      {
        description: CODES[code] ?? '',
        ...(code === 401 ? {} : v3 ? { content: content(produces, spec.answer) } : { schema: ref(spec.answer) }),
      },
    ]),
  )
  return {
    tags: [tag],
    description: `${SAID[spec.action] ?? spec.action} ${spec.gvk.kind}`,
    operationId: spec.id,
    ...(parameters.length ? { parameters } : {}),
    ...(v3 ? {} : { consumes: spec.body?.types ?? ['*/*'], produces }),
    ...(spec.body && v3
      ? { requestBody: { required: spec.body.required, content: content(spec.body.types, spec.body.schema) } }
      : {}),
    responses,
    'x-kubernetes-action': spec.action,
    'x-kubernetes-group-version-kind': spec.gvk,
  }
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

/** @returns path → path item, for a resource with its `status` and `scale`. */
export function resourcePaths(
  resource: ResourceDescriptor,
  dialect: Dialect,
  texts: ParameterTexts,
): Record<string, JsonSchema> {
  const { type, verbs, schema } = resource
  const { group, version, kind, namespaced } = type
  const gvk: Gvk = { group, version, kind }
  // Two groups may begin alike: those of custom resources go by their whole name.
  const folder = resource.custom ? group.split('.').map(capital).join('') : (schema.split('.')[0] ?? '')
  const tag = `${folder}_${version}`
  const scoped = `${capital(folder)}${capital(version)}${namespaced ? 'Namespaced' : ''}${kind}`
  const list = `${schema}List`
  const root = collectionPath(type)
  const collection = namespaced ? root.replace(/\/([^/]+)$/, '/namespaces/{namespace}/$1') : root
  const op = (spec: OperationSpec) => operation(spec, tag, dialect, texts)
  const objectBody = (id: string) => ({ types: BODIES, schema: id, required: true })
  const patchBody = { types: resource.custom ? CUSTOM_PATCHES : PATCHES, schema: 'meta.v1.Patch', required: true }
  const deleteBody = { types: BODIES, schema: 'meta.v1.DeleteOptions', required: false }

  const listing = (id: string) =>
    op({ id, action: 'list', gvk, parameters: LIST, answer: list, codes: [200], watchable: true })
  const update = (name: string, target: Gvk, id: string) => ({
    get: op({ id: `read${name}`, action: 'get', gvk: target, parameters: [], answer: id, codes: [200] }),
    put: op({
      id: `replace${name}`,
      action: 'put',
      gvk: target,
      parameters: WRITE,
      body: objectBody(id),
      answer: id,
      codes: [200, 201],
    }),
    patch: op({
      id: `patch${name}`,
      action: 'patch',
      gvk: target,
      parameters: [...WRITE, FORCE],
      body: patchBody,
      answer: id,
      codes: [200, 201],
    }),
  })

  const has = (verb: string, item: JsonSchema) => (verbs.includes(verb) ? item : {})
  const namespace = namespaced ? [pathParameter('namespace', 'The namespace of the object.', dialect)] : []
  const named = [pathParameter('name', `The name of the ${kind}.`, dialect), ...namespace]
  const whole = update(scoped, gvk, schema)
  const paths: Record<string, JsonSchema> = {}
  const add = (path: string, item: JsonSchema, parameters: JsonSchema[]) => {
    if (Object.keys(item).length)
      paths[path] = { ...item, parameters: [...parameters, parameterReference(PRETTY, dialect, texts)] }
  }

  if (namespaced) {
    const everywhere = `list${capital(folder)}${capital(version)}${kind}ForAllNamespaces`
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
          id: `delete${scoped.replace('Namespaced', 'CollectionNamespaced')}`,
          action: 'deletecollection',
          gvk,
          parameters: [...LIST, ...DELETE],
          body: deleteBody,
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
          answer: 'meta.v1.Status',
          codes: [200, 202],
        }),
      }),
    },
    named,
  )
  if (resource.status) add(`${collection}/{name}/status`, update(`${scoped}Status`, gvk, schema), named)
  if (resource.scale) {
    const scale: Gvk = { group: 'autoscaling', version: 'v1', kind: 'Scale' }
    add(`${collection}/{name}/scale`, update(`${scoped}Scale`, scale, 'autoscaling.v1.Scale'), named)
  }
  return paths
}
