// Connects to the API server at whichever of its addresses answers, for requests and for the link. Each gets a short head
// start over the next, so that addresses that swallow everything cost no time, and the one that worked last is usually
// taken again.
import { type SecureContext, type TLSSocket, connect as connectTls } from 'node:tls'
import type { Clock } from '../../shared/machinery/clock.ts'
import { hostOf } from '../../shared/machinery/url-host.ts'
import type { NodeTls } from '../node-tls.ts'

export interface Dialling {
  /** The cluster's CA, the node's client certificate and key: in PEM, or read already. */
  readonly tls: NodeTls | { readonly secureContext: SecureContext }
  readonly signal: AbortSignal
  /** TLS sessions by server, to be taken up again; kept up to date. Default: none is. */
  readonly sessions?: Map<string, Buffer>
}

export interface Dialled {
  /** The URL that answered. */
  readonly server: string
  readonly socket: TLSSocket
}

const CONNECT_TIMEOUT_MS = 5_000
const HEAD_START_MS = 250

/** @throws Error when the server does not answer, or is not of the cluster */
function dial(server: string, { tls, signal, sessions }: Dialling): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new Error('stopped'))
    const url = new URL(server)
    const socket = connectTls({
      host: hostOf(url),
      port: Number(url.port || 443),
      ...tls,
      session: sessions?.get(server),
      ALPNProtocols: ['http/1.1'],
      timeout: CONNECT_TIMEOUT_MS,
    })
    const fail = (error: Error) => {
      signal.removeEventListener('abort', abort)
      socket.destroy()
      reject(error)
    }
    const abort = () => fail(new Error('stopped'))
    signal.addEventListener('abort', abort, { once: true })
    socket.on('error', fail)
    socket.once('timeout', () => fail(new Error(`no answer within ${CONNECT_TIMEOUT_MS / 1000} s`)))
    if (sessions) socket.on('session', session => sessions.set(server, session))
    socket.once('close', () => fail(new Error('the connection was closed')))
    socket.once('secureConnect', () => {
      signal.removeEventListener('abort', abort)
      socket.setTimeout(0)
      resolve(socket)
    })
  })
}

/** @throws Error that tells what every server said, when none answers */
export function dialFirst(servers: readonly string[], options: Dialling & { readonly clock: Clock }): Promise<Dialled> {
  const { clock } = options
  const rest = new AbortController()
  const signal = AbortSignal.any([options.signal, rest.signal])
  const waiting = [...servers]
  const failures: string[] = []
  let open = 0
  let cancel: () => void = () => undefined
  return new Promise((resolve, reject) => {
    const next = () => {
      cancel()
      const server = waiting.shift()
      if (server === undefined) {
        if (open === 0) reject(new Error(failures.join('; ')))
        return
      }
      open++
      dial(server, { ...options, signal }).then(
        socket => {
          if (rest.signal.aborted) return void socket.destroy()
          cancel()
          rest.abort()
          resolve({ server, socket })
        },
        (error: Error) => {
          open--
          failures.push(`${server}: ${error.message}`)
          if (!rest.signal.aborted) next()
        },
      )
      cancel = clock.after(HEAD_START_MS, next)
    }
    next()
  })
}
