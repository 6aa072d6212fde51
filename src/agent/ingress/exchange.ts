// One request on its way through the proxy, whatever version of HTTP it came in.
import { type IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Readable } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { Target } from './backends.ts'
import type { Asked } from './headers.ts'

export type ClientRequest = IncomingMessage | Http2ServerRequest
export type ClientResponse = ServerResponse | Http2ServerResponse

/** What forwarders need of a request: it may be a copy of the client's. */
export type SentRequest = Readable & Pick<IncomingMessage, 'headers' | 'method' | 'httpVersionMajor'>

export interface Exchange {
  readonly request: SentRequest
  readonly response: ClientResponse
  readonly asked: Asked
  /** What a backend is asked: path with query, and headers. */
  readonly path: string
  readonly headers: OutgoingHttpHeaders
  /** Changes the headers that the client gets. */
  readonly answered: (headers: OutgoingHttpHeaders) => OutgoingHttpHeaders
  /** In the order in which to try them; never empty. */
  readonly targets: readonly Target[]
  /** Until a backend has given its whole answer; default: only the start of it is waited for. */
  readonly backendTimeoutMs?: number
}

/** Endpoints that are tried before a request fails. */
export const MAX_ATTEMPTS = 3
/** Until a backend starts to answer. */
export const ANSWER_TIMEOUT_MS = 60_000

/** Clients that take this for a proxy of theirs name the whole URL; its host then is the one that counts. */
const ORIGIN = /^https?:\/\/([^/?#]*)/i

/** @returns the path with its query */
export function withoutOrigin(url: string): string {
  const path = url.replace(ORIGIN, '')
  return path === '' || path.startsWith('?') ? `/${path}` : path
}

export function askedOf(request: ClientRequest): Asked {
  const authority = ORIGIN.exec(request.url ?? '')?.[1] ?? request.headers[':authority']
  const { socket } = request
  return {
    host: (typeof authority === 'string' ? authority : request.headers.host) ?? '',
    clientIP: (socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
    isEncrypted: (socket as Partial<TLSSocket>).encrypted === true,
    port: socket.localPort ?? 0,
  }
}

/**
 * Sets status and headers; `flush` sends them, also before there is a body to send. What a backend says is hostile: a
 * status that does not exist becomes 502.
 * @throws TypeError for a header that this version of HTTP does not allow; nothing is sent then
 */
export function setHead(response: ClientResponse, code: number, headers: OutgoingHttpHeaders): void {
  response.statusCode = code >= 200 && code <= 599 ? code : 502
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) response.setHeader(name, value)
}

export function flush(response: ClientResponse): void {
  if (response instanceof ServerResponse) response.flushHeaders()
  else response.writeHead(response.statusCode)
}

/** Runs what passes an answer on. A backend's answer that cannot be passed on is refused: it must not end the agent. */
export function orRefuse(response: ClientResponse, pass: () => void): void {
  try {
    pass()
  } catch {
    for (const name of response.headersSent ? [] : response.getHeaderNames()) response.removeHeader(name)
    refuse(response, 502, 'the backend gave an answer that cannot be passed on')
  }
}

/** Ends a request with a sentence; one that was under way already is cut, so that nobody takes it for complete. */
export function refuse(response: ClientResponse, code: number, text: string, headers: OutgoingHttpHeaders = {}): void {
  if (response.headersSent) return void response.destroy()
  const body = `${text}\n`
  setHead(response, code, {
    ...headers,
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
}

/** Whether a body follows that has to be read before the request is complete. */
export const hasBody = ({ headers, method = 'GET', httpVersionMajor }: SentRequest): boolean =>
  headers['transfer-encoding'] !== undefined ||
  (headers['content-length'] !== undefined && headers['content-length'] !== '0') ||
  (httpVersionMajor === 2 &&
    headers['content-length'] === undefined &&
    !['GET', 'HEAD', 'OPTIONS', 'DELETE'].includes(method))
