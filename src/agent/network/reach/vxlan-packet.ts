// VXLAN packets (RFC 7348) by hand: a probe that takes the tunnel's own way even while the tunnel is led over a relay,
// and whom a packet of the tunnel is for.
import { parseIPv4 } from '../../../shared/machinery/ipv4.ts'
import { VXLAN_ID, vxlanAddress } from '../names.ts'

/** 8 bytes VXLAN, 14 Ethernet, 20 IPv4, 8 UDP. */
const HEADERS_BYTES = 50
const VXLAN_BYTES = 8

/** One end of a tunnel: the node's address, and the one inside the tunnel that speaks. */
export interface TunnelEnd {
  readonly nodeIP: string
  readonly innerIP: string
}

/** @returns the payload of the outer UDP packet: a UDP packet from end to end, on the same port at both */
export function vxlanProbe(from: TunnelEnd, to: TunnelEnd, port: number, payload: Buffer): Buffer {
  const packet = Buffer.alloc(HEADERS_BYTES + payload.length)
  packet.writeUInt8(0x08, 0) // the network identifier is valid
  packet.writeUIntBE(VXLAN_ID, 4, 3)
  macBytes(to.nodeIP).copy(packet, 8)
  macBytes(from.nodeIP).copy(packet, 14)
  packet.writeUInt16BE(0x0800, 20)
  const ip = packet.subarray(22, 42)
  ip.writeUInt8(0x45, 0)
  ip.writeUInt16BE(28 + payload.length, 2)
  ip.writeUInt8(64, 8) // hops
  ip.writeUInt8(17, 9) // UDP
  ip.writeUInt32BE(parseIPv4(from.innerIP) ?? 0, 12)
  ip.writeUInt32BE(parseIPv4(to.innerIP) ?? 0, 16)
  ip.writeUInt16BE(headerChecksum(ip), 10)
  packet.writeUInt16BE(port, 42)
  packet.writeUInt16BE(port, 44)
  packet.writeUInt16BE(8 + payload.length, 46) // without a checksum: IPv4 allows that
  payload.copy(packet, HEADERS_BYTES)
  return packet
}

/** @returns the hardware address of the node that a tunnel's packet is for; undefined for what is none */
export const receiverOf = (packet: Buffer): string | undefined =>
  packet.length < VXLAN_BYTES + 14
    ? undefined
    : [...packet.subarray(VXLAN_BYTES, VXLAN_BYTES + 6)].map(byte => byte.toString(16).padStart(2, '0')).join(':')

const macBytes = (nodeIP: string): Buffer =>
  Buffer.from(vxlanAddress(parseIPv4(nodeIP) ?? 0).replaceAll(':', ''), 'hex')

/** RFC 1071 over an even number of bytes. */
function headerChecksum(header: Buffer): number {
  let sum = 0
  for (let i = 0; i < header.length; i += 2) sum += header.readUInt16BE(i)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}
