// A port of this machine's loopback that leads to the API server through a host: each connection is a stream of one SSH
// connection, which is made anew when it is gone.
import { type Server, type Socket, createServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import type { SshConnection } from '../../provisioning/ssh/connection.ts'
import { ALWAYS_NAMED } from '../../../shared/machinery/kubeconfig.ts'
import { CommandError } from '../../process/usage-error.ts'

export interface ForwarderOptions {
  readonly port: number
  /** `host:port` as seen from the host, best first. */
  readonly targets: readonly { readonly host: string; readonly port: number }[]
  readonly caPem: string
  connect(): Promise<SshConnection>
  readonly tell: (line: string) => void
}

const ANSWER_MS = 10_000

export class Forwarder implements AsyncDisposable {
  readonly #options: ForwarderOptions
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #ssh: Promise<SshConnection> | undefined
  #ended = false
  #target: ForwarderOptions['targets'][number] | undefined

  constructor(options: ForwarderOptions) {
    this.#options = options
    this.#server = createServer(socket => void this.#join(socket))
  }

  /** @returns the port. @throws CommandError when none of the targets answers for the cluster, or the port is taken */
  async start(): Promise<number> {
    const { targets, port } = this.#options
    const ssh = await this.#connection()
    for (const target of targets)
      if (await this.#answers(ssh, target)) {
        this.#target = target
        break
      }
    if (!this.#target) {
      const tried = targets.map(target => `${target.host}:${target.port}`).join(', ')
      throw new CommandError(`the API server does not answer there under any of its addresses: ${tried}`)
    }
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) =>
        reject(
          new CommandError(
            error.code === 'EADDRINUSE' ? `port ${port} is taken here; choose another with --port` : error.message,
          ),
        ),
      )
      this.#server.listen(port, '127.0.0.1', resolve)
    })
    const address = this.#server.address()
    return typeof address === 'object' && address ? address.port : port
  }

  /** One connection for all, opened when it is needed. */
  #connection(): Promise<SshConnection> {
    const opening = this.#ssh ?? this.#open()
    this.#ssh = opening
    return opening
  }

  async #open(): Promise<SshConnection> {
    try {
      const ssh = await this.#options.connect()
      void ssh.closed.then(reason => {
        this.#ssh = undefined
        if (!this.#ended) this.#options.tell(`${reason.message}; it is made again when it is needed`)
      })
      return ssh
    } catch (error) {
      this.#ssh = undefined
      throw error
    }
  }

  /** Whether something there holds a certificate of the cluster's. */
  async #answers(ssh: SshConnection, { host, port }: { host: string; port: number }): Promise<boolean> {
    let stream: Duplex
    try {
      stream = await ssh.forwardOut(host, port)
    } catch {
      return false // nothing listens there
    }
    return new Promise(resolve => {
      const tls = connectTls({ socket: stream, ca: this.#options.caPem, servername: ALWAYS_NAMED, timeout: ANSWER_MS })
      const end = (answers: boolean) => {
        tls.destroy()
        stream.destroy()
        resolve(answers)
      }
      tls.once('secureConnect', () => end(true))
      for (const event of ['error', 'close', 'timeout']) tls.once(event, () => end(false))
    })
  }

  async #join(socket: Socket): Promise<void> {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    try {
      const { host, port } = this.#target ?? { host: '127.0.0.1', port: 0 }
      const stream = await (await this.#connection()).forwardOut(host, port)
      const end = () => {
        socket.destroy()
        stream.destroy()
      }
      for (const side of [socket, stream]) side.on('error', end).on('close', end)
      if (socket.destroyed) return end() // it did not wait
      socket.pipe(stream).pipe(socket)
    } catch (error) {
      this.#options.tell((error as Error).message)
      socket.destroy()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    for (const socket of this.#sockets) socket.destroy()
    if (this.#server.listening) await new Promise<void>(resolve => this.#server.close(() => resolve()))
    await (await this.#ssh?.catch(() => undefined))?.[Symbol.asyncDispose]()
  }
}
