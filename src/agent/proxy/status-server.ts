// A small HTTP server that tells how a part is. Where its port is taken it tries again: nothing else waits for it.
import { createServer, type ServerResponse } from 'node:http'
import type { Clock } from '../../shared/machinery/clock.ts'
import type { Log } from '../../shared/machinery/log.ts'
import { Listener } from '../network/listen.ts'

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

/** Everybody may ask: nobody can hold more than this. */
const MAX_CONNECTIONS = 100
const REQUEST_MS = 5_000

export function createStatusServer({ routes, ...place }: StatusServerOptions): Listener {
  const limits = { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, connectionsCheckingInterval: REQUEST_MS }
  const server = createServer(limits, (request, response) => {
    void answer(routes, request.method ?? '', (request.url ?? '').replace(/\?.*$/s, ''), response)
  })
  server.maxConnections = MAX_CONNECTIONS
  return new Listener({ ...place, server, failure: 'cannot tell how kube-proxy is there' })
}

async function answer(
  routes: StatusServerOptions['routes'],
  method: string,
  path: string,
  response: ServerResponse,
): Promise<void> {
  const send = ({ code = 200, type, body }: StatusAnswer) =>
    response
      .writeHead(code, { 'content-type': type, 'x-content-type-options': 'nosniff', connection: 'close' })
      .end(body)
  const plain = (code: number, body: string) => send({ code, type: 'text/plain; charset=utf-8', body })
  const route = routes.get(path)
  if (!route) return void plain(404, '404 page not found\n')
  if (method !== 'GET' && method !== 'HEAD') return void plain(405, 'method not allowed\n')
  try {
    send(await route())
  } catch (error) {
    plain(500, `${String(error)}\n`)
  }
}
