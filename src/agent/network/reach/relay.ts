// Nodes whose packets do not reach each other: the tunnel's packets go over a byte stream through the control plane.
//
//   pod ─▶ flovx ─▶ UDP to the peer, turned by the rules to 127.0.0.1:8473 ─▶ this ─▶ link ─▶ API server ─▶ link
//   ─▶ this, on the peer ─▶ UDP to 127.0.0.1:8472 ─▶ flovx ─▶ pod
//
// The kernel does not notice: addresses, policies and Services work as over any tunnel, for every protocol.
import { createSocket } from 'node:dgram'
import type { Duplex } from 'node:stream'
import { parseIPv4 } from '../../../shared/machinery/ipv4.ts'
import { noRules } from '../../proxy/rules.ts'
import type { RuleTable } from '../../proxy/table.ts'
import { bindUdp } from '../bind-udp.ts'
import { VXLAN_PORT } from '../../../shared/machinery/node-network.ts'
import { RELAY_PORT, vxlanAddress } from '../names.ts'
import type { Peer } from '../node-routes.ts'
import { DatagramLink } from '../../../shared/machinery/datagram-link.ts'
import { receiverOf } from './vxlan-packet.ts'

export interface RelayOptions {
  readonly table: RuleTable
  /** @returns the other node, undefined when there is none of this name */
  readonly peer: (nodeName: string) => Peer | undefined
  /** Called when a node is relayed now, or no longer. */
  readonly changed: () => void
}

interface End {
  readonly link: DatagramLink
  readonly nodeIP: string
  readonly isOurs: boolean
  readonly closed: Promise<void>
}

const RECEIVE_BUFFER_BYTES = 4 << 20
const HERE = '127.0.0.1'

export class Relay implements AsyncDisposable {
  readonly #options: RelayOptions
  readonly #socket = createSocket('udp4')
  readonly #ends = new Map<string, Set<End>>()
  readonly #byReceiver = new Map<string, DatagramLink>()
  #isStopped = false

  constructor(options: RelayOptions) {
    this.#options = options
    this.#socket.on('error', () => undefined) // a packet that could not be sent is lost, as on a wire
    this.#socket.on('message', packet => this.#byReceiver.get(receiverOf(packet) ?? '')?.send(packet))
  }

  async start(): Promise<void> {
    await bindUdp(this.#socket, RELAY_PORT, HERE)
    this.#socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES)
  }

  /** Names of the nodes that are reached over a link, whichever side opened it. */
  get nodes(): string[] {
    return [...this.#ends.keys()].sort()
  }

  /** Whether this side opened a link to the node. */
  hasOpened(nodeName: string): boolean {
    return [...(this.#ends.get(nodeName) ?? [])].some(({ isOurs }) => isOurs)
  }

  /** Leads what is for the node over this stream until one side ends it. */
  add(nodeName: string, stream: Duplex, isOurs: boolean): void {
    const peer = this.#options.peer(nodeName)
    if (!peer || this.#isStopped || stream.destroyed) return void stream.destroy()
    const ends = this.#ends.get(nodeName) ?? new Set<End>()
    this.#ends.set(nodeName, ends)
    const end: End = {
      nodeIP: peer.nodeIP,
      isOurs,
      closed: new Promise(resolve => stream.once('close', resolve)),
      link: new DatagramLink(
        stream,
        packet => this.#socket.send(packet, VXLAN_PORT, HERE),
        () => {
          ends.delete(end)
          if (ends.size === 0 && this.#ends.get(nodeName) === ends) this.#ends.delete(nodeName)
          this.#update()
        },
      ),
    }
    ends.add(end)
    this.#update()
  }

  /** Ends the links that this side opened: the other side may still want its own. */
  close(nodeName: string): void {
    for (const { isOurs, link } of this.#ends.get(nodeName) ?? []) if (isOurs) link[Symbol.dispose]()
  }

  /** Rules outlive this: without an agent they stay as they are. */
  #update(): void {
    if (this.#isStopped) return
    this.#byReceiver.clear()
    const elements = [...this.#ends.values()].flatMap(([end]) => {
      if (!end) return []
      this.#byReceiver.set(vxlanAddress(parseIPv4(end.nodeIP) ?? 0), end.link)
      return [{ set: 'relayed', key: end.nodeIP, value: '' }]
    })
    this.#options.table.put('relay', { ...noRules, elements })
    this.#options.changed()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true
    const ends = [...this.#ends.values()].flatMap(set => [...set])
    for (const { link } of ends) link[Symbol.dispose]()
    await Promise.all(ends.map(({ closed }) => closed))
    await new Promise<void>(resolve => this.#socket.close(() => resolve()))
  }
}
