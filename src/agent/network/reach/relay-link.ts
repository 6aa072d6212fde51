// Packets of the tunnel over a byte stream: each with its length before it. As on a wire, what the other side does not
// take in time is lost: pods' TCP then slows down, and no memory fills up.
import type { Duplex } from 'node:stream'

const LENGTH_BYTES = 2
/** Beyond, packets are dropped. */
const MAX_QUEUED_BYTES = 1 << 20

export class RelayLink implements Disposable {
  readonly #stream: Duplex
  #rest = Buffer.alloc(0)

  /** @param ended called once, whoever ends it */
  constructor(stream: Duplex, received: (packet: Buffer) => void, ended: () => void) {
    this.#stream = stream
    stream.on('error', () => stream.destroy())
    stream.on('end', () => stream.destroy())
    stream.once('close', ended)
    stream.on('data', (chunk: Buffer) => {
      let bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
      for (;;) {
        const length = bytes.length < LENGTH_BYTES ? undefined : bytes.readUInt16BE(0)
        if (length === undefined || bytes.length < LENGTH_BYTES + length) break
        received(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length))
        bytes = bytes.subarray(LENGTH_BYTES + length)
      }
      this.#rest = Buffer.from(bytes)
    })
  }

  send(packet: Buffer): void {
    if (this.#stream.destroyed || this.#stream.writableLength > MAX_QUEUED_BYTES) return
    const framed = Buffer.allocUnsafe(LENGTH_BYTES + packet.length)
    framed.writeUInt16BE(packet.length, 0)
    packet.copy(framed, LENGTH_BYTES)
    this.#stream.write(framed)
  }

  [Symbol.dispose](): void {
    this.#stream.destroy()
  }
}
