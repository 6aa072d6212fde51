// The agent's way to the API server: its certificate, several addresses, and the one that works is kept.
import { readFileSync } from 'node:fs'
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

/**
 * @param tls the cluster's CA, and who this is where that is known
 * @param headers sent with every request, such as a bootstrap token
 */
export function connectApi(
  servers: readonly string[],
  tls: Pick<NodeTls, 'ca'> & Partial<NodeTls>,
  headers: Readonly<Record<string, string>> = {},
): ApiConnection {
  const dispatcher = new Agent({
    connect: { ...tls, timeout: CONNECT_TIMEOUT_MS },
    bodyTimeout: 0,
    headersTimeout: 60_000,
    keepAliveTimeout: 30_000,
  })
  let order = [...servers]
  const send: Fetch = async (path, init) => {
    let failure: unknown
    for (const server of order) {
      try {
        const response = (await fetch(server + path, { ...init, dispatcher })) as FetchResponse
        if (server !== order[0]) order = [server, ...order.filter(other => other !== server)]
        return response
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
    servers: () => order,
    [Symbol.asyncDispose]: () => dispatcher.destroy(),
  }
}

/** fetch hides the reason behind "fetch failed". */
function describe(error: unknown): string {
  const { message, cause } = error as Error & { cause?: Error }
  return cause?.message ? `${message}: ${cause.message}` : message
}
