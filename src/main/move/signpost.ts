// What answers at the old address of a control plane that has moved: for every request, where it is now.
import { createServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock } from '../../shared/machinery/clock.ts'
import { ApiError } from '../../shared/machinery/status.ts'
import type { KeyPair } from '../pki/certificates.ts'
import type { MovedError } from './mark.ts'
import { whenBack } from './when-back.ts'

export interface SignpostOptions {
  readonly dataDir: string
  readonly listen: { readonly host: string; readonly port: number }
  readonly serving: KeyPair
  readonly moved: MovedError
  readonly clock: Clock
}

export interface Signpost extends AsyncDisposable {
  /** Resolves when the control plane is here again. */
  readonly back: Promise<void>
}

/** @throws the system's error when the port is taken */
export async function startSignpost({ dataDir, listen, serving, moved, clock }: SignpostOptions): Promise<Signpost> {
  // 421, so that nodes' agents go on to the next address that they know.
  const { status } = new ApiError(421, 'MisdirectedRequest', moved.message)
  const body = JSON.stringify(status)
  const server = createServer({ cert: serving.certPem, key: serving.keyPem }, (_request, response) => {
    response.writeHead(421, { 'content-type': 'application/json', connection: 'close' }).end(body)
  })
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('upgrade', (_request, socket: Duplex) => {
    socket.on('error', () => socket.destroy())
    socket.end(
      `HTTP/1.1 421 Misdirected Request\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(listen.port, listen.host, resolve)
  })
  let cancel: () => void = () => undefined
  const back = new Promise<void>(resolve => (cancel = whenBack(dataDir, clock, resolve)))
  return {
    back,
    async [Symbol.asyncDispose]() {
      cancel()
      // Also those that were upgraded, or that say nothing: nobody keeps the control plane from coming back.
      for (const socket of sockets) socket.destroy()
      await new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}
