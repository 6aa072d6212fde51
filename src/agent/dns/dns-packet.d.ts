// The part of dns-packet's interface that the DNS server uses; the package brings no types.
declare module 'dns-packet' {
  export interface Question {
    name: string
    type: string
    class?: string
  }

  export interface SoaData {
    mname: string
    rname: string
    serial: number
    refresh: number
    retry: number
    expire: number
    minimum: number
  }

  export interface SrvData {
    port: number
    target: string
    priority: number
    weight: number
  }

  export interface Record {
    name: string
    type: string
    class?: string
    ttl?: number
    data?: unknown
  }

  export interface OptRecord {
    name: '.'
    type: 'OPT'
    udpPayloadSize: number
    flags: number
    flag_do?: boolean
    options?: unknown[]
  }

  export interface Packet {
    id?: number
    type?: 'query' | 'response'
    flags?: number
    questions?: Question[]
    answers?: (Record | OptRecord)[]
    authorities?: (Record | OptRecord)[]
    additionals?: (Record | OptRecord)[]
  }

  export interface DecodedPacket extends Required<Packet> {
    opcode: string
    rcode: string
    flag_tc: boolean
    flag_rd: boolean
    flag_qr: boolean
  }

  /** Encodes one kind of value; `encode.bytes` is not set when a buffer comes back. */
  export interface Codec {
    encode(data: unknown): Buffer
  }

  const dnsPacket: {
    encode(packet: Packet): Buffer
    decode(buffer: Buffer): DecodedPacket
    /** The codec of a record type's data, with its length in front. */
    record(type: string): Codec
    name: Codec
  }
  export default dnsPacket
}
