// /exec and /attach: upgraded connections into a container.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { Clock } from '../../shared/machinery/clock.ts'
import { allContainers } from '../kubelet/spec/containers.ts'
import { type ApiContext, findPod, runningContainer } from './contract.ts'
import { CLOSING_TIMEOUT_MS, type SessionStreams, type StreamRequest } from './streams/contract.ts'
import { runSession } from './streams/run.ts'
import { SPDY_PROTOCOLS, spdyStreams } from './streams/spdy-session.ts'
import { acceptSpdy, isSpdy, listOf, negotiate } from './streams/upgrade.ts'
import { STREAM_PROTOCOLS, websocketStreams } from './streams/websocket.ts'

const MAX_MESSAGE_BYTES = 4 * 1024 * 1024

/** The types of ws do not know it. */
const closing = { closeTimeout: CLOSING_TIMEOUT_MS }

const server = new WebSocketServer({
  ...closing,
  noServer: true,
  maxPayload: MAX_MESSAGE_BYTES,
  handleProtocols: offered => STREAM_PROTOCOLS.find(protocol => offered.has(protocol)) ?? false,
})

export interface UpgradeRequest {
  readonly message: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
  readonly query: URLSearchParams
}

/** @throws HttpError before the connection is upgraded */
export async function serveExec(
  context: ApiContext,
  use: 'exec' | 'attach',
  [namespace = '', podName = '', containerName = '']: readonly string[],
  upgrade: UpgradeRequest,
): Promise<void> {
  const { query } = upgrade
  const flag = (name: string) => query.get(name) === '1' || query.get(name) === 'true'
  const request: StreamRequest = {
    stdin: flag('input'),
    stdout: flag('output'),
    stderr: flag('error'),
    tty: flag('tty'),
  }
  const pod = findPod(context, namespace, podName)
  const { id } = await runningContainer(context, pod, containerName)
  const command = query.getAll('command')
  const streams = await accept(upgrade, request, context.clock)
  const spec = allContainers(pod).find(({ name }) => name === containerName)
  await runSession(
    streams,
    () =>
      use === 'exec'
        ? context.runtime.exec(id, { command, stdin: request.stdin, tty: request.tty })
        : context.runtime.attach(id, { stdin: request.stdin, tty: spec?.tty ?? false }),
    use === 'exec' || spec?.stdinOnce === true,
  )
}

function accept(
  { message, socket, head }: UpgradeRequest,
  request: StreamRequest,
  clock: Clock,
): Promise<SessionStreams> {
  if (isSpdy(message)) {
    const offered = listOf(message.headers['x-stream-protocol-version'])
    const protocol = negotiate(SPDY_PROTOCOLS, offered)
    acceptSpdy(socket, head, protocol)
    return spdyStreams(socket, request)
  }
  const offered = listOf(message.headers['sec-websocket-protocol'])
  if (offered.length > 0) negotiate(STREAM_PROTOCOLS, offered)
  return new Promise(resolve =>
    server.handleUpgrade(message, socket, head, webSocket =>
      resolve(websocketStreams(webSocket, socket, request, clock)),
    ),
  )
}
