// Waiting for a server to listen.
import type { Server } from 'node:net'

/** @throws the listen error, such as EADDRINUSE */
export const listen = (server: Server, port: number, host: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host }, () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
