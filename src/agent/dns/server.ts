// The cluster's DNS server on this node: cluster names from what the node knows, all others from the host's servers.
import type { Registry } from 'prom-client'
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram'
import { createServer, type Server, type Socket } from 'node:net'
import { type Clock, systemClock } from '../../shared/machinery/clock.ts'
import type { Log } from '../../shared/machinery/log.ts'
import type { ClusterView } from '../network/cluster-view.ts'
import type { CidrRange } from '../../shared/machinery/cidr.ts'
import { familyOf, type IPFamily } from '../../shared/machinery/ip-address.ts'
import { listen } from '../network/listen.ts'
import { Owned } from '../../shared/machinery/owned.ts'
import { ClusterZone, TTL_SECONDS, type ZoneAnswer } from './cluster-zone.ts'
import * as wire from './message.ts'
import { DnsMetrics } from './metrics.ts'
import { Resolver } from './resolver.ts'
import { ReverseIndex } from './reverse-index.ts'
import { frame, MessageReader } from './tcp-framing.ts'
import type { UpstreamServer } from './upstream.ts'
import { WatchedServers } from './watched-servers.ts'
import { bindUdp } from '../network/bind-udp.ts'

export interface DnsServerOptions {
  readonly view: ClusterView
  /** To listen on. */
  readonly addresses: readonly string[]
  /** Of Services' addresses, those of these families are served on this node. */
  readonly families: readonly IPFamily[]
  /** Default 53; 0 = any free port. */
  readonly port?: number
  /** `cluster.local` */
  readonly zone: string
  /** Ranges whose reverse names are never asked for outside. */
  readonly ownRanges: readonly CidrRange[]
  readonly log: Log
  readonly clock?: Clock
  readonly metrics?: Registry
  /** Default: those of the host's resolver configuration, followed as it changes. */
  readonly upstream?: readonly UpstreamServer[]
  /** 0 ≤ x < 1, picks the order of addresses. */
  readonly random?: () => number
}

const DNS_PORT = 53
const TCP_IDLE_MS = 10_000
const MAX_TCP_CLIENTS = 1_000
/** Queries that wait for the host's servers; beyond, clients are told to try again instead of growing our memory. */
const MAX_WAITING = 5_000

export class DnsServer implements AsyncDisposable {
  readonly #options: DnsServerOptions
  readonly #owned = new Owned()
  readonly #zone: ClusterZone
  readonly #resolver: Resolver
  readonly #metrics: DnsMetrics
  readonly #clients = new Set<Socket>()
  #waiting = 0
  #port = 0

  constructor(options: DnsServerOptions) {
    this.#options = options
    const { view, zone, families, ownRanges, clock = systemClock, addresses, upstream } = options
    this.#metrics = new DnsMetrics(options.metrics)
    const reverse = this.#owned.use(new ReverseIndex(view))
    this.#zone = new ClusterZone({ view, reverse, zone, families, ownRanges })
    const watched = upstream ? undefined : this.#owned.use(new WatchedServers(addresses))
    this.#resolver = this.#owned.use(
      new Resolver({
        servers: () => upstream ?? watched?.servers ?? [],
        clock,
        counted: event => this.#metrics.cache(event),
      }),
    )
  }

  /** The port listened on, UDP and TCP. */
  get port(): number {
    return this.#port
  }

  /** @throws the listen error, such as EADDRINUSE when another DNS server has the address */
  async start(): Promise<void> {
    for (const address of this.#options.addresses) await this.#listen(address)
  }

  async #listen(address: string): Promise<void> {
    // Port 0 means one free port, the same for every address and protocol.
    const port = this.#port || (this.#options.port ?? DNS_PORT)
    const tcp = createServer({ noDelay: true }, socket => this.#serveTcp(socket))
    tcp.maxConnections = MAX_TCP_CLIENTS
    await listen(tcp, port, address)
    this.#owned.defer(() => this.#closeTcp(tcp))
    const bound = tcp.address()
    this.#port = typeof bound === 'object' && bound ? bound.port : port
    const type = familyOf(address) === 'IPv6' ? 'udp6' : 'udp4'
    const udp = createSocket({ type, recvBufferSize: 1 << 20, sendBufferSize: 1 << 20 })
    await bindUdp(udp, this.#port, address)
    this.#owned.defer(() => new Promise<void>(resolve => udp.close(resolve)))
    udp.on('message', (message, from) => this.#serveUdp(udp, message, from))
    udp.on('error', error => this.#options.log.warn({ err: error }, 'DNS over UDP'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned[Symbol.asyncDispose]()
  }

  #serveUdp(udp: UdpSocket, message: Buffer, { port, address }: RemoteInfo): void {
    // A client that is gone is nobody's problem.
    const send = (reply: Buffer) => udp.send(reply, port, address, () => undefined)
    this.#serve(message, 'udp', send)
  }

  #serveTcp(socket: Socket): void {
    const reader = new MessageReader()
    this.#clients.add(socket)
    socket.setTimeout(TCP_IDLE_MS, () => socket.destroy())
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#clients.delete(socket))
    socket.on('data', chunk => {
      for (const message of reader.push(chunk)) {
        this.#serve(message, 'tcp', reply => {
          if (socket.writable) socket.write(frame(reply))
        })
      }
    })
  }

  async #closeTcp(tcp: Server): Promise<void> {
    const closed = new Promise(resolve => tcp.close(resolve))
    for (const socket of this.#clients) socket.destroy()
    await closed
  }

  #serve(message: Buffer, protocol: 'udp' | 'tcp', send: (reply: Buffer) => void): void {
    const parsed = wire.parseQuery(message)
    if ('reply' in parsed) {
      if (parsed.reply) send(parsed.reply)
      return
    }
    const { query } = parsed
    const limit = protocol === 'udp' ? wire.udpLimit(query) : wire.MAX_TCP_BYTES
    const finish = (reply: Buffer, source: 'cluster' | 'upstream') => {
      this.#metrics.answered(protocol, query.type, source, reply.readUInt16BE(2) & 0xf)
      send(reply)
    }
    const local = this.#zone.answer(query.name, query.type)
    if (!local) this.#forward(query, limit, reply => finish(reply, 'upstream'))
    else if (local.continueAt !== undefined && query.type !== 'CNAME')
      this.#follow(query, local, local.continueAt, limit, reply => finish(reply, 'cluster'))
    else finish(wire.encodeReply(query, this.#replyOf(local), limit), 'cluster')
  }

  #replyOf({ exists, answers, additionals }: ZoneAnswer): wire.Reply {
    return {
      rcode: exists ? wire.RCODE.noError : wire.RCODE.nxDomain,
      authoritative: true,
      answers: shuffled(answers, this.#options.random ?? Math.random),
      authorities: answers.length > 0 ? [] : [this.#zone.soa()],
      additionals,
    }
  }

  #forward(query: wire.Query, limit: number, finish: (reply: Buffer) => void): void {
    const fail = () => finish(wire.encodeReply(query, { ...wire.emptyReply, rcode: wire.RCODE.servFail }, limit))
    if (this.#waiting >= MAX_WAITING) return fail()
    this.#waiting++
    this.#resolver
      .resolve(query)
      .then(({ answer, ageSeconds }) => finish(wire.replyFrom(answer, query, ageSeconds, limit)), fail)
      .finally(() => this.#waiting--)
  }

  /** An ExternalName: our CNAME, then what its target has. */
  #follow(query: wire.Query, local: ZoneAnswer, target: string, limit: number, finish: (reply: Buffer) => void): void {
    const reply = this.#replyOf(local)
    const inside = this.#zone.answer(target, query.type)
    if (inside) {
      // One step only: a chain of ExternalNames is the client's to follow, so that a circle cannot hold us.
      const answers = [...reply.answers, ...inside.answers]
      return finish(wire.encodeReply(query, { ...reply, answers, additionals: inside.additionals }, limit))
    }
    const alone = () => finish(wire.encodeReply(query, reply, limit))
    if (this.#waiting >= MAX_WAITING) return alone()
    this.#waiting++
    this.#resolver
      .resolve(wire.questionFor(target, query))
      .then(({ answer, ageSeconds }) => {
        const found = wire.recordsOf(answer, Math.min(TTL_SECONDS, ageSeconds))
        finish(wire.encodeReply(query, { ...reply, answers: [...reply.answers, ...found] }, limit))
      }, alone)
      .finally(() => this.#waiting--)
  }
}

/** Clients take the first address: every one gets a turn at being it. */
function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const result = [...items]
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const [a, b] = [result[i], result[j]]
    if (a === undefined || b === undefined) continue
    result[i] = b
    result[j] = a
  }
  return result
}
