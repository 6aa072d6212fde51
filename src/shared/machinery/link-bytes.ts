// What carries a node's link, for the HTTP/2 at either end of it.

/** What is needed of a socket of Node's. */
interface Socket {
  readonly writableLength: number
  write(bytes: Uint8Array): boolean
  pause(): unknown
  resume(): unknown
  end(done: () => void): unknown
  destroy(): unknown
  on(event: 'data', listener: (chunk: Uint8Array) => void): unknown
  on(event: 'drain' | 'end' | 'close', listener: () => void): unknown
}

/** What is needed of Node's `Duplex`. */
interface Plain {
  push(chunk: Uint8Array | null): boolean
  destroy(): unknown
  on(event: 'error', listener: () => void): unknown
}

interface PlainOptions {
  read(): void
  write(chunk: Uint8Array, encoding: unknown, done: () => void): void
  final(done: () => void): void
  destroy(error: Error | null, done: (error: Error | null) => void): void
}

/** Three times as long without a byte from the other end, and the link is over. See docs/adr/0057. */
export const PING_EVERY_MS = 5_000
/** Answers may have to wait behind all that is written ahead, over a slow way. */
export const MOST_PINGS = 1_000

/** What is written ahead of the socket; what streams' windows let through is less, unless there are hundreds of them. */
const AHEAD_BYTES = 64 << 20

/**
 * A plain stream: Node crashes when HTTP/2 takes over a TLS socket whose earlier write is still under way. And it reads
 * nothing while a write of its own is under way, so that two ends that both have much to send would wait for each other
 * for ever: what is written counts as sent at once, up to a bound.
 * @param heard is called whenever something came
 */
export function linkBytes<D extends Plain>(
  socket: Socket,
  Duplex: new (options: PlainOptions) => D,
  heard: () => void,
): D {
  let goOn: () => void = () => undefined
  const bytes = new Duplex({
    read: () => void socket.resume(),
    write(chunk, _encoding, done) {
      if (socket.write(chunk) || socket.writableLength < AHEAD_BYTES) done()
      else goOn = done
    },
    final: done => void socket.end(done),
    destroy(error, done) {
      socket.destroy()
      done(error)
    },
  })
  socket.on('drain', () => {
    const done = goOn
    goOn = () => undefined
    done() // the next write may have to wait as well
  })
  socket.on('data', chunk => {
    heard()
    if (!bytes.push(chunk)) socket.pause()
  })
  socket.on('end', () => void bytes.push(null))
  socket.on('close', () => void bytes.destroy())
  bytes.on('error', () => undefined)
  return bytes
}
