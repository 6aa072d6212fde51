// WebSockets and other upgrades: once both sides agreed, bytes are passed on unread.
import {
  type ClientRequest as BackendRequest,
  type IncomingMessage,
  request as httpRequest,
  ServerResponse,
} from 'node:http'
import { request as httpsRequest } from 'node:https'
import { type Duplex, pipeline } from 'node:stream'
import type { Target } from './backends.ts'
import { ANSWER_TIMEOUT_MS, askedOf, orRefuse, refuse, setHead } from './exchange.ts'
import { endToEnd, requestHeaders } from './headers.ts'

export function forwardUpgrade(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  target: Target | undefined,
): void {
  socket.on('error', () => socket.destroy())
  if (!target) return answerer(request, socket)(503, 'no endpoint serves this')
  const sent = open(request, target)
  if (!sent) return answerer(request, socket)(400, 'this request cannot be passed on')
  socket.once('close', () => sent.destroy())
  sent.once('timeout', () => sent.destroy(new Error('timeout')))
  sent.once('error', () => answerer(request, socket)(502, 'the backend does not answer'))
  sent.once('response', answer => {
    // No upgrade after all: an ordinary answer, and the end of the connection.
    const response = attach(request, socket)
    response.once('finish', () => socket.end()) // also when the answer is refused
    orRefuse(response, () => {
      setHead(response, answer.statusCode ?? 502, { ...endToEnd(answer.headers), connection: 'close' })
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
function open(request: IncomingMessage, target: Target): BackendRequest | undefined {
  const send = target.protocol === 'https' ? httpsRequest : httpRequest
  try {
    return send({
      host: target.ip,
      port: target.port,
      path: request.url,
      method: request.method,
      headers: {
        ...requestHeaders(request.headers, askedOf(request)),
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

const answerer = (request: IncomingMessage, socket: Duplex) => (code: number, text: string) => {
  if (socket.destroyed) return
  const response = attach(request, socket)
  response.shouldKeepAlive = false
  refuse(response, code, text)
  response.once('finish', () => socket.end())
}
