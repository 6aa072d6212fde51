// The API server's end of the nodes' links: keeps the newest link of every node and opens streams to its kubelet or
// to addresses on it. See src/agent/tunnel/tunnel.ts for the other end and the picture.
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'
import { Duplex } from 'node:stream'
import type { Clock } from '../../../shared/machinery/clock.ts'
import { startHeartbeat } from '../../../shared/machinery/heartbeat.ts'
import { MOST_PINGS, PING_EVERY_MS, linkBytes } from '../../../shared/machinery/link-bytes.ts'
import { ApiError } from '../../../shared/machinery/status.ts'

/** `kubelet`, `address:port` (IPv6 in brackets), or `udp:address:port`, whose stream is a DatagramLink's. */
export type NodeTarget = 'kubelet' | (string & {})

export interface NodeDialer {
  /**
   * Opens a raw byte stream to something on a node.
   * @throws ApiError 503 when the node has no link, or cannot reach the target
   */
  dial(nodeName: string, target: NodeTarget): Promise<Duplex>
}

const DIAL_TIMEOUT_MS = 15_000
/** See docs/adr/0057. */
const STREAM_WINDOW_BYTES = 512 << 10
/** The largest there is: streams that nobody reads, whoever's they are, must not use up what the others need. */
const LINK_WINDOW_BYTES = 2 ** 31 - 1
const LINK_MEGABYTES = 1024

const unavailable = (message: string) => new ApiError(503, 'ServiceUnavailable', message)

/** HTTP/1.1 writes strings in mixed encodings, which HTTP/2 streams garble: hand out a stream of bytes. */
const asBytes = (stream: ClientHttp2Stream): Duplex => {
  const bytes = Duplex.from({ readable: stream, writable: stream })
  bytes.on('error', () => stream.destroy())
  return bytes
}

/** A session ends with its stream: told to end by itself, Node crashes or hangs while an earlier write is under way. */
interface Link {
  readonly session: ClientHttp2Session
  readonly bytes: Duplex
}

export class NodeTunnels implements NodeDialer, AsyncDisposable {
  readonly #clock: Clock
  readonly #links = new Map<string, Link>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Nodes with a working link. */
  get connected(): string[] {
    return [...this.#links.keys()]
  }

  /** Takes over an upgraded socket, whose peer was authenticated as this node. An older link of the node is closed. */
  accept(nodeName: string, socket: Duplex, head: Buffer): void {
    if (head.length > 0) socket.unshift(head)
    socket.on('error', () => socket.destroy())
    const heartbeat = startHeartbeat({
      clock: this.#clock,
      everyMs: PING_EVERY_MS,
      ask: () => void (session.destroyed || session.ping(() => undefined)),
      lost: () => bytes.destroy(),
    })
    const bytes = linkBytes(socket, Duplex, heartbeat.heard)
    const session = connect('http://node', {
      createConnection: () => bytes,
      settings: { initialWindowSize: STREAM_WINDOW_BYTES, enablePush: false },
      maxSessionMemory: LINK_MEGABYTES,
      maxOutstandingPings: MOST_PINGS,
    })
    session.on('error', () => bytes.destroy())
    session.once('connect', () => session.setLocalWindowSize(LINK_WINDOW_BYTES))
    const link = { session, bytes }
    const older = this.#links.get(nodeName)
    this.#links.set(nodeName, link)
    older?.bytes.destroy()
    session.once('close', () => {
      heartbeat[Symbol.dispose]()
      if (this.#links.get(nodeName) === link) this.#links.delete(nodeName)
      socket.destroy()
    })
  }

  dial(nodeName: string, target: NodeTarget): Promise<Duplex> {
    const session = this.#links.get(nodeName)?.session
    if (!session)
      return Promise.reject(
        unavailable(`node "${nodeName}" is not connected: its agent has no link to this API server`),
      )
    return new Promise((resolve, reject) => {
      const stream = session.request({ ':method': 'CONNECT', ':authority': target }, { endStream: false })
      const cancelTimeout = this.#clock.after(DIAL_TIMEOUT_MS, () =>
        fail(unavailable(`node "${nodeName}" does not answer`)),
      )
      const fail = (error: Error) => {
        cancelTimeout()
        stream.destroy()
        reject(error)
      }
      const lost = () => fail(unavailable(`the link to node "${nodeName}" ended`))
      stream.once('error', lost)
      stream.once('close', lost)
      stream.once('response', headers => {
        cancelTimeout()
        stream.off('close', lost)
        stream.off('error', lost)
        stream.on('error', () => stream.destroy())
        if (headers[':status'] === 200) return resolve(asBytes(stream))
        const why = String(headers['flotilla-error'] ?? `status ${headers[':status']}`)
        stream.destroy()
        reject(unavailable(`error trying to reach service: node "${nodeName}" cannot reach ${target}: ${why}`))
      })
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const links = [...this.#links.values()]
    const closed = links.map(({ session }) => new Promise<void>(resolve => session.once('close', () => resolve())))
    for (const { bytes } of links) bytes.destroy()
    await Promise.all(closed)
  }
}
