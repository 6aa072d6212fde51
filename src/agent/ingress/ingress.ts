// The node's HTTP proxy: listens while this node serves Ingresses or Gateways, and changes its rules and certificates in
// place.
//
//   client ── HTTP/1.1 or 2 ────────▶ :80  ┐            ┌─ HTTP/1.1 (kept connections) ─▶ endpoint
//   client ── TLS, HTTP/1.1 or 2 ───▶ :443 ┴─ Routing ──┼─ HTTP/2 (gRPC, h2c) ──────────▶ endpoint
//                                                       └─ upgrade: bytes ──────────────▶ endpoint
import type { IncomingMessage } from 'node:http'
import { createSecureServer } from 'node:http2'
import type { Server, Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Duplex } from 'node:stream'
import { Server as TlsServer } from 'node:tls'
import type { Clock } from '../../shared/machinery/clock.ts'
import type { Log } from '../../shared/machinery/log.ts'
import { Owned } from '../../shared/machinery/owned.ts'
import { SERVICE_LINK } from '../../shared/machinery/node-network.ts'
import type { Backends } from './backends.ts'
import type { ListenerProtocol } from '../../shared/machinery/gateway/listeners.ts'
import { Certificates } from './certificates.ts'
import { decide, type Decision, questionOf, UNCLEAR } from './decide.ts'
import { Copies } from './copies.ts'
import { askedOf, type ClientRequest, type ClientResponse, type Exchange, refuse } from './exchange.ts'
import { H2Forwarder, isGrpc } from './forward-h2.ts'
import { HttpForwarder } from './forward-http.ts'
import { answerUpgrade, forwardUpgrade } from './forward-upgrade.ts'
import { createPlainServer, withoutHttp2Offer } from './plain-server.ts'
import { NO_ROUTING, type Routing } from './routing.ts'

export interface IngressOptions {
  /** @returns what is to be served now; nothing when this node is not one that serves */
  readonly routing: () => Routing
  /** Calls back when that may have changed. @returns a function that ends it */
  readonly onChange: (changed: () => void) => () => void
  readonly backends: Backends
  readonly clock: Clock
  readonly log: Log
  /** 0 ≤ x < 1, picks among backends with weights. */
  readonly random: () => number
}

/** How often the machine's addresses are looked at, and ports that others had tried again. */
const LOOK_MS = 5_000
/** Requests under way may end in peace when a listener closes. */
const DRAIN_MS = 10_000

interface Listener {
  readonly protocol: ListenerProtocol
  readonly port: number
  readonly server: Server
  readonly sockets: Set<Socket>
}

export class IngressProxy implements AsyncDisposable {
  readonly #options: IngressOptions
  readonly #owned = new Owned()
  readonly #certificates: Certificates
  readonly #http: HttpForwarder
  readonly #h2: H2Forwarder
  readonly #copies: Copies
  #routing = NO_ROUTING
  /** By `address port`. Each address is listened on by itself: the API server's has its own listener on 443. */
  readonly #listeners = new Map<string, Listener>()
  /** Addresses that could not be had, so that each is told once. */
  readonly #refused = new Set<string>()
  #cancelLook: (() => void) | undefined
  #due: NodeJS.Immediate | undefined

  constructor(options: IngressOptions) {
    this.#options = options
    this.#certificates = new Certificates(options.log)
    this.#http = this.#owned.use(new HttpForwarder())
    this.#h2 = this.#owned.use(new H2Forwarder())
    this.#copies = this.#owned.use(new Copies(options.clock))
    // Many changes that come at once, as with a list, are one.
    this.#owned.defer(options.onChange(() => (this.#due ??= setImmediate(() => this.#update()))))
    this.#update()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancelLook?.()
    clearImmediate(this.#due)
    await Promise.all([...this.#listeners.keys()].map(key => this.#close(key, 0)))
    await this.#owned[Symbol.asyncDispose]()
  }

  #update(): void {
    this.#due = undefined
    this.#routing = this.#options.routing()
    this.#certificates.update(this.#routing.claims)
    this.#listen()
    for (const { port, server } of this.#listeners.values()) this.#setFallback(server, port)
  }

  /** Listens on the machine's addresses as they are now, and looks again: they change, and others let go of ports. */
  #listen(): void {
    const { ports } = this.#routing
    const wanted = new Map<string, { address: string; port: number; protocol: ListenerProtocol }>(
      (ports.size > 0 ? machineAddresses() : []).flatMap(address =>
        [...ports].map(([port, protocol]) => [`${address} ${port}`, { address, port, protocol }] as const),
      ),
    )
    for (const [key, { protocol }] of this.#listeners)
      if (wanted.get(key)?.protocol !== protocol) void this.#close(key, DRAIN_MS)
    for (const [key, { address, port, protocol }] of wanted)
      if (!this.#listeners.has(key)) this.#open(address, port, protocol)
    if (wanted.size === 0) return
    this.#cancelLook ??= this.#options.clock.after(LOOK_MS, () => {
      this.#cancelLook = undefined
      this.#listen()
    })
  }

  #httpServer(port: number): Server {
    return createPlainServer(OPTIONS, (request, response) => this.#serve(port, request, response))
  }

  #httpsServer(port: number): Server {
    const server = createSecureServer(
      {
        ...OPTIONS,
        allowHTTP1: true,
        SNICallback: (name, done) => {
          const context = this.#certificates.contextFor(port, name)
          if (context) done(null, context)
          else done(new Error(`there is no certificate for ${name}`))
        },
      },
      (request, response) => this.#serve(port, request, response),
    )
    this.#setFallback(server, port)
    // A handshake that fails or a session that breaks is the client's matter.
    return server.on('sessionError', () => undefined).on('tlsClientError', (_error, socket) => socket.destroy())
  }

  /** Clients that do not say which host they want are shown the certificate for every host, if there is one. */
  #setFallback(server: Server, port: number): void {
    const pair = this.#certificates.fallbackOf(port)
    if (pair && server instanceof TlsServer) server.setSecureContext(pair)
  }

  #open(address: string, port: number, protocol: ListenerProtocol): void {
    const { log } = this.#options
    const key = `${address} ${port}`
    const sockets = new Set<Socket>()
    const server = protocol === 'HTTP' ? this.#httpServer(port) : this.#httpsServer(port)
    this.#listeners.set(key, { protocol, port, server, sockets })
    server.on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.on('error', () => socket.destroy()).once('close', () => sockets.delete(socket))
    })
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (withoutHttp2Offer(request, socket, head))
        server.emit(protocol === 'HTTP' ? 'connection' : 'secureConnection', socket)
      else this.#upgrade(port, request, socket, head)
    })
    server.on('listening', () => this.#refused.delete(key))
    server.on('error', error => {
      if (this.#listeners.get(key)?.server === server) this.#listeners.delete(key)
      if (!this.#refused.has(key)) log.warn({ err: error, address, port }, 'cannot listen; trying again')
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

  #serve(port: number, request: ClientRequest, response: ClientResponse): void {
    response.on('error', () => response.destroy())
    const asked = askedOf(request)
    const { clock } = this.#options
    const decision = this.#decide(port, request)
    if (decision.answer) return refuse(response, decision.answer.code, decision.answer.text, decision.answer.headers)
    const { forward, requestTimeoutMs, copies } = decision
    if (requestTimeoutMs !== undefined) {
      const cancel = clock.after(requestTimeoutMs, () => refuse(response, 504, 'the answer takes too long'))
      response.once('close', cancel)
    }
    const exchange = { request, response, asked, ...forward }
    try {
      for (const targets of copies) this.#forwarderTo(targets, request).forward(this.#copies.of(exchange, targets))
      this.#forwarderTo(forward.targets, request).forward(exchange)
    } catch {
      refuse(response, 400, 'this request cannot be passed on')
    }
  }

  #forwarderTo([target]: Exchange['targets'], request: ClientRequest): H2Forwarder | HttpForwarder {
    return target?.protocol === 'h2c' || isGrpc(request) ? this.#h2 : this.#http
  }

  #upgrade(port: number, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { answer, forward } = this.#decide(port, request)
    if (forward) return forwardUpgrade({ request, socket, head, ...forward })
    socket.on('error', () => socket.destroy())
    answerUpgrade(request, socket, answer.code, answer.text, answer.headers)
  }

  #decide(port: number, request: ClientRequest): Decision {
    const { backends, random } = this.#options
    const asked = askedOf(request)
    const question = questionOf(request, asked)
    if (!question) return UNCLEAR
    return decide(request, question, asked, this.#routing.route(port, question), backends, random)
  }
}

const OPTIONS = { headersTimeout: 30_000, requestTimeout: 0, keepAliveTimeout: 75_000, noDelay: true }

/** Not those of the service link, where DNS and the API server answer, nor link-local ones, which need a scope. */
function machineAddresses(): string[] {
  return Object.entries(networkInterfaces()).flatMap(([link, addresses = []]) =>
    link === SERVICE_LINK
      ? []
      : addresses.map(({ address }) => address).filter(address => !address.startsWith('fe80:')),
  )
}
