// Connects to the API server and asks for an upgrade: afterwards the socket carries whatever both sides agreed on.
import type { TLSSocket } from 'node:tls'
import type { Clock } from '../../shared/machinery/clock.ts'
import { type Dialled, type Dialling, dialFirst } from '../servers/dial.ts'

export interface UpgradeRequest extends Dialling {
  readonly path: string
  readonly protocol: string
}

const ANSWER_TIMEOUT_MS = 10_000

/**
 * One of several servers; those that refuse the upgrade are passed over.
 * @returns the socket, positioned after the answer's head
 * @throws Error that tells what every server said
 */
export async function dialAnyUpgrade(
  servers: readonly string[],
  request: UpgradeRequest & { readonly clock: Clock },
): Promise<Dialled> {
  const refusals: string[] = []
  for (let left = servers; ;) {
    const dialled = await dialFirst(left, request).catch((error: Error) => {
      throw new Error([...refusals, error.message].filter(Boolean).join('; '))
    })
    const { server } = dialled
    try {
      return { server, socket: await upgrade(dialled, request) }
    } catch (error) {
      refusals.push(`${server}: ${(error as Error).message}`)
      left = left.filter(other => other !== server)
    }
  }
}

function upgrade({ server, socket }: Dialled, { path, protocol, signal }: UpgradeRequest): Promise<TLSSocket> {
  const { host } = new URL(server)
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0)
    const fail = (error: Error) => {
      signal.removeEventListener('abort', abort)
      socket.destroy()
      reject(error)
    }
    const abort = () => fail(new Error('stopped'))
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    socket.setTimeout(ANSWER_TIMEOUT_MS)
    socket.once('error', fail)
    socket.once('timeout', () => fail(new Error('no answer within 10 s')))
    socket.once('close', () => fail(new Error('the connection was closed')))
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
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`)
  })
}
