// SPDY/3.1, as much as Kubernetes' streams use: the client opens streams, each with headers that say what it is for.
// Neither side sends WINDOW_UPDATE, as upstream's library does not: what holds a fast sender back is the connection.
// @see https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/
import { Duplex } from 'node:stream'
import { HeaderDecoder, HeaderEncoder, type Headers } from './spdy-headers.ts'

const VERSION = 3
const HEADER_BYTES = 8
const MAX_CONTROL_BYTES = 64 * 1024
const MAX_DATA_BYTES = 64 * 1024
const TYPE = {
  synStream: 1,
  synReply: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const
const FLAG_FIN = 1
const STATUS_REFUSED = 3
const STATUS_CANCEL = 5
/** What a piece of data takes up beside its bytes: clients may send them one by one. */
const PIECE_BYTES = 256
/** A stream that holds this much unread stops the connection from being read, and so do all of them together. */
const MAX_UNREAD_BYTES = 4 * 1024 * 1024
const MAX_UNREAD_IN_ALL_BYTES = 16 * 1024 * 1024
/** Each connection that kubectl forwards has two. */
const MAX_STREAMS = 1_000

export class SpdyStream extends Duplex {
  readonly id: number
  readonly headers: Headers
  readonly #connection: SpdyConnection
  #finished = false
  /** That came since the stream last asked for more. */
  #pieces = 0

  constructor(connection: SpdyConnection, id: number, headers: Headers) {
    super({ allowHalfOpen: true })
    this.id = id
    this.headers = headers
    this.#connection = connection
    this.on('error', () => this.destroy())
    this.on('end', () => this.#hasRoom()) // it asks for no more then
  }
  /** About how much memory it takes up. */
  get held(): number {
    return this.readableLength + this.#pieces * PIECE_BYTES
  }
  override _read(): void {
    this.#hasRoom()
  }
  #hasRoom(): void {
    this.#pieces = 0
    this.#connection.wake()
  }
  /** Takes bytes from the connection. @returns when there is room for more */
  async receive(bytes: Buffer): Promise<void> {
    if (this.destroyed || this.readableEnded) return
    this.#pieces++
    this.push(bytes)
    await this.#connection.roomFor(this)
  }
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const parts: Promise<void>[] = []
    for (let at = 0; at < chunk.length; at += MAX_DATA_BYTES)
      parts.push(this.#connection.sendData(this.id, chunk.subarray(at, at + MAX_DATA_BYTES), false))
    Promise.all(parts).then(() => done(), done)
  }
  override _final(done: (error?: Error | null) => void): void {
    this.#finished = true
    this.#connection.sendData(this.id, Buffer.alloc(0), true).then(() => done(), done)
  }
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#finished) void this.#connection.reset(this.id)
    this.#connection.forget(this.id)
    done(error)
  }
}

interface DataFrame {
  readonly stream: SpdyStream | undefined
  readonly isLast: boolean
  left: number
}

export class SpdyConnection {
  readonly #transport: Duplex
  readonly #decoder = new HeaderDecoder()
  readonly #encoder = new HeaderEncoder()
  readonly #streams = new Map<number, SpdyStream>()
  readonly #onStream: (stream: SpdyStream) => void
  readonly #closed = new AbortController()
  #lastId = 0
  /** The frame that is coming in, as far as its bytes are still to come. */
  #data: DataFrame | undefined
  #goOn: () => void = () => undefined

  /** @param onStream called for each stream that the client opens, after it was accepted */
  constructor(transport: Duplex, onStream: (stream: SpdyStream) => void) {
    this.#transport = transport
    this.#onStream = onStream
    transport.on('error', () => transport.destroy())
    transport.on('close', () => this.#end())
  }

  /** Aborted when the connection is gone. */
  get closed(): AbortSignal {
    return this.#closed.signal
  }

  /** Reads frames until the connection ends; never rejects. */
  async run(): Promise<void> {
    let rest: Buffer = Buffer.alloc(0)
    try {
      for await (const chunk of this.#transport) {
        rest = rest.length > 0 ? Buffer.concat([rest, chunk as Buffer]) : (chunk as Buffer)
        for (let taken = -1; taken !== 0; rest = rest.subarray(taken)) taken = await this.#take(rest)
      }
    } catch {
      // Not SPDY, or cut off: the connection is of no more use.
    }
    this.close()
  }

  /** Sends nothing more. The connection is closed once the client has read it all and closes, or took too long. */
  end(timeoutMs: number): void {
    this.#transport.end()
    const timer = setTimeout(() => this.close(), timeoutMs)
    timer.unref()
    this.closed.addEventListener('abort', () => clearTimeout(timer), { once: true })
  }
  close(): void {
    this.#transport.destroy()
    this.#end()
  }

  /** Resolves when the connection may be read again. */
  async roomFor(stream: SpdyStream): Promise<void> {
    const isFull = () =>
      !stream.destroyed && (stream.held >= MAX_UNREAD_BYTES || this.#held() >= MAX_UNREAD_IN_ALL_BYTES)
    while (isFull() && !this.#closed.signal.aborted) await new Promise<void>(resolve => (this.#goOn = resolve))
  }
  /** Somebody reads, or has gone. */
  wake(): void {
    this.#goOn()
  }

  #held(): number {
    let bytes = 0
    for (const { held } of this.#streams.values()) bytes += held
    return bytes
  }

  /**
   * Data is handed on as it comes, however long its frame is.
   * @returns how many bytes of these are done with; 0 when more have to come first
   */
  async #take(bytes: Buffer): Promise<number> {
    if (this.#data) return this.#takeData(this.#data, bytes)
    if (bytes.length < HEADER_BYTES) return 0
    const length = bytes.readUIntBE(5, 3)
    if (((bytes[0] ?? 0) & 0x80) === 0) {
      const stream = this.#streams.get(bytes.readUInt32BE(0))
      const isLast = ((bytes[4] ?? 0) & FLAG_FIN) !== 0
      if (length > 0) this.#data = { stream, isLast, left: length }
      else if (isLast) stream?.push(null)
      return HEADER_BYTES
    }
    if (length > MAX_CONTROL_BYTES) throw new Error('frame too large')
    if (bytes.length < HEADER_BYTES + length) return 0
    await this.#receive(bytes.subarray(0, HEADER_BYTES + length))
    return HEADER_BYTES + length
  }

  async #takeData(data: DataFrame, bytes: Buffer): Promise<number> {
    const part = bytes.subarray(0, data.left)
    if (part.length === 0) return 0
    data.left -= part.length
    if (data.left === 0) this.#data = undefined
    await data.stream?.receive(part)
    if (data.left === 0 && data.isLast) data.stream?.push(null)
    return part.length
  }

  async #receive(frame: Buffer): Promise<void> {
    const flags = frame[4] ?? 0
    const payload = frame.subarray(HEADER_BYTES)
    switch (frame.readUInt16BE(2)) {
      case TYPE.synStream:
        return this.#open(payload, flags)
      case TYPE.headers:
        await this.#decoder.decode(payload.subarray(4)) // keeps the compression context in step
        return
      case TYPE.reset:
        this.#streams.get(payload.readUInt32BE(0) & 0x7fffffff)?.destroy()
        return
      case TYPE.ping:
        await this.#control(TYPE.ping, 0, payload)
        return
      case TYPE.goAway:
        return // streams that are open may finish
    }
  }

  async #open(payload: Buffer, flags: number): Promise<void> {
    const id = payload.readUInt32BE(0) & 0x7fffffff
    if (id <= this.#lastId) throw new Error('a stream was opened twice')
    this.#lastId = id
    const headers = await this.#decoder.decode(payload.subarray(10))
    if (this.#streams.size >= MAX_STREAMS) return this.reset(id, STATUS_REFUSED)
    const stream = new SpdyStream(this, id, headers)
    this.#streams.set(id, stream)
    if (flags & FLAG_FIN) stream.push(null)
    const reply = Buffer.alloc(4)
    reply.writeUInt32BE(id)
    await this.#control(TYPE.synReply, 0, Buffer.concat([reply, await this.#encoder.encode(new Map())]))
    this.#onStream(stream)
  }

  sendData(id: number, bytes: Buffer, fin: boolean): Promise<void> {
    const head = Buffer.alloc(HEADER_BYTES)
    head.writeUInt32BE(id)
    head[4] = fin ? FLAG_FIN : 0
    head.writeUIntBE(bytes.length, 5, 3)
    return this.#send(Buffer.concat([head, bytes]))
  }
  reset(id: number, status = STATUS_CANCEL): Promise<void> {
    const payload = Buffer.alloc(8)
    payload.writeUInt32BE(id)
    payload.writeUInt32BE(status, 4)
    return this.#control(TYPE.reset, 0, payload)
  }
  forget(id: number): void {
    this.#streams.delete(id)
    this.wake()
  }

  #control(type: number, flags: number, payload: Buffer): Promise<void> {
    const head = Buffer.alloc(HEADER_BYTES)
    head.writeUInt16BE(0x8000 | VERSION)
    head.writeUInt16BE(type, 2)
    head[4] = flags
    head.writeUIntBE(payload.length, 5, 3)
    return this.#send(Buffer.concat([head, payload]))
  }

  #send(bytes: Buffer): Promise<void> {
    if (this.#transport.destroyed || this.#transport.writableEnded) return Promise.resolve()
    return new Promise(resolve => this.#transport.write(bytes, () => resolve()))
  }

  #end(): void {
    if (this.#closed.signal.aborted) return
    this.#closed.abort(new Error('the client went away'))
    this.wake()
    for (const stream of this.#streams.values()) stream.destroy()
    this.#decoder.close()
    this.#encoder.close()
  }
}
