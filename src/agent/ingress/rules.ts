// A rule says which requests are its own and what becomes of them; Ingresses and HTTPRoutes are both made into rules.
import type { IncomingHttpHeaders } from 'node:http'
import type { HTTPHeaderFilter, HTTPPathModifier, HTTPRequestRedirectFilter } from '../../shared/api/gateway/v1.ts'
import type { Pattern } from '../../shared/machinery/pattern/pattern.ts'

/** What a request asks for, as far as rules look at it. */
export interface Question {
  /** As in the request, with or without a port. */
  readonly host: string
  /** Without the query. */
  readonly path: string
  readonly method?: string
  readonly headers?: IncomingHttpHeaders
  /** Without the question mark. */
  readonly query?: string
}

export interface Backend {
  readonly namespace: string
  /** Undefined when it is no Service, which nobody here can serve. */
  readonly service: string | undefined
  readonly port: number | string | undefined
}

export interface HeaderChanges {
  readonly request: readonly HTTPHeaderFilter[]
  readonly response: readonly HTTPHeaderFilter[]
}

export interface WeightedBackend extends HeaderChanges {
  /** Undefined when nobody may be asked in this one's place: its share of the requests fails. */
  readonly backend: Backend | undefined
  readonly weight: number
}

/** A backend that is sent copies of requests. */
export interface MirrorBackend {
  readonly backend: Backend
  /** Of all requests, from 0 to 1. */
  readonly share: number
}

/** What becomes of a request. */
export interface Action extends HeaderChanges {
  readonly backends: readonly WeightedBackend[]
  readonly mirrors: readonly MirrorBackend[]
  /** What the path matched, when that was a prefix. */
  readonly prefix: string
  readonly redirect?: HTTPRequestRedirectFilter
  readonly rewrite?: { readonly hostname?: string; readonly path?: HTTPPathModifier }
  /** Until the whole answer is given. */
  readonly requestTimeoutMs?: number
  /** Until a backend has given its whole answer. */
  readonly backendTimeoutMs?: number
  /** Status for a backend that is not there. */
  readonly missing: 500 | 503
}

export interface PathMatch {
  readonly type: 'Exact' | 'Prefix' | 'RegularExpression'
  /** Of a prefix without the last slash. */
  readonly value: string
  readonly pattern?: Pattern
}

/** One value of a header or a query parameter. */
export interface ValueMatch {
  readonly name: string
  readonly matches: (value: string) => boolean
}

export interface Rule {
  readonly path: PathMatch
  readonly method?: string
  readonly headers: readonly ValueMatch[]
  readonly query: readonly ValueMatch[]
  readonly action: Action
}

const ORDER = { Exact: 0, RegularExpression: 1, Prefix: 2 } as const

/** The exact path, then the longest one, then whoever looks at more. Rules that are alike keep their order. */
export const byPrecedence = (a: Rule, b: Rule): number =>
  ORDER[a.path.type] - ORDER[b.path.type] ||
  b.path.value.length - a.path.value.length ||
  Number(b.method !== undefined) - Number(a.method !== undefined) ||
  b.headers.length - a.headers.length ||
  b.query.length - a.query.length

export const matches = ({ path, method, headers, query }: Rule, question: Question): boolean =>
  pathMatches(path, question.path) &&
  (method === undefined || method === question.method) &&
  headers.every(({ name, matches: fits }) => {
    const value = question.headers?.[name]
    return value !== undefined && fits(Array.isArray(value) ? value.join(',') : value)
  }) &&
  (query.length === 0 || queryMatches(query, question.query ?? ''))

/** Prefixes match whole elements: `/a` takes `/a` and `/a/b`, not `/ab`. */
function pathMatches({ type, value, pattern }: PathMatch, asked: string): boolean {
  if (type === 'RegularExpression') return pattern?.fits(asked) ?? false
  return (
    asked === value || (type === 'Prefix' && asked.startsWith(value) && (value === '' || asked[value.length] === '/'))
  )
}

/** Of a parameter that is there several times, the first counts. */
function queryMatches(wanted: readonly ValueMatch[], query: string): boolean {
  const asked = new URLSearchParams(query)
  return wanted.every(({ name, matches: fits }) => {
    const value = asked.get(name)
    return value !== null && fits(value)
  })
}

export const prefixOf = (path: string): string => (path.endsWith('/') ? path.slice(0, -1) : path)

/** @param random 0 ≤ x < 1. @returns undefined when there is none with a weight */
export function chooseBackend(backends: readonly WeightedBackend[], random: number): WeightedBackend | undefined {
  let rest = random * backends.reduce((sum, { weight }) => sum + weight, 0)
  return backends.find(({ weight }) => weight > 0 && (rest -= weight) < 0)
}
