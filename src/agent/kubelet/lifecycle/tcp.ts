// Opens a TCP connection and closes it again.
import { connect } from 'node:net'

/** @throws Error when nothing listens or the time is up */
export const connectTcp = (host: string, port: number, timeoutMs: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: timeoutMs })
    const end = (error?: Error) => {
      socket.destroy()
      if (error) reject(error)
      else resolve()
    }
    socket.once('connect', () => end())
    socket.once('timeout', () => end(new Error(`dial tcp ${host}:${port}: i/o timeout`)))
    socket.once('error', error => end(new Error(`dial tcp ${host}:${port}: ${error.message}`)))
  })
