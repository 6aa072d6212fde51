// TCP on the loopback: each connection is carried over a stream of its own.
import { type Socket, createServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { HOST, type OpenPort, type OpenPortOptions } from './open-port.ts'

/** @throws Error when the port cannot be opened */
export function openTcpPort({ port, dial }: OpenPortOptions): Promise<OpenPort> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, socket => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => sockets.delete(socket))
    void dial().then(stream => {
      if (!stream) socket.destroy()
      else if (socket.destroyed) stream.destroy()
      else join(socket, stream)
    })
  })
  return new Promise((resolve, reject) => {
    // Also later, such as when this process has no file descriptor left.
    server.on('error', reject)
    server.listen(port, HOST, () =>
      resolve({
        close: () => {
          for (const socket of sockets) socket.destroy()
          return new Promise(closed => server.close(() => closed()))
        },
      }),
    )
  })
}

/** Either side may end before the other one has said all; a fault of one ends both. */
function join(socket: Socket, stream: Duplex): void {
  stream.on('error', () => socket.destroy())
  stream.once('close', () => {
    if (!stream.readableEnded) socket.destroy()
  })
  socket.once('close', () => stream.destroy())
  socket.pipe(stream).pipe(socket)
}
