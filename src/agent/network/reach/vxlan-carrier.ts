// Leads packets of the VXLAN tunnel onto links: rules turn those for relayed nodes to a port of this agent.
//
//   pod ─▶ flovx ─▶ UDP to the peer, turned by the rules to 127.0.0.1:8473 ─▶ this ─▶ link
//   link ─▶ this, on the peer ─▶ UDP to 127.0.0.1:8472 ─▶ flovx ─▶ pod
import { createSocket } from 'node:dgram'
import { parseIPv4 } from '../../../shared/machinery/ipv4.ts'
import { VXLAN_PORT } from '../../../shared/machinery/node-network.ts'
import { noRules } from '../../proxy/rules.ts'
import type { RuleTable } from '../../proxy/table.ts'
import { bindUdp } from '../bind-udp.ts'
import { RELAY_PORT, vxlanAddress } from '../names.ts'
import type { RelayCarrier, RelayedNode } from './relay-carrier.ts'
import type { DatagramLink } from '../../../shared/machinery/datagram-link.ts'
import { receiverOf } from './vxlan-packet.ts'

const RECEIVE_BUFFER_BYTES = 4 << 20
const HERE = '127.0.0.1'

export class VxlanCarrier implements RelayCarrier {
  readonly #table: RuleTable
  readonly #socket = createSocket('udp4')
  readonly #byReceiver = new Map<string, DatagramLink>()

  constructor(table: RuleTable) {
    this.#table = table
    this.#socket.on('error', () => undefined) // a packet that could not be sent is lost, as on a wire
    this.#socket.on('message', packet => this.#byReceiver.get(receiverOf(packet) ?? '')?.send(packet))
  }

  async start(): Promise<void> {
    await bindUdp(this.#socket, RELAY_PORT, HERE)
    this.#socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES)
  }

  lead(nodes: readonly RelayedNode[]): void {
    this.#byReceiver.clear()
    for (const { nodeIP, link } of nodes) this.#byReceiver.set(vxlanAddress(parseIPv4(nodeIP) ?? 0), link)
    const elements = nodes.map(({ nodeIP }) => ({ set: 'relayed', key: nodeIP, value: '' }))
    this.#table.put('relay', { ...noRules, elements })
  }

  deliver(_nodeName: string, packet: Uint8Array): void {
    this.#socket.send(packet, VXLAN_PORT, HERE)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>(resolve => this.#socket.close(() => resolve()))
  }
}
