// Nodes whose packets do not reach each other: their tunnel's packets go over a byte stream through the control plane.
//
//   pod ─▶ tunnel ─▶ carrier ─▶ link ─▶ API server ─▶ link ─▶ carrier, on the peer ─▶ tunnel ─▶ pod
//
// The kernel does not notice: addresses, policies and Services work as over any tunnel, for every protocol.
import type { Duplex } from 'node:stream'
import type { Peer } from '../node-routes.ts'
import type { RelayCarrier } from './relay-carrier.ts'
import { DatagramLink } from '../../../shared/machinery/datagram-link.ts'

export interface RelayOptions {
  readonly carrier: RelayCarrier
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

export class Relay implements AsyncDisposable {
  readonly #options: RelayOptions
  readonly #ends = new Map<string, Set<End>>()
  #isStopped = false

  constructor(options: RelayOptions) {
    this.#options = options
  }

  start(): Promise<void> {
    return this.#options.carrier.start()
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
        packet => this.#options.carrier.deliver(nodeName, packet),
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
    this.#options.carrier.lead(
      [...this.#ends].flatMap(([nodeName, [end]]) => (end ? { nodeName, nodeIP: end.nodeIP, link: end.link } : [])),
    )
    this.#options.changed()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true
    const ends = [...this.#ends.values()].flatMap(set => [...set])
    for (const { link } of ends) link[Symbol.dispose]()
    await Promise.all(ends.map(({ closed }) => closed))
    await this.#options.carrier[Symbol.asyncDispose]()
  }
}
