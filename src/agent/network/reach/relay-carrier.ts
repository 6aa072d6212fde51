// How the packets that nodes send to each other get from the kernel onto links, and from there back to it.
import type { DatagramLink } from '../../../shared/machinery/datagram-link.ts'

export interface RelayedNode {
  readonly nodeName: string
  readonly nodeIP: string
  readonly link: DatagramLink
}

/** Ended by dispose. What the kernel was told to do stays: without an agent it goes on as it was. */
export interface RelayCarrier extends AsyncDisposable {
  start(): Promise<void>
  /** From now on what is for these nodes goes over their links, and nothing else does. */
  lead(nodes: readonly RelayedNode[]): void
  /** A packet has come over the link of this node. */
  deliver(nodeName: string, packet: Uint8Array): void
}
