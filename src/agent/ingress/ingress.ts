// The node's Ingress proxy: listens while this node serves Ingresses, and changes its routes and certificates in place.
//
//   client ── HTTP/1.1 ─────────────▶ :80  ┐            ┌─ HTTP/1.1 (kept connections) ─▶ endpoint
//   client ── TLS, HTTP/1.1 or 2 ───▶ :443 ┴─ Router ───┼─ HTTP/2 (gRPC, h2c) ──────────▶ endpoint
//                                                       └─ upgrade: bytes ──────────────▶ endpoint
import { createServer, type IncomingMessage } from 'node:http'
import { createSecureServer } from 'node:http2'
import type { Server, Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Duplex } from 'node:stream'
import type { Clock } from '../../shared/machinery/clock.ts'
import type { Log } from '../../shared/machinery/log.ts'
import { Owned } from '../../shared/machinery/owned.ts'
import { SERVICE_LINK } from '../../shared/machinery/node-network.ts'
import type { Backends } from './backends.ts'
import { Certificates } from './certificates.ts'
import { askedOf, type ClientRequest, type ClientResponse, refuse } from './exchange.ts'
import { H2Forwarder, isGrpc } from './forward-h2.ts'
import { HttpForwarder } from './forward-http.ts'
import { forwardUpgrade } from './forward-upgrade.ts'
import type { IngressView } from './ingress-view.ts'
import { Router } from './router.ts'

export interface IngressOptions {
  readonly view: IngressView
  readonly backends: Backends
  readonly clock: Clock
  readonly log: Log
  readonly httpPort: number
  readonly httpsPort: number
}

/** How often the machine's addresses are looked at, and ports that others had tried again. */
const LOOK_MS = 5_000
/** Requests under way may end in peace when a listener closes. */
const DRAIN_MS = 10_000

interface Listener {
  readonly server: Server
  readonly sockets: Set<Socket>
}

export class IngressProxy implements AsyncDisposable {
  readonly #options: IngressOptions
  readonly #owned = new Owned()
  readonly #certificates: Certificates
  readonly #http: HttpForwarder
  readonly #h2: H2Forwarder
  #router = new Router([])
  /** By `address port`. Each address is listened on by itself: the API server's has its own listener on 443. */
  readonly #listeners = new Map<string, Listener>()
  /** Addresses that could not be had, so that each is told once. */
  readonly #refused = new Set<string>()
  #cancelLook: (() => void) | undefined

  constructor(options: IngressOptions) {
    this.#options = options
    this.#certificates = new Certificates(options.log)
    this.#http = this.#owned.use(new HttpForwarder())
    this.#h2 = this.#owned.use(new H2Forwarder())
    this.#owned.defer(options.view.onChange(() => this.#update()))
    this.#update()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancelLook?.()
    await Promise.all([...this.#listeners.keys()].map(key => this.#close(key, 0)))
    await this.#owned[Symbol.asyncDispose]()
  }

  #update(): void {
    const { view } = this.#options
    const { ingresses } = view
    this.#router = new Router(ingresses)
    this.#certificates.update(ingresses, view.secret)
    this.#listen()
  }

  /** Listens on the machine's addresses as they are now, and looks again: they change, and others let go of ports. */
  #listen(): void {
    const { view, httpPort, httpsPort, clock } = this.#options
    const addresses = view.serves ? machineAddresses() : []
    const wanted = new Set(addresses.flatMap(address => [`${address} ${httpPort}`, `${address} ${httpsPort}`]))
    for (const key of this.#listeners.keys()) if (!wanted.has(key)) void this.#close(key, DRAIN_MS)
    for (const address of addresses) {
      if (!this.#listeners.has(`${address} ${httpPort}`)) this.#open(address, httpPort, this.#httpServer())
      if (!this.#listeners.has(`${address} ${httpsPort}`)) this.#open(address, httpsPort, this.#httpsServer())
    }
    if (wanted.size === 0) return
    this.#cancelLook ??= clock.after(LOOK_MS, () => {
      this.#cancelLook = undefined
      this.#listen()
    })
  }

  #httpServer(): Server {
    return createServer(OPTIONS, (request, response) => this.#serve(request, response))
  }

  #httpsServer(): Server {
    const server = createSecureServer(
      {
        ...OPTIONS,
        allowHTTP1: true,
        SNICallback: (name, done) => {
          const context = this.#certificates.contextFor(name)
          if (context) done(null, context)
          else done(new Error(`no Ingress has a certificate for ${name}`))
        },
      },
      (request, response) => this.#serve(request, response),
    )
    // A handshake that fails or a session that breaks is the client's matter.
    return server.on('sessionError', () => undefined).on('tlsClientError', (_error, socket) => socket.destroy())
  }

  #open(address: string, port: number, server: Server): void {
    const { log } = this.#options
    const key = `${address} ${port}`
    const sockets = new Set<Socket>()
    this.#listeners.set(key, { server, sockets })
    server.on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.on('error', () => socket.destroy()).once('close', () => sockets.delete(socket))
    })
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(request, socket, head),
    )
    server.on('listening', () => this.#refused.delete(key))
    server.on('error', error => {
      this.#listeners.delete(key)
      if (!this.#refused.has(key)) log.warn({ err: error, address, port }, 'cannot listen for Ingresses; trying again')
      this.#refused.add(key)
    })
    server.listen(port, address)
  }

  async #close(key: string, drainMs: number): Promise<void> {
    const listener = this.#listeners.get(key)
    if (!listener) return
    this.#listeners.delete(key)
    const { server, sockets } = listener
    const cut = () => {
      for (const socket of sockets) socket.destroy()
    }
    const cancel = this.#options.clock.after(drainMs, cut)
    await new Promise<void>(resolve => server.close(() => resolve()))
    cancel()
  }

  #serve(request: ClientRequest, response: ClientResponse): void {
    response.on('error', () => response.destroy())
    const asked = askedOf(request)
    const backend = this.#router.route(asked.host, pathOf(request))
    if (!backend) return refuse(response, 404, 'no Ingress serves this host and path')
    const targets = this.#options.backends.targets(backend)
    if (targets.length === 0) return refuse(response, 503, `no endpoint of ${backend.service ?? 'a resource'} is ready`)
    const exchange = { request, response, asked, targets }
    const forwarder = targets[0]?.protocol === 'h2c' || isGrpc(request) ? this.#h2 : this.#http
    try {
      forwarder.forward(exchange)
    } catch {
      refuse(response, 400, 'this request cannot be passed on')
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const backend = this.#router.route(request.headers.host ?? '', pathOf(request))
    const [target] = backend ? this.#options.backends.targets(backend) : []
    forwardUpgrade(request, socket, head, target)
  }
}

const OPTIONS = { headersTimeout: 30_000, requestTimeout: 0, keepAliveTimeout: 75_000, noDelay: true }

const pathOf = ({ url = '/' }: ClientRequest): string => url.split('?', 1)[0] ?? '/'

/** Not those of the service link, where DNS and the API server answer, nor link-local ones, which need a scope. */
function machineAddresses(): string[] {
  return Object.entries(networkInterfaces()).flatMap(([link, addresses = []]) =>
    link === SERVICE_LINK
      ? []
      : addresses.map(({ address }) => address).filter(address => !address.startsWith('fe80:')),
  )
}
