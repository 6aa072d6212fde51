// A typed client of a window's cluster, for what is not the page's to do.
import type { Client } from '../../../shared/client/client.ts'
import { type Fetch, fetchTransport } from '../../../shared/client/fetch-transport.ts'
import { createClient } from '../../../shared/client/typed-client.ts'
import { createApiForwarder } from '../api-forwarder.ts'
import type { AccessSource } from './access.ts'

export interface ClusterClient extends AsyncDisposable {
  readonly client: Client
}

export function clusterClient(source: AccessSource): ClusterClient {
  const forwarder = createApiForwarder(source)
  const fetch: Fetch = (path, init) => forwarder.forward(path, new Request('app://flotilla/', init))
  return {
    client: createClient(fetchTransport({ fetch, baseUrl: '' })),
    [Symbol.asyncDispose]: () => forwarder[Symbol.asyncDispose](),
  }
}
