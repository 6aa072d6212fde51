// Agreeing on a protocol, and the answer that switches to SPDY.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { HttpError } from '../contract.ts'

export const listOf = (header: string | string[] | undefined): string[] =>
  (Array.isArray(header) ? header.join(',') : (header ?? ''))
    .split(',')
    .map(text => text.trim())
    .filter(Boolean)

/** @throws HttpError 400 for any upgrade but SPDY/3.1 and WebSocket */
export function isSpdy(message: IncomingMessage): boolean {
  const upgrade = message.headers.upgrade?.toLowerCase()
  if (upgrade === 'spdy/3.1') return true
  if (upgrade === 'websocket') return false
  throw new HttpError(400, `unable to upgrade: unsupported protocol ${upgrade ?? ''}`)
}

/** @returns the first of ours that the client speaks @throws HttpError 403 */
export function negotiate(ours: readonly string[], offered: readonly string[]): string {
  const chosen = ours.find(protocol => offered.includes(protocol))
  if (chosen !== undefined) return chosen
  const [client, server] = [offered.join(' '), ours.join(' ')]
  throw new HttpError(
    403,
    `unable to upgrade: unable to negotiate protocol: client supports [${client}], server accepts [${server}]`,
  )
}

export function acceptSpdy(socket: Duplex, head: Buffer, protocol: string): void {
  if (head.length > 0) socket.unshift(head)
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
  )
}
