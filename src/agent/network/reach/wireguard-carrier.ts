// Leads packets of the encrypted tunnel onto links, encrypted as they are: a relayed peer's endpoint is a port of this
// agent, one for each peer, since nothing else in such a packet tells whom it is for.
//
//   pod ─▶ flotilla-wg ─▶ UDP to 127.0.0.1, the peer's port ─▶ this ─▶ link
//   link ─▶ this, on the peer ─▶ UDP from the port that stands for the sender ─▶ flotilla-wg ─▶ pod
import { createSocket, type Socket } from 'node:dgram'
import { WIREGUARD_PORT } from '../../../shared/machinery/node-network.ts'
import type { RelayCarrier, RelayedNode } from './relay-carrier.ts'
import type { DatagramLink } from '../../../shared/machinery/datagram-link.ts'

const RECEIVE_BUFFER_BYTES = 1 << 20
const HERE = '127.0.0.1'

interface Way {
  readonly socket: Socket
  link: DatagramLink
  /** Undefined until it is bound. */
  port: number | undefined
  isHeld: boolean
}

export class WireguardCarrier implements RelayCarrier {
  readonly #changed: () => void
  readonly #ways = new Map<string, Way>()

  /** @param changed called when a peer has its port */
  constructor(changed: () => void) {
    this.#changed = changed
  }

  start(): Promise<void> {
    return Promise.resolve()
  }

  /** @returns the port of this machine's loopback that stands for the node */
  portOf(nodeName: string): number | undefined {
    return this.#ways.get(nodeName)?.port
  }

  /** Nothing from the node gets through meanwhile: what comes from it then came another way. */
  hold(nodeName: string, isHeld: boolean): void {
    const way = this.#ways.get(nodeName)
    if (way) way.isHeld = isHeld
  }

  lead(nodes: readonly RelayedNode[]): void {
    const wanted = new Set(nodes.map(({ nodeName }) => nodeName))
    for (const [nodeName, { socket }] of this.#ways) {
      if (wanted.has(nodeName)) continue
      this.#ways.delete(nodeName)
      socket.close()
    }
    for (const { nodeName, link } of nodes) {
      const known = this.#ways.get(nodeName)
      if (known) known.link = link
      else this.#ways.set(nodeName, this.#open(link))
    }
  }

  deliver(nodeName: string, packet: Uint8Array): void {
    const way = this.#ways.get(nodeName)
    if (way?.port !== undefined && !way.isHeld) way.socket.send(packet, WIREGUARD_PORT, HERE)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const sockets = [...this.#ways.values()].map(({ socket }) => socket)
    this.#ways.clear()
    await Promise.all(sockets.map(socket => new Promise<void>(resolve => socket.close(resolve))))
  }

  #open(link: DatagramLink): Way {
    const socket = createSocket('udp4')
    const way: Way = { socket, link, port: undefined, isHeld: false }
    socket.on('error', () => undefined) // a packet that could not be sent is lost, as on a wire
    socket.on('message', (packet, from) => {
      if (from.port === WIREGUARD_PORT) way.link.send(packet)
    })
    socket.bind(0, HERE, () => {
      socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES)
      way.port = socket.address().port
      this.#changed()
    })
    return way
  }
}
