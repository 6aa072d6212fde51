// Headers on their way through: those of one connection end here, and the backend learns who asked.
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import type { HTTPHeaderFilter } from '../../shared/api/gateway/v1.ts'

/** RFC 9110, 7.6.1, and those that HTTP/2 forbids. */
const OF_ONE_CONNECTION = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])

export interface Asked {
  readonly host: string
  readonly clientIP: string
  readonly isEncrypted: boolean
  /** That it came in on. */
  readonly port: number
}

/** @returns what is said to the other side, without what concerned this side's connection only */
export function endToEnd(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const named = new Set((headers.connection ?? '').split(',').map(name => name.trim().toLowerCase()))
  const result: OutgoingHttpHeaders = {}
  for (const [name, value] of Object.entries(headers))
    if (!name.startsWith(':') && !OF_ONE_CONNECTION.has(name) && !named.has(name)) result[name] = value
  return result
}

/** What a client says of itself in these headers is not passed on: a backend may trust them. */
export function requestHeaders(
  headers: IncomingHttpHeaders,
  { host, clientIP, isEncrypted, port }: Asked,
): OutgoingHttpHeaders {
  // Answered here already: the backend need not wait for it again.
  const { expect: _expect, forwarded: _forwarded, ...rest } = endToEnd(headers)
  const scheme = isEncrypted ? 'https' : 'http'
  return {
    ...rest,
    host,
    'x-real-ip': clientIP,
    'x-forwarded-for': clientIP,
    'x-forwarded-host': host,
    'x-forwarded-port': String(port),
    'x-forwarded-proto': scheme,
    'x-forwarded-scheme': scheme,
  }
}

/** Where a message ends is not for a route to say. */
const mayChange = (name: string): boolean => !OF_ONE_CONNECTION.has(name) && name !== 'content-length'

/** In each filter: set, then add, then remove. */
export function changeHeaders(headers: OutgoingHttpHeaders, filters: readonly HTTPHeaderFilter[]): OutgoingHttpHeaders {
  if (filters.length === 0) return headers
  const result = new Map(Object.entries(headers))
  const put = (name: string, value: OutgoingHttpHeaders[string]) => {
    if (mayChange(name)) result.set(name, value)
  }
  for (const { set = [], add = [], remove = [] } of filters) {
    for (const { name, value } of set) put(name.toLowerCase(), value)
    for (const { name, value } of add) put(name.toLowerCase(), appended(result.get(name.toLowerCase()), value))
    for (const name of remove) if (mayChange(name.toLowerCase())) result.delete(name.toLowerCase())
  }
  return Object.fromEntries(result)
}

function appended(old: OutgoingHttpHeaders[string], value: string): OutgoingHttpHeaders[string] {
  if (old === undefined) return value
  return Array.isArray(old) ? [...old, value] : `${old},${value}`
}
