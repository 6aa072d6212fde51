// A WebSocket as a plain byte stream: how kubectl tunnels SPDY through HTTP.
import { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'

export function websocketBytes(socket: WebSocket): Duplex {
  const bytes = new Duplex({
    read: () => socket.resume(),
    write(chunk: Buffer, _encoding, done) {
      socket.send(chunk, { binary: true }, () => done())
    },
    final(done) {
      socket.close(1000)
      done()
    },
    destroy(error, done) {
      socket.close(1000)
      done(error)
    },
  })
  socket.on('message', (data: Buffer) => {
    if (!bytes.push(data)) socket.pause()
  })
  socket.on('close', () => {
    bytes.push(null)
    bytes.destroy()
  })
  socket.on('error', () => socket.terminate())
  return bytes
}
