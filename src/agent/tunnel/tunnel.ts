// The node's link to the API server: dialled by the agent, used in both directions. After the upgrade the agent is an
// HTTP/2 server on the socket that it dialled; the API server opens CONNECT streams in it, each a raw byte stream to
// the kubelet or to an address on this node. So nothing on the node needs an open port.
//
//   agent ── TLS (node certificate) ── GET …/nodes/<name>/tunnel, Upgrade: flotilla-tunnel ──▶ API server
//   agent ◀── HTTP/2: CONNECT kubelet │ CONNECT relay:other-node │ CONNECT [udp:]10.244.0.5:80 │ PING ── API server
import { type ServerHttp2Session, type ServerHttp2Stream, createServer } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { type Clock, delay } from '../../shared/machinery/clock.ts'
import { startHeartbeat } from '../../shared/machinery/heartbeat.ts'
import { MOST_PINGS, PING_EVERY_MS, linkBytes } from '../../shared/machinery/link-bytes.ts'
import type { NodeTls } from '../node-tls.ts'
import { dialAnyUpgrade } from './dial-upgrade.ts'
import { exchangeDatagrams } from './exchange-datagrams.ts'

export interface TunnelOptions {
  /** URLs of the API server: whichever answers; the one that works is kept. */
  readonly servers: readonly string[]
  /** PEM: the cluster's CA, the node's client certificate and key. */
  readonly tls: NodeTls
  readonly nodeName: string
  /** Takes a connection of the API server to this node's kubelet. */
  readonly kubelet: (connection: Duplex) => void
  /** Takes the stream that another node's agent opened to this one. Default: there are none. */
  readonly relay?: (nodeName: string, stream: Duplex) => void
  readonly clock: Clock
  readonly signal: AbortSignal
  /** @param connected whether the link is up; `detail` says to where, or why not */
  readonly onChange?: (connected: boolean, detail: string) => void
  /** 0 ≤ x < 1, spreads reconnects. */
  readonly random?: () => number
}

const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 10_000
/** See docs/adr/0057. */
const STREAM_WINDOW_BYTES = 512 << 10
/** The largest there is: streams that nobody reads, whoever's they are, must not use up what the others need. */
const LINK_WINDOW_BYTES = 2 ** 31 - 1
const LINK_MEGABYTES = 1024

/** Keeps the link up until the signal aborts. Resolves then. */
export async function runTunnel(options: TunnelOptions): Promise<void> {
  const { servers, tls, nodeName, clock, signal, onChange, random = Math.random } = options
  let pauseMs = FIRST_PAUSE_MS
  let best: string | undefined
  const path = `/apis/flotilla.dev/v1/nodes/${encodeURIComponent(nodeName)}/tunnel`
  while (!signal.aborted) {
    // The one that worked last before the others. They may change while this runs.
    const order = servers.toSorted((a, b) => Number(b === best) - Number(a === best))
    try {
      const { server, socket } = await dialAnyUpgrade(order, { path, protocol: 'flotilla-tunnel', tls, clock, signal })
      best = server
      onChange?.(true, server)
      pauseMs = FIRST_PAUSE_MS
      await serve(socket, options)
      onChange?.(false, `the link to ${server} ended`)
    } catch (error) {
      onChange?.(false, (error as Error).message)
    }
    if (signal.aborted) return
    await delay(clock, pauseMs * (0.5 + random()), signal).catch(() => undefined)
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
  }
}

/** Serves the link until it ends, is found dead, or the signal aborts. */
function serve(socket: TLSSocket, options: TunnelOptions): Promise<void> {
  const { clock, signal } = options
  const server = createServer({
    settings: { initialWindowSize: STREAM_WINDOW_BYTES, enableConnectProtocol: true },
    maxSessionMemory: LINK_MEGABYTES,
    maxOutstandingPings: MOST_PINGS,
  })
  return new Promise(resolve => {
    let session: ServerHttp2Session | undefined
    const end = () => {
      heartbeat[Symbol.dispose]()
      signal.removeEventListener('abort', end)
      // The session ends with its stream. Told to end by itself, it would send that it does: Node crashes when an
      // earlier write is still under way, as it is to a peer that does not answer.
      bytes.destroy()
      socket.destroy()
      resolve()
    }
    const heartbeat = startHeartbeat({
      clock,
      everyMs: PING_EVERY_MS,
      ask: () => void (session?.destroyed || session?.ping(() => undefined)),
      lost: end,
    })
    const bytes = linkBytes(socket, Duplex, heartbeat.heard)
    signal.addEventListener('abort', end, { once: true })
    socket.once('close', end)
    socket.once('error', end)
    server.on('session', opened => {
      session = opened
      opened.setLocalWindowSize(LINK_WINDOW_BYTES)
      opened.on('error', end)
      opened.on('close', end)
    })
    server.on('stream', (stream, headers) => {
      if (headers[':method'] === 'CONNECT') open(stream, String(headers[':authority']), options)
      else stream.close()
    })
    server.emit('connection', bytes)
  })
}

/**
 * Joins a CONNECT stream with its target: `kubelet`, `relay:node` for another node's agent, `address:port` here, or
 * `udp:address:port`.
 */
function open(stream: ServerHttp2Stream, target: string, { kubelet, relay }: TunnelOptions): void {
  stream.on('error', () => stream.destroy())
  const accept = () => {
    stream.respond({ ':status': 200 })
    const bytes = Duplex.from({ readable: stream, writable: stream })
    bytes.on('error', () => stream.destroy())
    return bytes
  }
  if (target === 'kubelet') return kubelet(accept())
  const [, from] = /^relay:(.+)$/.exec(target) ?? []
  if (from && relay) return relay(from, accept())
  const [, udp, host, port] = /^(udp:)?\[?([0-9a-fA-F.:]+)\]?:(\d{1,5})$/.exec(target) ?? []
  if (!host || Number(port) > 65_535) return stream.respond({ ':status': 400 }, { endStream: true })
  if (udp) return exchangeDatagrams(host, Number(port), accept())
  const peer = connectTcp({ host, port: Number(port) })
  peer.once('connect', () => {
    if (stream.destroyed) return void peer.destroy()
    stream.respond({ ':status': 200 })
    stream.pipe(peer).pipe(stream)
  })
  peer.once('error', error => {
    if (!stream.headersSent) stream.respond({ ':status': 502, 'flotilla-error': error.message }, { endStream: true })
    else stream.destroy(error)
  })
  stream.once('close', () => peer.destroy())
}
