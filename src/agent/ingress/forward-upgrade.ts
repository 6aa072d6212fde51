// WebSockets and other upgrades: once both sides agreed, bytes are passed on unread.
import {
  type ClientRequest as BackendRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as httpRequest,
  ServerResponse,
} from 'node:http'
import { request as httpsRequest } from 'node:https'
import { type Duplex, pipeline } from 'node:stream'
import type { Target } from './backends.ts'
import { ANSWER_TIMEOUT_MS, type Exchange, orRefuse, refuse, setHead } from './exchange.ts'
import { endToEnd } from './headers.ts'

export type Upgrade = Pick<Exchange, 'path' | 'headers' | 'answered' | 'targets'> & {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

export function forwardUpgrade(upgrade: Upgrade): void {
  const { request, socket, head, answered } = upgrade
  const [target] = upgrade.targets
  socket.on('error', () => socket.destroy())
  if (!target) return answerUpgrade(request, socket, 503, 'no endpoint serves this')
  const sent = open(upgrade, target)
  if (!sent) return answerUpgrade(request, socket, 400, 'this request cannot be passed on')
  socket.once('close', () => sent.destroy())
  sent.once('timeout', () => sent.destroy(new Error('timeout')))
  sent.once('error', () => answerUpgrade(request, socket, 502, 'the backend does not answer'))
  sent.once('response', answer => {
    // No upgrade after all: an ordinary answer, and the end of the connection.
    const response = attach(request, socket)
    response.once('finish', () => socket.end()) // also when the answer is refused
    orRefuse(response, () => {
      setHead(response, answer.statusCode ?? 502, { ...answered(endToEnd(answer.headers)), connection: 'close' })
      pipeline(answer, response, error => {
        if (error) socket.destroy()
      })
    })
  })
  sent.once('upgrade', (answer, backend: Duplex, backendHead) => {
    sent.setTimeout(0)
    const lines = [`HTTP/1.1 101 ${answer.statusMessage ?? 'Switching Protocols'}`]
    for (let i = 0; i + 1 < answer.rawHeaders.length; i += 2)
      lines.push(`${answer.rawHeaders[i] ?? ''}: ${answer.rawHeaders[i + 1] ?? ''}`)
    socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
    if (backendHead.length > 0) socket.write(backendHead)
    if (head.length > 0) backend.write(head)
    backend.on('error', () => socket.destroy())
    // Whichever side closes first closes the other.
    pipeline(socket, backend, socket, () => {
      socket.destroy()
      backend.destroy()
    })
  })
  sent.end()
}

/** @returns undefined for a request that may come in but may not be sent */
function open({ request, path, headers }: Upgrade, target: Target): BackendRequest | undefined {
  const send = target.protocol === 'https' ? httpsRequest : httpRequest
  try {
    return send({
      host: target.ip,
      port: target.port,
      path,
      method: request.method,
      headers: {
        ...headers,
        connection: 'Upgrade',
        upgrade: request.headers.upgrade ?? '',
      },
      setHost: false,
      agent: false,
      rejectUnauthorized: false,
      timeout: ANSWER_TIMEOUT_MS,
    })
  } catch {
    return undefined
  }
}

function attach(request: IncomingMessage, socket: Duplex): ServerResponse {
  const response = new ServerResponse(request)
  response.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0])
  return response
}

/** Answers a request for an upgrade in the ordinary way, and ends the connection. */
export function answerUpgrade(
  request: IncomingMessage,
  socket: Duplex,
  code: number,
  text: string,
  headers: OutgoingHttpHeaders = {},
): void {
  if (socket.destroyed) return
  const response = attach(request, socket)
  response.shouldKeepAlive = false
  refuse(response, code, text, headers)
  response.once('finish', () => socket.end())
}
