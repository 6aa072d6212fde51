// The control plane's end of a relay: connections that a program on the host accepted come as HTTP/2 streams over its
// standard streams. See src/agent/relay/relay.ts for the other end.
import { createServer } from 'node:http2'
import { Duplex } from 'node:stream'

const STREAM_WINDOW_BYTES = 1 << 20

/** @param incoming takes each connection; ends when `program` does */
export function serveRelay(program: Duplex, incoming: (stream: Duplex) => void): void {
  const server = createServer({ settings: { initialWindowSize: STREAM_WINDOW_BYTES, enableConnectProtocol: true } })
  server.on('session', session => {
    session.setLocalWindowSize(STREAM_WINDOW_BYTES * 16)
    session.on('error', () => program.destroy())
  })
  server.on('stream', (stream, headers) => {
    stream.on('error', () => stream.destroy())
    if (headers[':method'] !== 'CONNECT') return stream.close()
    stream.respond({ ':status': 200 })
    const bytes = Duplex.from({ readable: stream, writable: stream })
    bytes.on('error', () => stream.destroy())
    incoming(bytes)
  })
  const bytes = Duplex.from({ readable: program, writable: program })
  bytes.on('error', () => program.destroy())
  // Before it hears of it, and without an error: a session that ends while it writes says goodbye to a socket that is not
  // destroyed, which Node takes for a fault of its own and ends the process.
  for (const event of ['close', 'error']) program.prependListener(event, () => bytes.destroy())
  server.emit('connection', bytes)
}
