// A small HTTP server that tells how a part is. Where its port is taken it tries again: nothing else waits for it.
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { Clock } from '../../shared/machinery/clock.ts'
import type { Log } from '../../shared/machinery/log.ts'
import { listen } from '../network/listen.ts'

export interface StatusAnswer {
  readonly code?: number
  readonly type: string
  readonly body: string
}

export interface StatusServerOptions {
  /** Undefined = every address of the machine. */
  readonly host: string | undefined
  readonly port: number
  readonly routes: ReadonlyMap<string, () => StatusAnswer | Promise<StatusAnswer>>
  readonly clock: Clock
  readonly log: Log
}

const RETRY_MS = 5_000
/** Everybody may ask: nobody can hold more than this. */
const MAX_CONNECTIONS = 100
const REQUEST_MS = 5_000

export class StatusServer implements AsyncDisposable {
  readonly #options: StatusServerOptions
  readonly #server: Server
  #cancelRetry: (() => void) | undefined
  #isStopped = false

  constructor(options: StatusServerOptions) {
    this.#options = options
    const limits = { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, connectionsCheckingInterval: REQUEST_MS }
    this.#server = createServer(limits, (request, response) => {
      void this.#answer(request.method ?? '', (request.url ?? '').replace(/\?.*$/s, ''), response)
    })
    this.#server.maxConnections = MAX_CONNECTIONS
    this.#server.unref()
  }

  /** Resolves after the first try, whatever comes of it. */
  async start(): Promise<void> {
    const { host, port, clock, log } = this.#options
    try {
      await listen(this.#server, port, host)
    } catch (error) {
      log.warn({ error: String(error), host, port }, 'cannot tell how kube-proxy is there')
      if (!this.#isStopped) this.#cancelRetry = clock.after(RETRY_MS, () => void this.start())
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true
    this.#cancelRetry?.()
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }

  async #answer(method: string, path: string, response: ServerResponse): Promise<void> {
    const send = ({ code = 200, type, body }: StatusAnswer) =>
      response
        .writeHead(code, { 'content-type': type, 'x-content-type-options': 'nosniff', connection: 'close' })
        .end(body)
    const plain = (code: number, body: string) => send({ code, type: 'text/plain; charset=utf-8', body })
    const route = this.#options.routes.get(path)
    if (!route) return void plain(404, '404 page not found\n')
    if (method !== 'GET' && method !== 'HEAD') return void plain(405, 'method not allowed\n')
    try {
      send(await route())
    } catch (error) {
      plain(500, `${String(error)}\n`)
    }
  }
}
