// The API server's service address on this node: connections are passed on, byte by byte, to whichever API server
// address works now, so pods reach `kubernetes.default` wherever the control plane is.
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Log } from '../../shared/machinery/log.ts'
import { listen } from './listen.ts'

export interface ApiServerAddress {
  readonly host: string
  readonly port: number
}

export interface ApiForwarderOptions {
  readonly address: string
  readonly port: number
  /** Best first; asked for each connection. */
  readonly targets: () => readonly ApiServerAddress[]
  readonly log: Log
}

const CONNECT_TIMEOUT_MS = 3_000

export class ApiForwarder implements AsyncDisposable {
  readonly #options: ApiForwarderOptions
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** The address that answered last is tried first: a dead one costs its timeout only once. */
  #lastGood = ''

  constructor(options: ApiForwarderOptions) {
    this.#options = options
    this.#server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true, keepAlive: true }, socket =>
      this.#serve(socket),
    )
  }

  start(): Promise<void> {
    return listen(this.#server, this.#options.port, this.#options.address)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise(resolve => this.#server.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  async #serve(client: Socket): Promise<void> {
    this.#track(client)
    client.on('error', () => client.destroy())
    const server = await this.#connect(client)
    if (!server) return void client.resetAndDestroy()
    this.#track(server)
    server.on('error', () => client.destroy())
    // Half-closed connections stay so: `close` of one side only ends the other when both directions are done.
    client.pipe(server)
    server.pipe(client)
    client.on('close', () => server.destroy())
    server.on('close', () => client.destroy())
    client.resume()
  }

  async #connect(client: Socket): Promise<Socket | undefined> {
    const all = this.#options.targets()
    const nameOf = ({ host, port }: ApiServerAddress) => `${host} ${port}`
    const ordered = [...all].sort((a, b) => Number(nameOf(b) === this.#lastGood) - Number(nameOf(a) === this.#lastGood))
    for (const target of ordered) {
      if (client.destroyed) return undefined
      const socket = await connectTo(target)
      if (!socket) continue
      this.#lastGood = nameOf(target)
      if (!client.destroyed) return socket
      socket.destroy()
    }
    this.#options.log.debug({ targets: all.length }, 'no API server answers a connection from a pod')
    return undefined
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
  }
}

function connectTo({ host, port }: ApiServerAddress): Promise<Socket | undefined> {
  return new Promise(resolve => {
    const socket = connect({ host, port, noDelay: true, keepAlive: true, allowHalfOpen: true })
    const fail = () => {
      socket.destroy()
      resolve(undefined)
    }
    socket.setTimeout(CONNECT_TIMEOUT_MS, fail)
    socket.once('error', fail)
    socket.once('connect', () => {
      socket.setTimeout(0)
      socket.removeListener('error', fail)
      resolve(socket)
    })
  })
}
