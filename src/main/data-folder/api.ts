// A typed client of the running cluster, as its admin.
import { Agent, fetch } from 'undici'
import type { Client } from '../../shared/client/client.ts'
import { type Fetch, type FetchResponse, fetchTransport } from '../../shared/client/fetch-transport.ts'
import { createClient } from '../../shared/client/typed-client.ts'
import { dataDirLayout } from './data-dir.ts'
import { readKubeconfig } from './kubeconfig-file.ts'
import { requireRunning } from './running-server.ts'

export interface Api extends AsyncDisposable {
  readonly client: Client
}

/** @throws CommandError when no server runs on the folder */
export function connectApi(dataDir: string): Api {
  const { url } = requireRunning(dataDir)
  const { ca, cert, key } = readKubeconfig(dataDirLayout(dataDir).kubeconfig)
  const dispatcher = new Agent({ connect: { ca, cert, key }, bodyTimeout: 0 })
  const send: Fetch = async (path, init) => (await fetch(url + path, { ...init, dispatcher })) as FetchResponse
  return {
    client: createClient(fetchTransport({ fetch: send, baseUrl: '' })),
    [Symbol.asyncDispose]: () => dispatcher.destroy(),
  }
}
