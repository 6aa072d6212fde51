// The agent's way to the API server: its certificate, several addresses, and the one that works is kept.
import { type TLSSocket, createSecureContext } from 'node:tls'
import { Agent, type buildConnector, fetch } from 'undici'
import { type Client } from '../shared/client/client.ts'
import { type Fetch, type FetchResponse, fetchTransport } from '../shared/client/fetch-transport.ts'
import { createClient } from '../shared/client/typed-client.ts'
import { systemClock } from '../shared/machinery/clock.ts'
import type { NodeTls } from './node-tls.ts'
import { dialFirst } from './servers/dial.ts'

export interface ApiConnection extends AsyncDisposable {
  readonly client: Client
  /** The addresses, the one that answered last first. */
  servers(): readonly string[]
}

/** The answer of a server that is not the cluster's, or not any more. */
const MISDIRECTED = 421
const KEEP_ALIVE_MS = 60_000

/** None of the servers that were asked at once took a connection. */
class NobodyAnswers extends Error {
  readonly servers: readonly string[]
  constructor(servers: readonly string[], message: string) {
    super(message)
    this.servers = servers
  }
}

/**
 * @param servers whichever answers; may change while connected
 * @param tls the cluster's CA, and who this is where that is known
 * @param headers sent with every request, such as a bootstrap token
 */
export function connectApi(
  servers: readonly string[],
  tls: Pick<NodeTls, 'ca'> & Partial<NodeTls>,
  headers: Readonly<Record<string, string>> = {},
): ApiConnection {
  const stop = new AbortController()
  const dialling = {
    // Made once: reading the certificates is a good part of what a connection costs.
    tls: { secureContext: createSecureContext(tls) },
    sessions: new Map<string, Buffer>(),
    signal: stop.signal,
    clock: systemClock,
  }
  let best: string | undefined
  /** Those that did not answer for the cluster when they were asked last. */
  const misdirected = new Set<string>()
  const rank = (server: string) => (misdirected.has(server) ? 2 : server === best ? 0 : 1)
  const order = (): readonly string[] => servers.toSorted((a, b) => rank(a) - rank(b))
  const spare = new SpareSockets()

  /** A connection to a server, unless another one is there first: then requests go to that. */
  const connect: buildConnector.connector = ({ protocol, host }, done) => {
    const origin = `${protocol}//${host}`
    const kept = spare.take(origin)
    // Not before it has noted that it connects.
    if (kept) return process.nextTick(done, null, kept)
    const wanted = servers.find(server => new URL(server).origin === origin) ?? origin
    const asked = [wanted, ...order().filter(server => server !== wanted && !misdirected.has(server))]
    dialFirst(asked, dialling).then(
      ({ server, socket }) => {
        socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS)
        if (server === wanted) return done(null, socket)
        best = server
        spare.keep(new URL(server).origin, socket)
        done(new Error(`${server} answers sooner`), null)
      },
      (error: Error) => done(new NobodyAnswers(asked, error.message), null),
    )
  }
  const dispatcher = new Agent({
    connect,
    // Timeouts would end watches that are idle: the server's own bookmarks and time limits bound them instead.
    bodyTimeout: 0,
    headersTimeout: 60_000,
    keepAliveTimeout: 30_000,
  })

  const send: Fetch = async (path, init) => {
    const failures: string[] = []
    const asked = new Set<string>()
    for (;;) {
      const server = order().find(each => !asked.has(each))
      if (server === undefined) throw new Error(failures.join('; '))
      asked.add(server)
      try {
        const response = await fetch(server + path, { ...init, dispatcher })
        if (response.status !== MISDIRECTED) {
          misdirected.delete(server)
          best = server
          return response as FetchResponse
        }
        await response.body?.cancel()
        misdirected.add(server)
        failures.push(`${server}: it does not answer for the cluster, or not any more (421)`)
      } catch (error) {
        if (init.signal?.aborted) throw error
        const { cause } = error as Error
        if (cause instanceof NobodyAnswers) {
          failures.push(cause.message)
          for (const each of cause.servers) asked.add(each)
        } else failures.push(`${server}: ${describe(error)}`)
      }
    }
  }
  const client = createClient(
    fetchTransport({ fetch: send, baseUrl: '', headers: { 'User-Agent': 'kubelet', ...headers } }),
  )
  return {
    client,
    servers: order,
    async [Symbol.asyncDispose]() {
      stop.abort()
      spare[Symbol.dispose]()
      await dispatcher.destroy()
    },
  }
}

/** Connections that wait for the request that goes over them, by origin. */
class SpareSockets implements Disposable {
  readonly #sockets = new Map<TLSSocket, string>()

  keep(origin: string, socket: TLSSocket): void {
    this.#sockets.set(socket, origin)
    socket.once('close', () => this.#sockets.delete(socket))
  }
  take(origin: string): TLSSocket | undefined {
    const [socket] = [...this.#sockets].find(([, of]) => of === origin) ?? []
    if (socket) this.#sockets.delete(socket)
    return socket
  }
  [Symbol.dispose](): void {
    for (const socket of this.#sockets.keys()) socket.destroy()
  }
}

/** fetch hides the reason behind "fetch failed". */
function describe(error: unknown): string {
  const { message, cause } = error as Error & { cause?: Error }
  return cause?.message ? `${message}: ${cause.message}` : message
}
