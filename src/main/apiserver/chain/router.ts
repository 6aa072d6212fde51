// From an authorized request to the code that answers it: generic verbs, subresource handlers, and plain paths.
import { ApiError, badRequest, notFound } from '../../../shared/machinery/status.ts'
import type { SubresourceHandler, HttpMethod } from '../endpoints/contract.ts'
import { create } from '../endpoints/create.ts'
import { removeCollection } from '../endpoints/delete-collection.ts'
import { remove } from '../endpoints/delete.ts'
import { get } from '../endpoints/get.ts'
import { list } from '../endpoints/list.ts'
import type { Endpoint, EndpointParts } from '../endpoints/parts.ts'
import { patch } from '../endpoints/patch.ts'
import { scale } from '../endpoints/scale.ts'
import { update } from '../endpoints/update.ts'
import { watch } from '../endpoints/watch.ts'
import { requireWhole } from '../representation/negotiate.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import type { ApiRequest, ApiResponse, Handler } from '../request.ts'

const VERBS: Readonly<Record<string, Endpoint>> = {
  get,
  list,
  watch,
  create,
  update,
  patch,
  delete: remove,
  deletecollection: removeCollection,
}
/** Verbs that name one object; the others mean the collection. */
const ON_OBJECT = new Set(['get', 'update', 'patch', 'delete'])
const STATUS_VERBS = new Set(['get', 'update', 'patch'])
/** What a client asks for there is somebody else's to do, and cannot be tried. */
const CONNECTIONS = new Set(['proxy', 'exec', 'attach', 'portforward'])

export const unknownPath = () => new ApiError(404, 'NotFound', 'the server could not find the requested resource', {})
export const notAllowed = () =>
  new ApiError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {})

/** A path outside the resources, such as `/version`; a trailing `*` covers everything below. */
export interface PathHandler {
  readonly path: string
  /** Which paths the root names of it; undefined: its own, or none of what is below. */
  readonly listed?: () => readonly string[]
  /** Which paths of it answer nothing but GET; undefined: as upstream's, all of them answer whatever the method is. */
  readonly getOnly?: (path: string) => boolean
  readonly handle: Handler
}

/** @returns what the root says that there is, in order */
export const listedPaths = (handlers: readonly PathHandler[]): string[] =>
  [...new Set(handlers.flatMap(({ path, listed }) => listed?.() ?? (path.endsWith('*') ? [] : [path])))].sort()

export interface Router {
  /** @throws ApiError 404, 405 */
  route(request: ApiRequest): Promise<ApiResponse>
  isLongRunning(request: ApiRequest): boolean
}

export function createRouter(
  parts: EndpointParts,
  handlers: readonly SubresourceHandler[],
  paths: readonly PathHandler[],
  /** How what an extension server serves is answered; undefined for what none does. */
  remote: (group: string, version: string) => Handler | undefined = () => undefined,
): Router {
  const byTarget = new Map<string, SubresourceHandler>()
  for (const handler of handlers)
    byTarget.set(`${handler.group}/${handler.version ?? 'v1'}/${handler.resource}/${handler.subresource}`, handler)
  const exact = new Map(paths.filter(({ path }) => !path.endsWith('*')).map(handler => [handler.path, handler]))
  const prefixes = paths
    .filter(({ path }) => path.endsWith('*'))
    .map(handler => [handler.path.slice(0, -1), handler] as const)

  const handlerOf = ({ info }: ApiRequest) =>
    byTarget.get(`${info.group}/${info.version}/${info.resource}/${info.subresource}`)

  function handleSpecial(request: ApiRequest, handler: SubresourceHandler): Promise<ApiResponse> {
    const { info } = request
    const parent = parts.resources.byUrl(info.group, info.version, info.resource)
    const namespaced = handler.namespaced ?? parent?.type.namespaced ?? false
    const lists = info.verb === 'list' && handler.verbs?.includes('list')
    if (namespaced && info.namespace === '' && !lists) throw unknownPath()
    // What is only asked or told, such as a review, is nowhere afterwards.
    if (handler.subresource === '' && info.name !== '' && !handler.verbs?.includes('get')) throw unknownPath()
    assertScope(request, namespaced)
    const heads = request.method === 'HEAD' && handler.subresource === 'proxy'
    const method = (heads ? 'GET' : request.method) as HttpMethod
    if (handler.methods[method] === undefined) throw notAllowed()
    if (CONNECTIONS.has(handler.subresource) && request.query.has('dryRun')) throw badRequest('dryRun is not supported')
    if (parent?.deprecated && !parent.custom) request.warn(parent.deprecated)
    if (handler.subresource === '' && parent?.virtual && !handler.verbs) requireWhole(request.headers.accept)
    return handler.handle(request, parts)
  }

  /**
   * A namespaced kind's objects have a namespace in their URL, a cluster's never: the request was authorized for the
   * namespace that the URL names, and a right inside one must not reach what is outside. A Namespace lies in itself.
   */
  function assertScope({ info }: ApiRequest, namespaced: boolean): void {
    const isNamespace = info.group === '' && info.resource === 'namespaces'
    const within = isNamespace ? info.namespace !== info.name : info.namespace !== ''
    if (namespaced ? info.name !== '' && info.namespace === '' : within) throw unknownPath()
  }

  function routeResource(request: ApiRequest): Promise<ApiResponse> {
    const { info } = request
    const special = handlerOf(request)
    const resource = parts.resources.byUrl(info.group, info.version, info.resource)
    // A custom resource's version warns whatever is asked of it, a built-in one of what it can do.
    if (resource?.custom && resource.deprecated) request.warn(resource.deprecated)
    const instead = resource?.givesWay ? remote(info.group, info.version) : undefined
    if (instead) return instead(request)
    if (special) return handleSpecial(request, special)
    const elsewhere = !resource || resource.virtual || resource.custom ? remote(info.group, info.version) : undefined
    if (elsewhere) return elsewhere(request)
    if (!resource || resource.virtual) throw unknownPath()
    assertScope(request, resource.type.namespaced)
    const writesAll = info.verb === 'create' || info.verb === 'deletecollection'
    if (writesAll && resource.type.namespaced && info.namespace === '')
      throw resource.custom ? unknownPath() : notAllowed()
    const endpoint = endpointOf(request, resource)
    // As upstream has it: custom resources alone answer without a body.
    if (request.method === 'HEAD' && !resource.custom) throw notAllowed()
    if (resource.deprecated && !resource.custom) request.warn(resource.deprecated)
    return endpoint(request, resource, parts)
  }

  /** @throws ApiError 404, 405 */
  function endpointOf({ info }: ApiRequest, resource: ResourceDescriptor): Endpoint {
    const endpoint = VERBS[info.verb]
    if (info.subresource === 'scale' && resource.scale) {
      if (!resource.custom && !STATUS_VERBS.has(info.verb)) throw notAllowed()
      return scale
    }
    if (info.subresource === 'status' && resource.status) {
      if (!endpoint || !STATUS_VERBS.has(info.verb)) throw notAllowed()
      return endpoint
    }
    // Of a custom resource every part is looked for by the object's name.
    if (info.subresource !== '') throw resource.custom ? notFound(resource.type, info.name) : unknownPath()
    const fits = ON_OBJECT.has(info.verb) ? info.name !== '' : info.name === '' || info.verb === 'watch'
    if (!endpoint || !fits || !resource.verbs.includes(info.verb)) throw notAllowed()
    return endpoint
  }

  function routePath(request: ApiRequest): Promise<ApiResponse> {
    const { path } = request.info
    const trimmed = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
    const [, group, version] = /^\/apis\/([^/]+)\/([^/]+)/.exec(path) ?? []
    const elsewhere = group && version ? remote(group, version) : undefined
    if (elsewhere) return elsewhere(request)
    const handler = exact.get(trimmed) ?? prefixes.find(([prefix]) => path.startsWith(prefix))?.[1]
    if (!handler) throw unknownPath()
    if (request.method !== 'GET' && handler.getOnly?.(trimmed)) throw notAllowed()
    return handler.handle(request)
  }

  return {
    route: request => (request.info.isResource ? routeResource(request) : routePath(request)),
    isLongRunning: request => request.info.verb === 'watch' || handlerOf(request)?.longRunning === true,
  }
}
