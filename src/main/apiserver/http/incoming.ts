// What came in over HTTP/1.1 or HTTP/2: its headers as one map, and the TLS socket that it came by.
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { TLSSocket } from 'node:tls'

export type Incoming = IncomingMessage | Http2ServerRequest

export type Headers = Record<string, string | undefined>

/** Every value of a repeated header by itself, where commas belong to the values. */
const eachOf = ({ rawHeaders }: Incoming, name: string): string[] =>
  rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name)

/**
 * Pseudo headers become what HTTP/1.1 calls them; repeated headers are already joined, but for cookies' friends. Those
 * of an impersonated user are joined by line feeds, as their values may have commas.
 */
export function headersOf(incoming: Incoming): Headers {
  const headers: Headers = Object.create(null) as Headers
  const given = incoming.headers
  for (const name in given) {
    if (name.startsWith(':')) continue
    const value = given[name]
    if (name.startsWith('impersonate-')) headers[name] = eachOf(incoming, name).join('\n')
    else headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  headers.host ??= 'authority' in incoming && incoming.authority ? incoming.authority : undefined
  return headers
}

/** The TLS socket under a request. HTTP/2 gives a proxy that forwards what we read from it. */
export const tlsSocketOf = (incoming: Incoming): TLSSocket =>
  ('stream' in incoming ? (incoming.stream.session?.socket ?? incoming.socket) : incoming.socket) as TLSSocket
