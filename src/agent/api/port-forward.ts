// /portForward: bytes between a client and ports of a pod. kubectl opens two SPDY streams for each connection, one for
// data and one for errors, directly or tunnelled through a WebSocket; other clients use WebSocket channels.
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Pod } from '../../shared/api/core/v1.ts'
import { type ApiContext, HttpError, findPod } from './contract.ts'
import type { UpgradeRequest } from './exec.ts'
import { SpdyConnection, type SpdyStream } from './streams/spdy.ts'
import { acceptSpdy, isSpdy, listOf, negotiate } from './streams/upgrade.ts'
import { websocketBytes } from './streams/websocket-bytes.ts'

const PROTOCOL = 'portforward.k8s.io'
const TUNNELLED = `SPDY/3.1+${PROTOCOL}`
const WEBSOCKET_PROTOCOLS = [TUNNELLED, 'v4.channel.k8s.io', PROTOCOL]
const server = new WebSocketServer({
  noServer: true,
  maxPayload: 4 * 1024 * 1024,
  handleProtocols: offered => WEBSOCKET_PROTOCOLS.find(protocol => offered.has(protocol)) ?? false,
})

export async function servePortForward(
  context: ApiContext,
  [namespace = '', podName = '']: readonly string[],
  { message, socket, head, query }: UpgradeRequest,
): Promise<void> {
  const pod = findPod(context, namespace, podName)
  if (!pod.status.podIP) throw new HttpError(500, `pod ${podName} has no address yet`)
  if (isSpdy(message)) {
    acceptSpdy(socket, head, negotiate([PROTOCOL], listOf(message.headers['x-stream-protocol-version'])))
    return forwardSpdy(pod, socket)
  }
  const chosen = negotiate(WEBSOCKET_PROTOCOLS, listOf(message.headers['sec-websocket-protocol']))
  const ports = query
    .getAll('port')
    .flatMap(text => text.split(','))
    .map(Number)
  if (chosen !== TUNNELLED && (ports.length === 0 || !ports.every(isPort)))
    throw new HttpError(400, 'query parameter "port" must name at least one port')
  const webSocket = await new Promise<WebSocket>(resolve => server.handleUpgrade(message, socket, head, resolve))
  return chosen === TUNNELLED ? forwardSpdy(pod, websocketBytes(webSocket)) : forwardChannels(pod, ports, webSocket)
}

const isPort = (port: number): boolean => Number.isInteger(port) && port > 0 && port < 65_536

const connectToPort = (pod: Pod, port: number): Duplex =>
  connect({ host: pod.status.podIP ?? '', port, allowHalfOpen: true })

/** Streams of one connection carry the same `requestid`. */
async function forwardSpdy(pod: Pod, transport: Duplex): Promise<void> {
  const errors = new Map<string, SpdyStream>()
  const connection = new SpdyConnection(transport, stream => {
    const id = stream.headers.get('requestid') ?? stream.headers.get('port') ?? ''
    if (stream.headers.get('streamtype') === 'error') {
      errors.set(id, stream)
      stream.resume()
    } else {
      forwardStream(pod, stream, errors.get(id))
      errors.delete(id)
    }
  })
  await connection.run()
}

function forwardStream(pod: Pod, data: SpdyStream, error: SpdyStream | undefined): void {
  const port = Number(data.headers.get('port'))
  if (!isPort(port)) {
    error?.end(`"${data.headers.get('port') ?? ''}" is not a port`)
    return void data.destroy()
  }
  const connection = connectToPort(pod, port)
  connection.on('error', failure => {
    error?.end(`an error occurred forwarding ${port} to pod ${pod.metadata.name}: ${failure.message}`)
    data.end()
    data.resume()
  })
  connection.on('end', () => error?.end())
  data.on('close', () => connection.destroy())
  data.pipe(connection)
  connection.pipe(data)
}

/** Channel 2n carries port n's data, 2n + 1 its errors; the first frame of each is the port, little-endian. */
function forwardChannels(pod: Pod, ports: readonly number[], webSocket: WebSocket): void {
  const connections = ports.map((port, index) => forwardChannel(pod, port, index, webSocket))
  webSocket.on('message', (data: Buffer) => {
    const channel = data[0] ?? 0
    if (channel % 2 === 0) connections[channel / 2]?.write(data.subarray(1))
  })
  webSocket.on('close', () => connections.forEach(connection => connection.destroy()))
  webSocket.on('error', () => webSocket.terminate())
}

function forwardChannel(pod: Pod, port: number, index: number, webSocket: WebSocket): Duplex {
  const send = (channel: number, bytes: Buffer) => webSocket.send(Buffer.concat([Buffer.from([channel]), bytes]))
  const name = Buffer.alloc(2)
  name.writeUInt16LE(port)
  send(index * 2, name)
  send(index * 2 + 1, name)
  const connection = connectToPort(pod, port)
  connection.on('data', (bytes: Buffer) => send(index * 2, bytes))
  connection.on('error', error => send(index * 2 + 1, Buffer.from(error.message)))
  connection.on('end', () => webSocket.close(1000))
  return connection
}
