// What becomes of one request, by its rule: an answer of the proxy's own, or what a backend is asked.
import type { OutgoingHttpHeaders } from 'node:http'
import type { HTTPPathModifier, HTTPRequestRedirectFilter } from '../../shared/api/gateway/v1.ts'
import type { Backends } from './backends.ts'
import { type ClientRequest, type Exchange, withoutOrigin } from './exchange.ts'
import { type Asked, changeHeaders, requestHeaders } from './headers.ts'
import { hostOf } from './host-table.ts'
import { mergeSlashes, readPath } from './request-path.ts'
import { type Action, chooseBackend, type Question } from './rules.ts'

export interface OwnAnswer {
  readonly code: number
  readonly text: string
  readonly headers?: OutgoingHttpHeaders
}

/** A question with the path that is passed on: slashes as they came, which some backends tell apart. */
export interface AskedQuestion extends Question {
  readonly sent: string
}

export type Decision =
  | { readonly answer: OwnAnswer; readonly forward?: undefined; readonly copies?: undefined }
  | {
      readonly answer?: undefined
      readonly forward: Pick<Exchange, 'path' | 'headers' | 'answered' | 'targets' | 'backendTimeoutMs'>
      readonly requestTimeoutMs: number | undefined
      /** Of each backend that is sent a copy. */
      readonly copies: readonly Exchange['targets'][]
    }

/** @returns undefined where the path could be read in several ways */
export function questionOf(request: ClientRequest, { host }: Asked): AskedQuestion | undefined {
  const { method, headers } = request
  const url = withoutOrigin(request.url ?? '/')
  const at = url.indexOf('?')
  const sent = readPath(at < 0 ? url : url.slice(0, at))
  if (sent === undefined) return undefined
  const query = at < 0 ? '' : url.slice(at + 1)
  return { host, path: mergeSlashes(sent), sent, query, headers, ...(method !== undefined && { method }) }
}

export const UNCLEAR: Decision = { answer: { code: 400, text: 'the path of this request can be read in several ways' } }

/** @param random 0 ≤ x < 1, picks among backends with weights, and which requests are copied */
export function decide(
  request: ClientRequest,
  question: AskedQuestion,
  asked: Asked,
  action: Action | undefined,
  backends: Backends,
  random: () => number,
): Decision {
  if (!action) return { answer: { code: 404, text: 'nothing here serves this host and path' } }
  const { redirect, rewrite, prefix, missing } = action
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
      path: withQuery(rewrite?.path ? newPath(rewrite.path, question.path, prefix) : question.sent, question.query),
      headers: changeHeaders(headers, [...action.request, ...chosen.request]),
      answered: given => changeHeaders(given, answers),
      targets,
      ...(action.backendTimeoutMs !== undefined && { backendTimeoutMs: action.backendTimeoutMs }),
    },
    requestTimeoutMs: action.requestTimeoutMs,
    copies: action.mirrors
      .filter(({ share }) => random() < share)
      .map(({ backend }) => backends.targets(backend))
      .filter(({ length }) => length > 0),
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
  question: AskedQuestion,
  asked: Asked,
  prefix: string,
): string {
  const to = scheme ?? (asked.isEncrypted ? 'https' : 'http')
  // Another scheme comes with its own port; the same one stays on the listener's.
  const number = port ?? (scheme === undefined ? asked.port : WELL_KNOWN[scheme])
  const authority = hostname ?? hostOf(asked.host)
  const shown = number === undefined || number === WELL_KNOWN[to] ? '' : `:${number}`
  return `${to}://${authority}${shown}${withQuery(path ? newPath(path, question.path, prefix) : question.sent, question.query)}`
}
