// Serves the discovery documents, encoded once, with ETags.
import { createHash } from 'node:crypto'
import { negotiate, parseAccept, requireWhole } from '../representation/negotiate.ts'
import { type PathHandler, unknownPath } from '../chain/router.ts'
import type { ApiRequest, ApiResponse } from '../request.ts'
import { AGGREGATED_TYPE, aggregatedDiscovery } from './aggregated.ts'
import { apiGroup, apiGroupList, apiResourceList, apiVersions } from './legacy.ts'
import type { ServedGroup } from './served.ts'

interface Document {
  readonly bytes: Buffer
  readonly etag: string
}

function wantsAggregated(accept: string | undefined): boolean {
  for (const { type, parameters } of parseAccept(accept ?? '')) {
    if (type !== 'application/json' && type !== '*/*' && type !== 'application/*') continue
    if (parameters.get('as') === undefined) return false
    if (
      parameters.get('as') === 'APIGroupDiscoveryList' &&
      parameters.get('g') === 'apidiscovery.k8s.io' &&
      parameters.get('v') === 'v2'
    )
      return true
  }
  return false
}

/** @throws ApiError 406 */
function wantsJson(accept: string | undefined): boolean {
  requireWhole(accept)
  return negotiate(accept, ['json', 'yaml', 'protobuf']).encoding === 'json'
}

const pathsOf = (root: string, groups: readonly ServedGroup[]): string[] =>
  groups.flatMap(({ group, versions }) => [
    ...(group ? [`${root}/${group}`] : []),
    ...versions.map(({ version }) => [root, group, version].filter(part => part !== '').join('/')),
  ])

/** @param isBuiltin whether a version of a group is served by this server, and not for what users define */
export function discoveryHandlers(
  groups: () => readonly ServedGroup[],
  isBuiltin: (group: string, version: string) => boolean,
): PathHandler[] {
  /** Documents of one state of the registry; another state has another list. */
  const documents = new WeakMap<readonly ServedGroup[], Map<string, Document>>()

  function answer(request: ApiRequest, key: string, contentType: string, make: () => unknown): ApiResponse {
    const served = groups()
    let known = documents.get(served)
    if (!known) documents.set(served, (known = new Map<string, Document>()))
    let document = known.get(key)
    if (!document) {
      const bytes = Buffer.from(JSON.stringify(make()))
      document = { bytes, etag: `"${createHash('sha512').update(bytes).digest('hex').toUpperCase()}"` }
      known.set(key, document)
    }
    const headers = { etag: document.etag, vary: 'Accept' }
    if (contentType !== AGGREGATED_TYPE && !wantsJson(request.headers.accept))
      return { code: 200, headers: { vary: 'Accept' }, object: JSON.parse(document.bytes.toString('utf8')) as object }
    if (request.headers['if-none-match'] === document.etag)
      return { code: 304, headers, bytes: Buffer.alloc(0), contentType }
    return { code: 200, headers, bytes: document.bytes, contentType }
  }

  const root = (request: ApiRequest, key: string, own: () => ServedGroup[], legacy: () => unknown) =>
    wantsAggregated(request.headers.accept)
      ? answer(request, `${key}+aggregated`, AGGREGATED_TYPE, () => aggregatedDiscovery(own()))
      : answer(request, key, 'application/json', legacy)

  const core = () => groups().filter(({ group }) => group === '')
  const named = () => groups().filter(({ group }) => group !== '')

  function below(request: ApiRequest, prefix: string): ApiResponse {
    const [first = '', second, ...rest] = request.info.path
      .slice(prefix.length)
      .split('/')
      .filter(part => part !== '')
    const inCore = prefix === '/api/'
    const group = groups().find(served => served.group === (inCore ? '' : first))
    const version = inCore ? first : second
    if (!group || rest.length > 0 || (inCore && second !== undefined)) throw unknownPath()
    if (version === undefined) return answer(request, request.info.path, 'application/json', () => apiGroup(group))
    const served = group.versions.find(candidate => candidate.version === version)
    if (!served) throw unknownPath()
    return answer(request, `${group.group}/${version}`, 'application/json', () => apiResourceList(group.group, served))
  }

  /** Of groups only that of extension servers, as upstream has it. */
  function getOnly(path: string): boolean {
    const [, root, first = '', second] = path.split('/')
    if (root === 'api') return first === '' || isBuiltin('', first)
    return second === undefined ? first === 'apiregistration.k8s.io' : isBuiltin(first, second)
  }

  return [
    {
      path: '/api',
      getOnly,
      handle: async request => root(request, '/api', core, () => apiVersions(request.headers.host ?? '')),
    },
    { path: '/apis', handle: async request => root(request, '/apis', named, () => apiGroupList(named())) },
    {
      path: '/api/*',
      listed: () => pathsOf('/api', core()),
      getOnly,
      handle: async request => below(request, '/api/'),
    },
    {
      path: '/apis/*',
      listed: () => ['/apis/', ...pathsOf('/apis', named())],
      getOnly,
      handle: async request => below(request, '/apis/'),
    },
  ]
}
