// /exec and /attach: upgraded connections into a container.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { allContainers } from '../kubelet/spec/containers.ts'
import { type ApiContext, HttpError, findPod, runningContainer } from './contract.ts'
import type { SessionStreams, StreamRequest } from './streams/contract.ts'
import { runSession } from './streams/run.ts'
import { STREAM_PROTOCOLS, websocketStreams } from './streams/websocket.ts'

const MAX_MESSAGE_BYTES = 4 * 1024 * 1024

const server = new WebSocketServer({
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
  const streams = await accept(upgrade, request)
  const spec = allContainers(pod).find(({ name }) => name === containerName)
  await runSession(streams, () =>
    use === 'exec'
      ? context.runtime.exec(id, { command, stdin: request.stdin, tty: request.tty })
      : context.runtime.attach(id, { stdin: request.stdin, tty: spec?.tty ?? false }),
  )
}

function accept({ message, socket, head }: UpgradeRequest, request: StreamRequest): Promise<SessionStreams> {
  if (message.headers.upgrade?.toLowerCase() !== 'websocket')
    throw new HttpError(400, `unable to upgrade: unsupported protocol ${message.headers.upgrade ?? ''}`)
  const offered = (message.headers['sec-websocket-protocol'] ?? '').split(',').map(text => text.trim())
  if (!STREAM_PROTOCOLS.some(protocol => offered.includes(protocol)))
    throw new HttpError(
      403,
      `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${STREAM_PROTOCOLS.join(' ')}]`,
    )
  return new Promise(resolve =>
    server.handleUpgrade(message, socket, head, webSocket => resolve(websocketStreams(webSocket, request))),
  )
}
