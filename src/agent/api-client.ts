// The agent's way to the API server: its certificate, several addresses, and the one that works is kept.
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { Agent, fetch } from 'undici'
import { type Client } from '../shared/client/client.ts'
import { type Fetch, type FetchResponse, fetchTransport } from '../shared/client/fetch-transport.ts'
import { createClient } from '../shared/client/typed-client.ts'

export interface NodeTls {
  /** PEM. */
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export const readTls = (files: { caFile: string; certFile: string; keyFile: string }): NodeTls => ({
  ca: readFileSync(files.caFile, 'utf8'),
  cert: readFileSync(files.certFile, 'utf8'),
  key: readFileSync(files.keyFile, 'utf8'),
})

export interface ApiConnection extends AsyncDisposable {
  readonly client: Client
  /** The addresses, the one that answered last first. */
  servers(): readonly string[]
}

/** Undici's timeouts end watches that are idle: the server's own bookmarks and time limits bound them instead. */
const CONNECT_TIMEOUT_MS = 5_000

/** The answer of a server that is not the cluster's, or not any more. */
const MISDIRECTED = 421

/**
 * @param servers tried in turn; may change while connected
 * @param tls the cluster's CA, and who this is where that is known
 * @param headers sent with every request, such as a bootstrap token
 */
export function connectApi(
  servers: readonly string[],
  tls: Pick<NodeTls, 'ca'> & Partial<NodeTls>,
  headers: Readonly<Record<string, string>> = {},
): ApiConnection {
  // Made once: reading the certificates is a good part of what a connection costs.
  const secureContext = createSecureContext(tls)
  const dispatcher = new Agent({
    connect: { secureContext, timeout: CONNECT_TIMEOUT_MS },
    bodyTimeout: 0,
    headersTimeout: 60_000,
    keepAliveTimeout: 30_000,
  })
  let best: string | undefined
  const order = (): readonly string[] =>
    best !== undefined && servers.includes(best) ? [best, ...servers.filter(other => other !== best)] : servers
  const send: Fetch = async (path, init) => {
    let failure: unknown
    for (const server of order()) {
      try {
        const response = await fetch(server + path, { ...init, dispatcher })
        if (response.status === MISDIRECTED) {
          await response.body?.cancel()
          throw new Error('it does not answer for the cluster, or not any more (421)')
        }
        best = server
        return response as FetchResponse
      } catch (error) {
        if (init.signal?.aborted) throw error
        failure = new Error(`${server}: ${describe(error)}`)
      }
    }
    throw failure
  }
  const client = createClient(
    fetchTransport({ fetch: send, baseUrl: '', headers: { 'User-Agent': 'kubelet', ...headers } }),
  )
  return {
    client,
    servers: order,
    [Symbol.asyncDispose]: () => dispatcher.destroy(),
  }
}

/** fetch hides the reason behind "fetch failed". */
function describe(error: unknown): string {
  const { message, cause } = error as Error & { cause?: Error }
  return cause?.message ? `${message}: ${cause.message}` : message
}
