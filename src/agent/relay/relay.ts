// `agent --relay [ADDRESS:]PORT`: where sshd forbids forwarded ports, this program listens on the host's loopback, or at
// an address of the network that it is in, and passes connections on over its standard streams, as HTTP/2 CONNECT
// streams. It ends when its standard input does.
import { connect } from 'node:http2'
import { type Socket, createServer } from 'node:net'
import { Duplex } from 'node:stream'

const STREAM_WINDOW_BYTES = 1 << 20

export interface RelayPlace {
  readonly host: string
  readonly port: number
}

/** Resolves when the other side is gone. @throws Error when the port is taken, or the address is not there */
export function runRelay({ host, port }: RelayPlace, input = process.stdin, output = process.stdout): Promise<void> {
  return new Promise((resolve, reject) => {
    const session = connect('http://relay', {
      createConnection: () => Duplex.from({ readable: input, writable: output }),
      settings: { initialWindowSize: STREAM_WINDOW_BYTES, enablePush: false },
    })
    const sockets = new Set<Socket>()
    const server = createServer({ allowHalfOpen: true, noDelay: true }, socket => {
      sockets.add(socket)
      const stream = session.request({ ':method': 'CONNECT', ':authority': 'api' }, { endStream: false })
      const end = () => {
        sockets.delete(socket)
        stream.destroy()
        socket.destroy()
      }
      for (const side of [socket, stream]) side.on('error', end).on('close', end)
      socket.pipe(stream).pipe(socket)
    })
    const over = () => {
      server.close()
      for (const socket of sockets) socket.destroy()
      resolve()
    }
    session.on('error', over)
    session.on('close', over)
    server.once('error', reject)
    server.listen(port, host)
  })
}
