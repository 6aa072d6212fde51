// A server without TLS that speaks both versions of HTTP: which one a client means is told by the first bytes it sends.
// @see RFC 9113, section 3.3 (prior knowledge)
import { createServer as createHttp1, type IncomingMessage, type Server, type ServerOptions } from 'node:http'
import { createServer as createHttp2 } from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ClientRequest, ClientResponse } from './exchange.ts'

/** How the preface of HTTP/2 begins, and no request of HTTP/1.1. */
const PREFACE = Buffer.from('PRI * HTTP/2.0')

/** @returns a server of HTTP/1.1 that hands connections of HTTP/2 on to one of its own */
export function createPlainServer(
  options: ServerOptions & { readonly headersTimeout: number },
  serve: (request: ClientRequest, response: ClientResponse) => void,
): Server {
  const http1 = createHttp1(options, serve)
  const http2 = createHttp2(serve).on('sessionError', () => undefined) // the client's matter
  const [speakHttp1] = http1.listeners('connection') as [(this: Server, socket: Socket) => void]
  http1.removeListener('connection', speakHttp1)
  return http1.on('connection', (socket: Socket) => {
    const tooLate = () => socket.destroy()
    socket.setTimeout(options.headersTimeout, tooLate)
    let seen: Buffer = Buffer.alloc(0)
    socket.on('data', function look(chunk: Buffer) {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
      const length = Math.min(seen.length, PREFACE.length)
      const isHttp2 = seen.compare(PREFACE, 0, length, 0, length) === 0
      if (isHttp2 && length < PREFACE.length) return
      socket.pause().removeListener('data', look)
      socket.setTimeout(0).removeListener('timeout', tooLate)
      socket.unshift(seen)
      // A session of HTTP/2 reads what is there by itself.
      if (isHttp2) return void http2.emit('connection', socket)
      speakHttp1.call(http1, socket)
      socket.resume()
    })
  })
}

/**
 * A client that offers HTTP/2 instead is answered in HTTP/1.1: the offer is taken out, and the request read once more.
 * Passed on, it would open a way to the backend that no rule looks at.
 * @returns false for an upgrade to something else
 */
export function withoutHttp2Offer(
  { method = 'GET', url = '/', rawHeaders, headers }: IncomingMessage,
  socket: Duplex,
  body: Buffer,
): boolean {
  if (!(headers.upgrade ?? '').split(',').some(name => name.trim().toLowerCase() === 'h2c')) return false
  const lines = [`${method} ${url} HTTP/1.1`]
  for (let at = 0; at + 1 < rawHeaders.length; at += 2)
    if (!OFFER.has((rawHeaders[at] ?? '').toLowerCase()))
      lines.push(`${rawHeaders[at] ?? ''}: ${rawHeaders[at + 1] ?? ''}`)
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]))
  return true
}

const OFFER = new Set(['connection', 'upgrade', 'http2-settings'])
