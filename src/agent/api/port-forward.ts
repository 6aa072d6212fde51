// /portForward: bytes between a client and ports of a pod. kubectl opens two SPDY streams for each connection, one for
// data and one for errors, directly or tunnelled through a WebSocket; other clients use WebSocket channels.
import { type Duplex, PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Pod } from '../../shared/api/core/v1.ts'
import { type ApiContext, HttpError, findPod } from './contract.ts'
import type { UpgradeRequest } from './exec.ts'
import { connectToPort } from './pod-port.ts'
import { SpdyConnection, type SpdyStream } from './streams/spdy.ts'
import { acceptSpdy, isSpdy, listOf, negotiate } from './streams/upgrade.ts'
import { websocketBytes } from './streams/websocket-bytes.ts'
import { WebSocketChannels } from './streams/websocket-channels.ts'

const PROTOCOL = 'portforward.k8s.io'
const TUNNELLED = `SPDY/3.1+${PROTOCOL}`
const WEBSOCKET_PROTOCOLS = [TUNNELLED, 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io', PROTOCOL]
/** For those who name none: channels of bytes. */
const NO_PROTOCOL = ''
const NORMAL_CLOSURE = 1000
/** Each has two of the channels that a byte can name. */
const MOST_PORTS = 128
const maxPayload = 4 * 1024 * 1024
const server = new WebSocketServer({
  noServer: true,
  maxPayload,
  handleProtocols: offered => WEBSOCKET_PROTOCOLS.find(protocol => offered.has(protocol)) ?? false,
})
/** A protocol's name has no slash (RFC 6455), so that `ws` refuses it: it is not told, and the client all the same. */
const tunnels = new WebSocketServer({ noServer: true, maxPayload })
tunnels.on('headers', headers => headers.push(`Sec-WebSocket-Protocol: ${TUNNELLED}`))

export async function servePortForward(
  context: ApiContext,
  [namespace = '', podName = '']: readonly string[],
  { message, socket, head, query }: UpgradeRequest,
): Promise<void> {
  const pod = findPod(context, namespace, podName)
  if (!pod.status.podIP) throw new HttpError(500, `pod ${podName} has no address yet`)
  if (isSpdy(message)) {
    acceptSpdy(socket, head, negotiate([PROTOCOL], listOf(message.headers['x-stream-protocol-version'])))
    return forwardSpdy(context, pod, socket)
  }
  const offered = listOf(message.headers['sec-websocket-protocol'])
  const chosen = offered.length === 0 ? NO_PROTOCOL : negotiate(WEBSOCKET_PROTOCOLS, offered)
  const ports = query
    .getAll('port')
    .flatMap(text => text.split(','))
    .map(Number)
  const isTunnel = chosen === TUNNELLED
  if (!isTunnel && (ports.length === 0 || !ports.every(isPort)))
    throw new HttpError(400, 'query parameter "port" must name at least one port')
  if (!isTunnel && ports.length > MOST_PORTS)
    throw new HttpError(400, `query parameter "port" names more than ${MOST_PORTS} ports`)
  if (isTunnel) delete message.headers['sec-websocket-protocol']
  const accepting = isTunnel ? tunnels : server
  const webSocket = await new Promise<WebSocket>(resolve => accepting.handleUpgrade(message, socket, head, resolve))
  return isTunnel
    ? forwardSpdy(context, pod, websocketBytes(webSocket))
    : forwardChannels(context, pod, ports, webSocket)
}

const failureText = ({ metadata: { name } }: Pod, port: number, failure: unknown): string =>
  `an error occurred forwarding ${port} to pod ${name}: ${failure instanceof Error ? failure.message : String(failure)}`

const isPort = (port: number): boolean => Number.isInteger(port) && port > 0 && port < 65_536

function abortedAtEnd(stream: Duplex): AbortSignal {
  const gone = new AbortController()
  stream.once('close', () => gone.abort(new Error('the client went away')))
  return gone.signal
}

/** Streams of one connection carry the same `requestid`. */
async function forwardSpdy(context: ApiContext, pod: Pod, transport: Duplex): Promise<void> {
  const errors = new Map<string, SpdyStream>()
  const connection = new SpdyConnection(transport, stream => {
    const id = stream.headers.get('requestid') ?? stream.headers.get('port') ?? ''
    if (stream.headers.get('streamtype') === 'error') {
      errors.set(id, stream)
      stream.once('close', () => errors.get(id) === stream && errors.delete(id))
      stream.resume()
    } else {
      void forwardStream(context, pod, stream, errors.get(id))
      errors.delete(id)
    }
  })
  await connection.run()
}

async function forwardStream(
  { runtime }: ApiContext,
  pod: Pod,
  data: SpdyStream,
  error: SpdyStream | undefined,
): Promise<void> {
  // A client that takes its data back waits for the end of the errors all the same.
  data.on('close', () => error?.end())
  const gone = abortedAtEnd(data)
  const port = Number(data.headers.get('port'))
  if (!isPort(port)) {
    error?.end(`"${data.headers.get('port') ?? ''}" is not a port`)
    return void data.destroy()
  }
  const fail = (failure: Error) => {
    error?.end(failureText(pod, port, failure))
    data.end()
    data.resume()
  }
  const connection = await connectToPort(runtime, pod, port, gone).catch((failure: Error) => void fail(failure))
  if (!connection) return
  if (data.destroyed) return void connection.destroy()
  connection.on('error', fail)
  connection.on('end', () => error?.end())
  data.on('close', () => connection.destroy())
  data.pipe(connection)
  connection.pipe(data)
}

/**
 * Channel 2n carries port n's data, 2n + 1 its errors; the first frame of each is the port, little-endian. The session
 * ends with the last of its connections.
 */
function forwardChannels(context: ApiContext, pod: Pod, ports: readonly number[], webSocket: WebSocket): void {
  const channels = new WebSocketChannels(webSocket)
  const inputs = ports.map(() => new PassThrough())
  channels.onFrame((channel, bytes) => {
    const input = channel % 2 === 0 ? inputs[channel / 2] : undefined
    if (input) channels.feed(input, bytes)
  })
  webSocket.on('close', () => inputs.forEach(input => input.destroy()))
  webSocket.on('error', () => webSocket.terminate())
  const forwards = inputs.map((input, index) => forwardChannel(context, pod, channels, input, ports[index] ?? 0, index))
  void Promise.all(forwards).then(() => webSocket.close(NORMAL_CLOSURE))
}

/** @param input the client's bytes */
async function forwardChannel(
  { runtime }: ApiContext,
  pod: Pod,
  channels: WebSocketChannels,
  input: PassThrough,
  port: number,
  index: number,
): Promise<void> {
  const [data, error] = [index * 2, index * 2 + 1]
  const name = Buffer.alloc(2)
  name.writeUInt16LE(port)
  void channels.send(data, name)
  void channels.send(error, name)
  try {
    const connection = await connectToPort(runtime, pod, port, abortedAtEnd(input))
    input.on('close', () => connection.destroy())
    if (input.destroyed) connection.destroy()
    input.pipe(connection)
    await pipeline(connection, channels.output(data))
  } catch (failure) {
    await channels.send(error, Buffer.from(failureText(pod, port, failure)))
    input.resume() // nobody takes what still comes
  }
}
