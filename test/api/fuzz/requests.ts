// Requests made up from what the server says of itself: every path and verb of its OpenAPI documents and of discovery.
import { minimalObjects } from '../registry/minimal-objects.ts'
import type { Random } from './random.ts'
import { junk, type Schema, type Schemas, Values } from './values.ts'

export interface Target {
  /** With `{namespace}` and `{name}`. */
  readonly path: string
  readonly method: string
  readonly kind?: { readonly group: string; readonly version: string; readonly kind: string }
  readonly schema?: Schema
  readonly schemas: Schemas
}

export interface FuzzRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Buffer
}

const NAMES = ['web', 'web', 'web', 'b', 'default', 'kubernetes', 'UPPER', '..', '%2e%2e', '%00', '%ff', '*', 'a%2fb', '%F0%9F%92%A5', '__proto__', 'constructor', 'x'.repeat(260)] // prettier-ignore
const NAMESPACES = ['default', 'default', 'default', 'kube-system', 'none', '__proto__', '..']
const NUMBERS = ['0', '1', '-1', '99999999999999999999', '1e3', 'x', '']
const FLAGS = ['true', 'false', '1', 'maybe', '']
const QUERY: Readonly<Record<string, readonly string[]>> = {
  limit: NUMBERS,
  continue: ['x', 'eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhIn0', ''],
  resourceVersion: [...NUMBERS, '999999999999'],
  resourceVersionMatch: ['Exact', 'NotOlderThan', 'Odd'],
  fieldSelector: ['metadata.name=web', 'metadata.name!=web', 'status.phase=Running', 'a', '=', ',,', 'x=\\', '__proto__=x'],
  labelSelector: ['app=web', 'app in (a, b)', '!app', 'app notin ()', 'n>1', '(((', 'a=='.repeat(99), '__proto__'],
  watch: FLAGS,
  timeoutSeconds: ['0', '1', '-1', 'x'],
  sendInitialEvents: FLAGS,
  allowWatchBookmarks: FLAGS,
  dryRun: ['All', 'All', 'None', ''],
  fieldManager: ['m', 'x'.repeat(200), '\n', ''],
  fieldValidation: ['Strict', 'Warn', 'Ignore', 'Odd'],
  force: FLAGS,
  propagationPolicy: ['Orphan', 'Background', 'Foreground', 'Odd'],
  gracePeriodSeconds: NUMBERS,
  orphanDependents: FLAGS,
  includeObject: ['None', 'Object', 'Odd'],
  pretty: FLAGS,
  command: ['ls', ''],
  container: ['web', ''],
  path: ['/../..', '//x'],
  tailLines: NUMBERS,
} // prettier-ignore
const ACCEPTS = ['application/json', 'application/json;as=Table;g=meta.k8s.io;v=v1', 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1', 'application/vnd.kubernetes.protobuf', 'application/yaml', '*/*;q=0', 'text/html', ';;,,', 'application/json;as=Odd'] // prettier-ignore
const TYPES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf', 'text/plain', 'application/json; charset=utf-16', ';'] // prettier-ignore
const PATCH_TYPES = ['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json', 'application/apply-patch+yaml'] // prettier-ignore
const POINTERS = ['', '/', '/metadata/labels', '/metadata/labels/a~1b', '/metadata/name', '/metadata/managedFields', '/spec', '/spec/replicas', '/spec/containers/0', '/spec/containers/-', '/spec/containers/99', '/status', '/__proto__/x', '/constructor', '/data/a', '/~2', 'x'] // prettier-ignore
/** What would make the server call others, or refuse everybody: only tried. */
const DRY = new Set(['admissionregistration.k8s.io', 'apiregistration.k8s.io', 'flowcontrol.apiserver.k8s.io'])
/** No part of an API: these are asked as they are. */
const OTHERS = ['/', '/api', '/apis', '/api/v1', '/version', '/healthz', '/livez?verbose', '/readyz?exclude=x', '/metrics', '/openapi/v2', '/openapi/v3', '/openid/v1/jwks', '/.well-known/openid-configuration', '/none', '/api/v9/pods', '/apis/none/v1/x', '/api/v1/namespaces/a/b/c/d/e/f', '//api//v1', '/api/v1/%'] // prettier-ignore

type Get = (path: string) => Promise<unknown>
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Schemas }
}
interface Operation {
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
  readonly 'x-kubernetes-group-version-kind'?: Target['kind']
}
interface Resources {
  readonly resources?: readonly { readonly name: string; readonly namespaced: boolean }[]
}

/** @returns every path and verb that the server tells of */
export async function targetsOf(get: Get): Promise<Target[]> {
  const index = (await get('/openapi/v3')) as { paths: Record<string, { serverRelativeURL: string }> }
  const targets: Target[] = OTHERS.map(path => ({ path, method: 'GET', schemas: {} }))
  for (const [group, { serverRelativeURL }] of Object.entries(index.paths)) {
    const { paths, components } = (await get(serverRelativeURL)) as Document
    for (const [path, item] of Object.entries(paths))
      for (const [method, operation] of Object.entries(item)) {
        if (method === 'parameters') continue
        const kind = operation['x-kubernetes-group-version-kind']
        const schema = Object.values(operation.requestBody?.content ?? {})[0]?.schema
        const own = method === 'patch' ? paths[path]?.['put']?.requestBody?.content['application/json']?.schema : schema
        const known = { ...(kind ? { kind } : {}), ...(own ? { schema: own } : {}) }
        targets.push({ path, method: method.toUpperCase(), schemas: components.schemas, ...known })
      }
    // A group whose parts nobody serves in this cluster is not discovered.
    const { resources = [] } = (await get(`/${group}`)) as Resources
    for (const { name, namespaced } of resources) {
      const [plural, sub] = name.split('/')
      const path = `/${group}/${namespaced ? 'namespaces/{namespace}/' : ''}${plural}/{name}/${sub}`
      if (sub === undefined || Object.hasOwn(paths, path)) continue
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])
        targets.push({ path, method, schemas: components.schemas })
    }
  }
  return targets
}

function queryOf(random: Random, target: Target): string {
  const query = new URLSearchParams()
  for (let i = random.pick([0, 0, 1, 1, 2, 4]); i > 0; i--) {
    const [name, values] = random.pick(Object.entries(QUERY))
    query.set(name, random.pick(values))
  }
  if (target.kind && DRY.has(target.kind.group) && target.method !== 'GET') query.set('dryRun', 'All')
  return query.size > 0 ? `?${query}` : ''
}

function patchOf(random: Random, type: string, object: Record<string, unknown>): unknown {
  if (type !== 'application/json-patch+json') {
    const [name] = Object.keys(object)
    const directive = random.pick(['$patch', '$retainKeys', `$setElementOrder/${name}`, `$deleteFromPrimitiveList/${name}`]) // prettier-ignore
    return random.chance(0.2)
      ? { ...object, [directive]: random.pick([['a'], 'replace', 'delete', [{}], null]) }
      : object
  }
  return Array.from({ length: random.below(4) }, () => ({
    op: random.pick(['add', 'remove', 'replace', 'move', 'copy', 'test', 'odd']),
    path: random.pick(POINTERS),
    ...(random.chance(0.7) ? { value: random.chance(0.5) ? junk(random) : random.pick(['web', 1, {}]) } : {}),
    ...(random.chance(0.4) ? { from: random.pick(POINTERS) } : {}),
  }))
}

/** @returns bytes that are not always what they claim to be */
function bytesOf(random: Random, type: string, value: unknown): Buffer {
  const text = Buffer.from(JSON.stringify(value))
  if (type === 'application/vnd.kubernetes.protobuf')
    return Buffer.concat([Buffer.from('k8s\0'), Buffer.from(Array.from({ length: 40 }, () => random.below(256)))])
  if (!random.chance(0.03)) return text
  if (random.chance(0.5)) return text.subarray(0, random.below(text.length))
  text[random.below(text.length)] = random.below(256)
  return text
}

/** @param folders schema ids by group, to find a kind's smallest valid object */
const minimalOf = ({ kind }: Target): Record<string, unknown> => {
  const folder = kind?.group === '' ? 'core' : kind?.group.split('.')[0]
  return minimalObjects[`${folder}.${kind?.version}.${kind?.kind}`] ?? {}
}

export function requestFor(target: Target, random: Random): FuzzRequest {
  const { kind, schema } = target
  const [name, namespace] = [random.pick(NAMES), random.pick(NAMESPACES)]
  const path = target.path.replace('{namespace}', namespace).replace('{name}', name) + queryOf(random, target)
  const headers: Record<string, string> = {
    accept: random.chance(0.7) ? 'application/json' : random.pick(ACCEPTS),
  }
  const method = random.chance(0.03) ? random.pick(['PATCH', 'PUT', 'OPTIONS', 'HEAD']) : target.method
  if (method === 'GET' || method === 'HEAD') return { method, path, headers }
  const values = new Values(target.schemas, random)
  const type =
    method === 'PATCH' ? random.pick(PATCH_TYPES) : random.chance(0.85) ? 'application/json' : random.pick(TYPES)
  const made = random.chance(0.5) ? values.mutated(minimalOf(target), schema ?? {}) : (values.of(schema ?? {}, 0.3) as Record<string, unknown>) // prettier-ignore
  const given = typeof made === 'object' && made !== null ? made : {}
  const object = {
    ...(kind ? { apiVersion: kind.group ? `${kind.group}/${kind.version}` : kind.version, kind: kind.kind } : {}),
    ...given,
    ...(random.chance(0.9) ? { metadata: { ...(given['metadata'] as object | undefined), name } } : {}),
  }
  const value = random.chance(0.02) ? junk(random) : method === 'PATCH' ? patchOf(random, type, object) : object
  return { method, path, headers: { ...headers, 'content-type': type }, body: bytesOf(random, type, value) }
}
