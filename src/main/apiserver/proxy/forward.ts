// Sends a client's request on to something on a node, over the node's link: plain HTTP answers are streamed back,
// upgrades (exec, attach, port-forward; WebSocket or SPDY) are spliced byte by byte, so the protocol is the kubelet's.
import { type IncomingMessage, request as httpRequest } from 'node:http'
import { type Duplex, Readable } from 'node:stream'
import { ApiError } from '../../../shared/machinery/status.ts'
import { withoutUpgrade } from '../../../shared/machinery/unasked-upgrade.ts'
import type { PassingBody } from '../http/passing-body.ts'
import type { ApiRequest, ApiResponse } from '../request.ts'
import { isKeptBack, passAnswer, SANDBOX } from './foreign-answer.ts'
import { behindProxy, rewriteLinks } from './rewrite-links.ts'
import type { NodeDialer, NodeTarget } from './node-tunnels.ts'

export interface ForwardTarget {
  readonly nodeName: string
  readonly target: NodeTarget
  /** Path and query at the target. */
  readonly path: string
  /** Where the target's root is for the client: links of pages and redirects lead there. */
  readonly prefix?: string
  /** How the target is told who asks; without it, by the name alone. */
  readonly identity?: readonly (readonly [header: string, values: string[]])[]
}

/** Credentials and hop-by-hop headers stay here. */
const DROPPED = new Set(['authorization', 'cookie', 'host', 'connection', 'upgrade', 'keep-alive', 'te', 'trailer', 'proxy-authorization', 'transfer-encoding', 'content-length', 'x-flotilla-csrf']) // prettier-ignore

/** Browsers can only send a bearer token as a WebSocket protocol: it is a credential as well. */
const withoutTokens = (protocols: string): string =>
  protocols
    .split(',')
    .map(protocol => protocol.trim())
    .filter(protocol => !protocol.startsWith('base64url.bearer.authorization.k8s.io.'))
    .join(', ')

/** A client says who it acts as here, and nobody but this server says it further on. */
const SAYS_WHO = /^(:|impersonate-|x-remote-)/

function* passedOn({ identity }: ForwardTarget, request: ApiRequest): Generator<[string, string | string[]]> {
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || DROPPED.has(name) || SAYS_WHO.test(name)) continue
    yield [name, name === 'sec-websocket-protocol' ? withoutTokens(value) : value]
  }
  if (!identity) yield ['x-remote-user', encodeURIComponent(request.user.name)]
  for (const [name, values] of identity ?? []) yield [name, values]
}

/** @throws ApiError 503 without a link to the node, and when the target is not reached or ends the connection */
export async function forward(dialer: NodeDialer, to: ForwardTarget, request: ApiRequest): Promise<ApiResponse> {
  if (request.upgrade) return splice(await dial(dialer, to, request), to, request, request.upgrade)
  const body = await (request.passOn ? request.passOn() : wholeBody(request))
  return exchange(await dial(dialer, to, request), to, request, body)
}

async function wholeBody(request: ApiRequest): Promise<PassingBody | undefined> {
  const bytes = await request.rawBody()
  return bytes.length > 0 ? { stream: Readable.from([bytes]), length: bytes.length } : undefined
}

async function dial(dialer: NodeDialer, to: ForwardTarget, request: ApiRequest): Promise<Duplex> {
  const connection = await dialer.dial(to.nodeName, to.target)
  // Whoever reads or writes it is told as well; an error that nobody listens to would end the whole program.
  connection.on('error', () => undefined)
  if (request.signal.aborted) connection.destroy()
  return connection
}

async function splice(
  connection: Duplex,
  to: ForwardTarget,
  request: ApiRequest,
  client: { socket: Duplex; head: Buffer },
): Promise<ApiResponse> {
  const { method, headers } = request
  const { target, path } = to
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${target}`,
    'Connection: Upgrade',
    `Upgrade: ${headers.upgrade ?? ''}`,
  ]
  for (const [name, values] of passedOn(to, request))
    for (const value of [values].flat()) lines.push(`${name}: ${value.replace(/[\r\n]/g, ' ')}`)
  connection.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  if (client.head.length > 0) connection.write(client.head)
  const end = () => {
    connection.destroy()
    client.socket.destroy()
  }
  request.signal.addEventListener('abort', end, { once: true })
  for (const stream of [connection, client.socket]) {
    stream.on('error', end)
    stream.on('close', () => request.signal.removeEventListener('abort', end))
  }
  connection.on('close', () => client.socket.end())
  client.socket.on('close', () => connection.destroy())
  client.socket.pipe(connection)
  return { code: await passAnswer(connection, client.socket), hijacked: true }
}

async function exchange(
  connection: Duplex,
  to: ForwardTarget,
  request: ApiRequest,
  body: PassingBody | undefined,
): Promise<ApiResponse> {
  const { method, signal } = request
  const { target, path, prefix } = to
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = Object.fromEntries<string | string[]>([
      ...passedOn(to, request),
      ['host', target],
      ['connection', 'close'],
    ])
    if (body?.length !== undefined) headers['content-length'] = String(body.length)
    else if (body) headers['transfer-encoding'] = 'chunked'
    const sent = httpRequest({ method, path, headers, createConnection: () => connection as never, signal }, resolve)
    withoutUpgrade(sent).on('error', error =>
      reject(new ApiError(503, 'ServiceUnavailable', `error trying to reach service: ${error.message}`)),
    )
    if (!body) return void sent.end()
    // What the target does not take is read all the same: the client's connection has room for nothing else before.
    sent.once('close', () => body.stream.unpipe(sent).resume())
    body.stream.pipe(sent)
  })
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(answer.headers))
    if (value !== undefined && !DROPPED.has(name) && !isKeptBack(name))
      headers[name] = Array.isArray(value) ? value.join(', ') : value
  headers['content-security-policy'] = SANDBOX
  if (prefix !== undefined && headers.location) headers.location = behindProxy(headers.location, prefix)
  const { statusCode = 502 } = answer
  return {
    code: statusCode >= 200 && statusCode < 600 ? statusCode : 502,
    headers,
    contentType: answer.headers['content-type'] ?? 'application/octet-stream',
    stream: chunks(prefix === undefined ? answer : await rewriteLinks(answer, answer.headers, prefix), connection),
  }
}

async function* chunks(answer: Readable, connection: Duplex): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of answer) yield chunk as Buffer
  } finally {
    connection.destroy()
  }
}
