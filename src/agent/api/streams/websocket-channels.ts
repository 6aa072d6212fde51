// Channels of a WebSocket: each message is one byte of channel number, then the bytes; in the `base64` protocols a digit
// and base64, for clients that have text frames only.
// @see https://kubernetes.io/docs/reference/using-api/websockets/
import { Writable } from 'node:stream'
import type { WebSocket } from 'ws'

const MAX_FRAME_BYTES = 32 * 1024
const ZERO = 0x30

export class WebSocketChannels {
  readonly #socket: WebSocket
  readonly #asText: boolean
  /** Whose channels hold as much as they may. */
  readonly #full = new Set<Writable>()

  constructor(socket: WebSocket) {
    this.#socket = socket
    this.#asText = socket.protocol.includes('base64')
  }

  /** Resolves when it is on its way, also to a client that is gone. */
  send(channel: number, bytes: Buffer): Promise<void> {
    const frame = this.#asText
      ? `${channel}${bytes.toString('base64')}`
      : Buffer.concat([Buffer.from([channel]), bytes])
    return new Promise(resolve => this.#socket.send(frame, { binary: !this.#asText }, () => resolve()))
  }

  /** As fast as the client takes it. */
  output(channel: number): Writable {
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        const parts: Promise<void>[] = []
        for (let at = 0; at < chunk.length; at += MAX_FRAME_BYTES)
          parts.push(this.send(channel, chunk.subarray(at, at + MAX_FRAME_BYTES)))
        void Promise.all(parts).then(() => done())
      },
    })
  }

  onFrame(listener: (channel: number, bytes: Buffer) => void): void {
    this.#socket.on('message', (data: Buffer) => {
      const [first = 0] = data
      const rest = data.subarray(1)
      if (this.#asText) listener(first - ZERO, Buffer.from(rest.toString(), 'base64'))
      else listener(first, rest)
    })
  }

  /** Hands on what came; the client waits while nobody takes it, on whichever channel. */
  feed(input: Writable, bytes: Buffer): void {
    if (input.writableEnded || input.destroyed || input.write(bytes) || this.#full.has(input)) return
    const resume = () => {
      for (const event of ['drain', 'close']) input.off(event, resume)
      this.#full.delete(input)
      if (this.#full.size === 0) this.#socket.resume()
    }
    this.#full.add(input)
    this.#socket.pause()
    for (const event of ['drain', 'close']) input.on(event, resume)
  }
}
