// Sends a client's request on to something on a node, over the node's link: plain HTTP answers are streamed back,
// upgrades (exec, attach, port-forward; WebSocket or SPDY) are spliced byte by byte, so the protocol is the kubelet's.
import { type IncomingMessage, request as httpRequest } from 'node:http'
import type { Duplex } from 'node:stream'
import { ApiError } from '../../../shared/machinery/status.ts'
import type { ApiRequest, ApiResponse } from '../request.ts'
import type { NodeDialer, NodeTarget } from './node-tunnels.ts'

export interface ForwardTarget {
  readonly nodeName: string
  readonly target: NodeTarget
  /** Path and query at the target. */
  readonly path: string
}

/** Credentials and hop-by-hop headers stay here. */
const DROPPED = new Set(['authorization', 'cookie', 'host', 'connection', 'upgrade', 'keep-alive', 'te', 'trailer', 'proxy-authorization', 'transfer-encoding', 'content-length', 'x-flotilla-csrf', 'x-remote-user']) // prettier-ignore

function* passedOn(request: ApiRequest): Generator<[string, string]> {
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined && !DROPPED.has(name) && !name.startsWith(':') && !name.startsWith('impersonate-'))
      yield [name, value]
  yield ['x-remote-user', encodeURIComponent(request.user.name)]
}

/** @throws ApiError 503 without a link to the node, 502 when it ends the connection */
export async function forward(dialer: NodeDialer, to: ForwardTarget, request: ApiRequest): Promise<ApiResponse> {
  const connection = await dialer.dial(to.nodeName, to.target)
  return request.upgrade ? splice(connection, to, request, request.upgrade) : exchange(connection, to, request)
}

function splice(
  connection: Duplex,
  { target, path }: ForwardTarget,
  request: ApiRequest,
  client: { socket: Duplex; head: Buffer },
): ApiResponse {
  const { method, headers } = request
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${target}`,
    'Connection: Upgrade',
    `Upgrade: ${headers.upgrade ?? ''}`,
  ]
  for (const [name, value] of passedOn(request)) lines.push(`${name}: ${value.replace(/[\r\n]/g, ' ')}`)
  connection.write(`${lines.join('\r\n')}\r\n\r\n`)
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
  connection.pipe(client.socket)
  client.socket.pipe(connection)
  return { code: 101, hijacked: true }
}

async function exchange(
  connection: Duplex,
  { target, path }: ForwardTarget,
  request: ApiRequest,
): Promise<ApiResponse> {
  const { method, signal } = request
  const body = ['GET', 'HEAD'].includes(method) ? undefined : await request.rawBody()
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = Object.fromEntries([...passedOn(request), ['host', target], ['connection', 'close']])
    if (body) headers['content-length'] = String(body.length)
    const sent = httpRequest({ method, path, headers, createConnection: () => connection as never, signal }, resolve)
    sent.on('error', error =>
      reject(new ApiError(502, 'BadGateway', `error trying to reach service: ${error.message}`)),
    )
    sent.end(body)
  })
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(answer.headers))
    if (value !== undefined && !DROPPED.has(name) && name !== 'set-cookie')
      headers[name] = Array.isArray(value) ? value.join(', ') : value
  return {
    code: answer.statusCode ?? 502,
    headers,
    contentType: answer.headers['content-type'] ?? 'application/octet-stream',
    stream: chunks(answer, connection),
  }
}

async function* chunks(answer: IncomingMessage, connection: Duplex): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of answer) yield chunk as Buffer
  } finally {
    connection.destroy()
  }
}
