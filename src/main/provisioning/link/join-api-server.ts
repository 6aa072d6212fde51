// The near end of what came from a host's loopback, or from another network of this machine: the API server.
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'

export interface ApiServerAddress {
  readonly host: string
  readonly port: number
}

/** Joins the stream to a connection of its own; each ends with the other. */
export function joinApiServer(stream: Duplex, { host, port }: ApiServerAddress): void {
  const server = connect({ host, port, noDelay: true })
  const end = () => {
    server.destroy()
    stream.destroy()
  }
  for (const side of [server, stream]) side.on('error', end).on('close', end)
  stream.pipe(server).pipe(stream)
}
