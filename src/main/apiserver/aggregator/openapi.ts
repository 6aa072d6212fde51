// OpenAPI of extension servers: their documents stand in the index, and are fetched from them when asked for.
import { createHash } from 'node:crypto'
import { encodeJson } from '../../../shared/machinery/json-text.ts'
import type { PathHandler } from '../chain/router.ts'
import type { ApiRequest, ApiResponse } from '../request.ts'
import type { Aggregator } from './aggregator.ts'

const INDEX = '/openapi/v3'
const DOCUMENT = /^\/openapi\/v3\/apis\/([^/]+)\/([^/]+)$/

interface Index {
  readonly paths: Record<string, { readonly serverRelativeURL: string }>
}

const etagOf = (bytes: Buffer) => `"${createHash('sha256').update(bytes).digest('hex').toUpperCase()}"`

const unconditional = (request: ApiRequest): ApiRequest =>
  Object.create(request, {
    headers: { value: { ...request.headers, 'if-none-match': undefined } },
  }) as ApiRequest

/** Adds the groups and versions that answer to the index of our own. */
async function withRemotes(answer: ApiResponse, request: ApiRequest, aggregator: Aggregator): Promise<ApiResponse> {
  const present = aggregator.remotes.filter(({ available }) => available)
  if (present.length === 0 || !('bytes' in answer)) return answer
  const { paths } = JSON.parse(Buffer.concat([answer.bytes].flat()).toString('utf8')) as Index
  for (const { spec, resources } of present) {
    const key = `apis/${spec.group ?? ''}/${spec.version ?? ''}`
    const hash = createHash('sha256').update(encodeJson(resources)).digest('hex').toUpperCase()
    paths[key] ??= { serverRelativeURL: `${INDEX}/${key}?hash=${hash}` }
  }
  const bytes = Buffer.from(JSON.stringify({ paths }))
  const headers = { ...answer.headers, etag: etagOf(bytes) }
  return request.headers['if-none-match'] === headers.etag
    ? { code: 304, headers, bytes: Buffer.alloc(0), contentType: answer.contentType }
    : { ...answer, headers, bytes }
}

/** @returns the same handlers; those of OpenAPI v3 know extension servers as well */
export function aggregatedOpenapi(paths: readonly PathHandler[], aggregator: Aggregator): PathHandler[] {
  return paths.map(({ path, handle }) => {
    if (path === INDEX)
      return {
        path,
        // The index must be whole to be added to: the condition is judged afterwards.
        handle: async request =>
          aggregator.remotes.length === 0
            ? handle(request)
            : withRemotes(await handle(unconditional(request)), request, aggregator),
      }
    if (path !== `${INDEX}/*`) return { path, handle }
    return {
      path,
      handle: async request => {
        const [, group = '', version = ''] = DOCUMENT.exec(request.info.path) ?? []
        return (aggregator.handlerOf(group, version) ?? handle)(request)
      },
    }
  })
}
