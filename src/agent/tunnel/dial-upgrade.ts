// Connects to the API server and asks for an upgrade: afterwards the socket carries whatever both sides agreed on.
import { type TLSSocket, connect as connectTls } from 'node:tls'
import type { NodeTls } from '../api-client.ts'

export interface UpgradeRequest {
  /** URL of the API server. */
  readonly server: string
  readonly path: string
  readonly protocol: string
  readonly tls: NodeTls
  readonly signal: AbortSignal
}

const CONNECT_TIMEOUT_MS = 10_000

/** @returns the socket, positioned after the answer's head. @throws Error when the upgrade is refused */
export function dialUpgrade({ server, path, protocol, tls, signal }: UpgradeRequest): Promise<TLSSocket> {
  const { hostname, port } = new URL(server)
  const host = hostname.replace(/^\[|\]$/g, '')
  return new Promise((resolve, reject) => {
    const socket = connectTls({
      host,
      port: Number(port || 443),
      ...tls,
      ALPNProtocols: ['http/1.1'],
      timeout: CONNECT_TIMEOUT_MS,
    })
    let head = Buffer.alloc(0)
    const fail = (error: Error) => {
      signal.removeEventListener('abort', abort)
      socket.destroy()
      reject(error)
    }
    const abort = () => fail(new Error('stopped'))
    signal.addEventListener('abort', abort, { once: true })
    socket.once('error', fail)
    socket.once('timeout', () => fail(new Error('no answer within 10 s')))
    socket.once('close', () => fail(new Error('the connection was closed')))
    socket.once('secureConnect', () =>
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`,
      ),
    )
    const read = (chunk: Buffer) => {
      head = Buffer.concat([head, chunk])
      const end = head.indexOf('\r\n\r\n')
      if (end < 0) return
      const statusLine = head.subarray(0, head.indexOf('\r\n')).toString('latin1')
      if (!/^HTTP\/1\.1 101 /.test(statusLine)) return fail(new Error(`the API server refused the link: ${statusLine}`))
      socket.pause()
      signal.removeEventListener('abort', abort)
      socket.removeAllListeners()
      socket.setTimeout(0)
      const rest = head.subarray(end + 4)
      if (rest.length > 0) socket.unshift(rest)
      resolve(socket)
    }
    socket.on('data', read)
  })
}
