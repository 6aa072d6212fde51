// Waiting for a server to listen.
import type { Server } from 'node:net'

/**
 * @param host undefined = every address of the machine
 * @throws the listen error, such as EADDRINUSE
 */
export const listen = (server: Server, port: number, host: string | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, ...(host !== undefined && { host }) }, () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
