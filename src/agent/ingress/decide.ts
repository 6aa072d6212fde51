// What becomes of one request, by its rule: an answer of the proxy's own, or what a backend is asked.
import type { OutgoingHttpHeaders } from 'node:http'
import type { HTTPPathModifier, HTTPRequestRedirectFilter } from '../../shared/api/gateway/v1.ts'
import type { Backends } from './backends.ts'
import type { ClientRequest, Exchange } from './exchange.ts'
import { type Asked, changeHeaders, requestHeaders } from './headers.ts'
import { hostOf } from './host-table.ts'
import { type Action, chooseBackend, type Question } from './rules.ts'

export interface OwnAnswer {
  readonly code: number
  readonly text: string
  readonly headers?: OutgoingHttpHeaders
}

export type Decision =
  | { readonly answer: OwnAnswer; readonly forward?: undefined }
  | {
      readonly answer?: undefined
      readonly forward: Pick<Exchange, 'path' | 'headers' | 'answered' | 'targets' | 'backendTimeoutMs'>
      readonly requestTimeoutMs: number | undefined
    }

export function questionOf({ url = '/', method, headers }: ClientRequest, { host }: Asked): Question {
  const at = url.indexOf('?')
  const [path, query] = at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)]
  return { host, path, query, headers, ...(method !== undefined && { method }) }
}

/** @param random 0 ≤ x < 1, picks among backends with weights */
export function decide(
  request: ClientRequest,
  asked: Asked,
  action: Action | undefined,
  backends: Backends,
  random: () => number,
): Decision {
  if (!action) return { answer: { code: 404, text: 'nothing here serves this host and path' } }
  const { redirect, rewrite, prefix, missing } = action
  const question = questionOf(request, asked)
  if (redirect) {
    const headers = changeHeaders({ location: locationOf(redirect, question, asked, prefix) }, action.response)
    return { answer: { code: redirect.statusCode ?? 302, text: 'this is elsewhere', headers } }
  }
  const chosen = chooseBackend(action.backends, random())
  if (!chosen?.backend || !backends.has(chosen.backend))
    return { answer: { code: missing, text: 'there is no backend for this' } }
  const targets = backends.targets(chosen.backend)
  if (targets.length === 0)
    return { answer: { code: 503, text: `no endpoint of ${chosen.backend.service ?? 'a resource'} is ready` } }
  const headers = {
    ...requestHeaders(request.headers, asked),
    ...(rewrite?.hostname !== undefined && { host: rewrite.hostname }),
  }
  const answers = [...action.response, ...chosen.response]
  return {
    forward: {
      path: withQuery(rewrite?.path ? newPath(rewrite.path, question.path, prefix) : question.path, question.query),
      headers: changeHeaders(headers, [...action.request, ...chosen.request]),
      answered: given => changeHeaders(given, answers),
      targets,
      ...(action.backendTimeoutMs !== undefined && { backendTimeoutMs: action.backendTimeoutMs }),
    },
    requestTimeoutMs: action.requestTimeoutMs,
  }
}

const withQuery = (path: string, query: string | undefined): string => (query ? `${path}?${query}` : path)

/** `/old/rest` under the prefix `/old`: its place is taken by the new one, `rest` stays. */
function newPath(
  { type, replaceFullPath, replacePrefixMatch = '/' }: HTTPPathModifier,
  path: string,
  prefix: string,
): string {
  // prettier-ignore
  if (type === 'ReplaceFullPath') return replaceFullPath ?? '/'
  const rest = path.slice(prefix.length)
  const start = replacePrefixMatch.endsWith('/') ? replacePrefixMatch.slice(0, -1) : replacePrefixMatch
  return start + rest || '/'
}

const WELL_KNOWN: Readonly<Record<string, number>> = { http: 80, https: 443 }

function locationOf(
  { scheme, hostname, port, path }: HTTPRequestRedirectFilter,
  question: Question,
  asked: Asked,
  prefix: string,
): string {
  const to = scheme ?? (asked.isEncrypted ? 'https' : 'http')
  // Another scheme comes with its own port; the same one stays on the listener's.
  const number = port ?? (scheme === undefined ? asked.port : WELL_KNOWN[scheme])
  const authority = hostname ?? hostOf(asked.host)
  const shown = number === undefined || number === WELL_KNOWN[to] ? '' : `:${number}`
  return `${to}://${authority}${shown}${withQuery(path ? newPath(path, question.path, prefix) : question.path, question.query)}`
}
