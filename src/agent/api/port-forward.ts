// /portForward: bytes between a client and ports of a pod. Over WebSocket each port has two channels: 2n carries the
// data, 2n + 1 errors; the first frame of each is the port number, little-endian.
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Pod } from '../../shared/api/core/v1.ts'
import { type ApiContext, HttpError, findPod } from './contract.ts'
import type { UpgradeRequest } from './exec.ts'

const PROTOCOLS = ['v4.channel.k8s.io', 'portforward.k8s.io']
const server = new WebSocketServer({
  noServer: true,
  maxPayload: 4 * 1024 * 1024,
  handleProtocols: offered => PROTOCOLS.find(protocol => offered.has(protocol)) ?? false,
})

/** @throws HttpError when the pod has no address */
export function connectToPort(pod: Pod, port: number): Duplex {
  const host = pod.status.podIP
  if (!host) throw new HttpError(500, `pod ${pod.metadata.name} has no address yet`)
  return connect({ host, port, allowHalfOpen: true })
}

export async function servePortForward(
  context: ApiContext,
  [namespace = '', podName = '']: readonly string[],
  { message, socket, head, query }: UpgradeRequest,
): Promise<void> {
  const pod = findPod(context, namespace, podName)
  if (message.headers.upgrade?.toLowerCase() !== 'websocket')
    throw new HttpError(400, `unable to upgrade: unsupported protocol ${message.headers.upgrade ?? ''}`)
  const offered = (message.headers['sec-websocket-protocol'] ?? '').split(',').map(text => text.trim())
  if (!PROTOCOLS.some(protocol => offered.includes(protocol)))
    throw new HttpError(403, `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}]`)
  const ports = query
    .getAll('port')
    .flatMap(text => text.split(','))
    .map(Number)
  if (ports.length === 0 || ports.some(port => !Number.isInteger(port) || port < 1 || port > 65_535))
    throw new HttpError(400, 'query parameter "port" must name at least one port')
  const webSocket = await new Promise<WebSocket>(resolve => server.handleUpgrade(message, socket, head, resolve))
  const connections = ports.map((port, index) => forwardPort(pod, port, index, webSocket))
  webSocket.on('message', (data: Buffer) => {
    const channel = data[0] ?? 0
    if (channel % 2 === 0) connections[channel / 2]?.write(data.subarray(1))
  })
  webSocket.on('close', () => connections.forEach(connection => connection.destroy()))
  webSocket.on('error', () => webSocket.terminate())
}

function forwardPort(pod: Pod, port: number, index: number, webSocket: WebSocket): Duplex {
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
