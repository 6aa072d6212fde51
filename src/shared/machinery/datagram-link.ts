// Datagrams over a byte stream: each with its length before it. As on a wire, what the other side does not take in time is
// lost: nothing waits for it, and no memory fills up.

/** What is needed of a stream of Node's. */
export interface ByteStream {
  readonly destroyed: boolean
  /** Bytes that the other side has not taken yet. */
  readonly writableLength: number
  write(bytes: Uint8Array): unknown
  destroy(): unknown
  on(event: 'data', listener: (chunk: Uint8Array) => void): unknown
  on(event: 'error' | 'end' | 'close', listener: () => void): unknown
}

const LENGTH_BYTES = 2
/** Beyond, datagrams are dropped. */
const MAX_QUEUED_BYTES = 1 << 20

export class DatagramLink implements Disposable {
  readonly #stream: ByteStream
  #rest: Uint8Array = new Uint8Array(0)

  /** @param ended called once, whoever ends it */
  constructor(stream: ByteStream, received: (datagram: Uint8Array) => void, ended: () => void) {
    this.#stream = stream
    stream.on('error', () => stream.destroy())
    stream.on('end', () => stream.destroy())
    stream.on('close', ended)
    stream.on('data', chunk => {
      let bytes = this.#rest.length > 0 ? concat(this.#rest, chunk) : chunk
      for (;;) {
        const [high, low] = bytes
        const end = high === undefined || low === undefined ? Infinity : LENGTH_BYTES + ((high << 8) | low)
        if (bytes.length < end) break
        received(bytes.subarray(LENGTH_BYTES, end))
        bytes = bytes.subarray(end)
      }
      this.#rest = Uint8Array.from(bytes)
    })
  }

  send(datagram: Uint8Array): void {
    if (this.#stream.destroyed || this.#stream.writableLength > MAX_QUEUED_BYTES) return
    this.#stream.write(concat(Uint8Array.of(datagram.length >> 8, datagram.length & 0xff), datagram))
  }

  [Symbol.dispose](): void {
    this.#stream.destroy()
  }
}

function concat(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length)
  both.set(one)
  both.set(other, one.length)
  return both
}
