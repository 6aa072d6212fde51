// UDP on the loopback: what one client sends goes over one stream, so that the node knows it by one address, and answers
// find their way back.
import { type RemoteInfo, type Socket, createSocket } from 'node:dgram'
import { DatagramLink } from '../../shared/machinery/datagram-link.ts'
import type { Clock } from '../../shared/machinery/clock.ts'
import { HOST, type OpenPort, type OpenPortOptions } from './open-port.ts'

/** As long as the kernel remembers who exchanges datagrams (`nf_conntrack_udp_timeout_stream`). */
const IDLE_MS = 120_000
/** Beyond, the one that was silent longest ends. */
const MOST_CLIENTS = 1_024
/** Of a client, while the stream is opened. */
const MOST_WAITING = 32

/** @throws Error when the port cannot be opened */
export async function openUdpPort({ port, dial, clock }: OpenPortOptions): Promise<OpenPort> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve, reject) => {
    // Later ones are of datagrams: lost, as on a wire.
    socket.on('error', reject)
    socket.bind({ port, address: HOST, exclusive: true }, resolve)
  }).catch((error: unknown) => {
    socket.close()
    throw error
  })
  const clients = new Clients(socket, dial, clock)
  socket.on('message', (datagram, from) => clients.take(datagram, from))
  return {
    close: () => {
      clients[Symbol.dispose]()
      return new Promise(closed => socket.close(() => closed()))
    },
  }
}

interface UdpClient {
  link: DatagramLink | undefined
  readonly waiting: Buffer[]
  lastMs: number
}

class Clients implements Disposable {
  readonly #socket: Socket
  readonly #dial: OpenPortOptions['dial']
  readonly #clock: Clock
  /** By address and port; who was silent longest comes first. */
  readonly #known = new Map<string, UdpClient>()
  readonly #cancelSweep: () => void
  #isClosed = false

  constructor(socket: Socket, dial: OpenPortOptions['dial'], clock: Clock) {
    this.#socket = socket
    this.#dial = dial
    this.#clock = clock
    let cancel: () => void
    const sweep = () => {
      for (const [name, { lastMs }] of this.#known) if (clock.monotonic() - lastMs >= IDLE_MS) this.#end(name)
      cancel = clock.after(IDLE_MS / 4, sweep)
    }
    cancel = clock.after(IDLE_MS / 4, sweep)
    this.#cancelSweep = () => cancel()
  }

  take(datagram: Buffer, from: RemoteInfo): void {
    const name = `${from.address}:${from.port}`
    const client = this.#known.get(name) ?? this.#meet(name, from)
    this.#heardOf(name, client)
    if (client.link) client.link.send(datagram)
    else if (client.waiting.length < MOST_WAITING) client.waiting.push(datagram)
  }

  #heardOf(name: string, client: UdpClient): void {
    client.lastMs = this.#clock.monotonic()
    this.#known.delete(name)
    this.#known.set(name, client)
  }

  #meet(name: string, { address, port }: RemoteInfo): UdpClient {
    const [oldest] = this.#known.keys()
    if (oldest !== undefined && this.#known.size >= MOST_CLIENTS) this.#end(oldest)
    const client: UdpClient = { link: undefined, waiting: [], lastMs: 0 }
    const isCurrent = () => !this.#isClosed && this.#known.get(name) === client
    void this.#dial().then(stream => {
      if (!stream || !isCurrent()) {
        stream?.destroy()
        if (isCurrent()) this.#known.delete(name)
        return
      }
      const answer = (datagram: Uint8Array) => {
        if (!isCurrent()) return
        this.#heardOf(name, client)
        this.#socket.send(datagram, port, address)
      }
      const link = new DatagramLink(stream, answer, () => isCurrent() && this.#known.delete(name))
      client.link = link
      for (const datagram of client.waiting.splice(0)) link.send(datagram)
    })
    return client
  }

  #end(name: string): void {
    const client = this.#known.get(name)
    this.#known.delete(name)
    client?.link?.[Symbol.dispose]()
  }

  [Symbol.dispose](): void {
    this.#isClosed = true
    this.#cancelSweep()
    for (const name of [...this.#known.keys()]) this.#end(name)
  }
}
