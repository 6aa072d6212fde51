// What a method and a path mean: the API verb, group, version, namespace, resource, name and subresource.
// See upstream's RequestInfoFactory and the API concepts page, "Resource URIs".
import { badRequest } from '../../../shared/machinery/status.ts'
import { METHOD_VERBS } from '../../../shared/machinery/verbs.ts'
import type { RequestInfo } from '../request.ts'

/** Subresources of a namespace; any other segment there is a resource inside the namespace. */
const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize'])

function decodeSegment(segment: string): string {
  if (!segment.includes('%')) return segment
  try {
    return decodeURIComponent(segment)
  } catch {
    throw badRequest(`invalid URL escape "${segment}"`)
  }
}

const nonResource = (method: string, path: string): RequestInfo => ({
  isResource: false,
  path,
  verb: method.toLowerCase(),
  group: '',
  version: '',
  namespace: '',
  resource: '',
  subresource: '',
  name: '',
  rest: '',
})

/** A name may become part of a store key and of other URLs: a slash or a dot segment in it is never legitimate. */
function assertSegment(value: string): string {
  if (/[/%\0]/.test(value) || value === '.' || value === '..')
    throw badRequest(`invalid path segment ${JSON.stringify(value)}`)
  return value
}

/** @returns what follows the first `count` segments of a path, as it was sent. */
function afterSegments(path: string, count: number): string {
  let at = 0
  for (let seen = 0; seen < count; seen++) {
    while (path[at] === '/') at++
    while (at < path.length && path[at] !== '/') at++
  }
  return path.slice(at + 1)
}

function isTrue(query: URLSearchParams, name: string): boolean {
  const value = query.get(name)
  return value !== null && value !== '0' && value.toLowerCase() !== 'false'
}

/**
 * @param path percent-encoded, without the query
 * @throws ApiError 400 for escapes and segments that no resource can have
 */
export function parseRequestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const segments = path.split('/').filter(segment => segment !== '')
  const grouped = segments[0] === 'apis'
  if ((!grouped && segments[0] !== 'api') || segments.length < (grouped ? 4 : 3)) return nonResource(method, path)
  const group = grouped ? decodeSegment(segments[1] ?? '') : ''
  const version = decodeSegment(segments[grouped ? 2 : 1] ?? '')
  let parts = segments.slice(grouped ? 3 : 2).map(decodeSegment)

  // The deprecated /watch/ prefix of old clients.
  const watchPrefix = parts[0] === 'watch' && parts.length > 1
  if (watchPrefix) parts = parts.slice(1)

  let namespace = ''
  if (parts[0] === 'namespaces' && parts[1] !== undefined) {
    namespace = parts[1]
    if (parts.length > 2 && !NAMESPACE_SUBRESOURCES.has(parts[2] ?? '')) parts = parts.slice(2)
  }
  const [resource = '', name = '', subresource = '', ...rest] = parts
  if (rest.length > 0 && subresource !== 'proxy') return nonResource(method, path)
  assertSegment(namespace)
  assertSegment(name)

  // Other methods have none, which only a rule for all verbs allows.
  let verb = METHOD_VERBS[method] ?? ''
  if (name === '' && verb === 'get') verb = watchPrefix || isTrue(query, 'watch') ? 'watch' : 'list'
  else if (name === '' && verb === 'delete') verb = 'deletecollection'
  else if (verb === 'get' && watchPrefix && subresource !== 'proxy') verb = 'watch'
  const restText = rest.length > 0 ? afterSegments(path, segments.length - rest.length) : ''
  return { isResource: true, path, verb, group, version, namespace, resource, subresource, name, rest: restText }
}
