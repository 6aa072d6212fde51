// Headers on their way through: those of one connection end here, and the backend learns who asked.
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'

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
  { host, clientIP, isEncrypted }: Asked,
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
    'x-forwarded-port': isEncrypted ? '443' : '80',
    'x-forwarded-proto': scheme,
    'x-forwarded-scheme': scheme,
  }
}
