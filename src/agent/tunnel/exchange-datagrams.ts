// One client's UDP datagrams, which come over a stream of the node's link, to an address and back.
import { createSocket } from 'node:dgram'
import type { Duplex } from 'node:stream'
import { DatagramLink } from '../../shared/machinery/datagram-link.ts'

/** Ends with the stream. Where nobody listens any more, the stream ends, and whoever has more to say opens another one. */
export function exchangeDatagrams(host: string, port: number, stream: Duplex): void {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  const link = new DatagramLink(
    stream,
    datagram => socket.send(datagram),
    () => socket.close(),
  )
  stream.pause()
  socket.on('error', () => stream.destroy())
  socket.on('message', datagram => link.send(datagram))
  socket.once('connect', () => stream.resume())
  socket.connect(port, host)
}
