// Waiting for a server to listen, and for a port to become free.
import type { Server } from 'node:net'
import type { Clock } from '../../shared/machinery/clock.ts'
import type { Log } from '../../shared/machinery/log.ts'

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

export interface ListenerOptions {
  /** Of HTTP, with or without TLS. */
  readonly server: Server & { closeAllConnections(): void }
  /** Undefined = every address of the machine. */
  readonly host: string | undefined
  readonly port: number
  /** What is told while it cannot listen. */
  readonly failure: string
  readonly clock: Clock
  readonly log: Log
}

const RETRY_MS = 5_000

/** A server that nothing else waits for: where its port is taken it tries again. It does not keep the process alive. */
export class Listener implements AsyncDisposable {
  readonly #options: ListenerOptions
  #cancelRetry: (() => void) | undefined
  #isStopped = false

  constructor(options: ListenerOptions) {
    this.#options = options
    options.server.unref()
  }

  /** Resolves after the first try, whatever comes of it. */
  async start(): Promise<void> {
    const { server, host, port, failure, clock, log } = this.#options
    try {
      await listen(server, port, host)
    } catch (error) {
      log.warn({ error: String(error), host, port }, failure)
      if (!this.#isStopped) this.#cancelRetry = clock.after(RETRY_MS, () => void this.start())
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { server } = this.#options
    this.#isStopped = true
    this.#cancelRetry?.()
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }
}
