// The real API server over TLS, on the real store in a folder of its own. Dispose of it and everything is gone.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Client } from '../../src/shared/client/client.ts'
import { createClient } from '../../src/shared/client/typed-client.ts'
import { openapiPaths } from '../../src/main/apiserver/openapi/paths.ts'
import { builtinResources } from '../../src/main/apiserver/registry/index.ts'
import type { UserInfo } from '../../src/main/apiserver/request.ts'
import { privilegedGroup } from '../../src/main/apiserver/authz/privileged-group.ts'
import { type ApiServer, type ApiServerOptions, createApiServer } from '../../src/main/apiserver/server.ts'
import { openPki, type Pki, renderKubeconfig } from '../../src/main/pki/pki.ts'
import type { Engine, ObjectStore } from '../../src/main/store/contract.ts'
import type { HistoryLimits } from '../../src/main/store/event-ring.ts'
import { openNedbEngine } from '../../src/main/store/nedb/engine.ts'
import { openObjectStore } from '../../src/main/store/object-store.ts'

export const testAdmin: UserInfo = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] }

export interface TestApiServer extends AsyncDisposable {
  readonly server: ApiServer
  readonly store: ObjectStore
  readonly pki: Pki
  readonly dataDir: string
  /** `https://127.0.0.1:<port>` */
  readonly url: string
  readonly port: number
  /** Path of the admin's kubeconfig. */
  readonly kubeconfig: string
  /** An in-process client; the admin's by default. */
  clientAs(user?: UserInfo): Client
}

export type TestApiServerOptions = Partial<Omit<ApiServerOptions, 'store' | 'pki' | 'listen'>> & {
  /** A folder to use again; then it is kept. */
  readonly dataDir?: string
  /** Default: the embedded engine in `dataDir`. */
  readonly engine?: Engine
  /** How much of the past the store keeps. */
  readonly history?: Partial<HistoryLimits>
  /** Names and addresses of the serving certificate, besides the standard ones. */
  readonly names?: readonly string[]
  /** Parts that need the open store, such as RBAC and the service allocator. */
  readonly withStore?: (store: ObjectStore, pki: Pki) => Partial<ApiServerOptions>
}

export async function startTestApiServer(options: TestApiServerOptions = {}): Promise<TestApiServer> {
  const { dataDir: given, engine, history = {}, names = [], withStore, ...rest } = options
  const dataDir = given ?? (await mkdtemp(join(tmpdir(), 'flotilla-api-')))
  const pki = await openPki({ dataDir, names })
  const store = await openObjectStore(engine ?? (await openNedbEngine({ dataDir })), { history })
  const resources = rest.resources ?? builtinResources
  const server = await createApiServer({
    store,
    pki,
    listen: { host: '127.0.0.1', port: 0 },
    resources,
    authorizers: [privilegedGroup],
    paths: (index, foreign, subresources) =>
      openapiPaths(() => index.all, 'out/openapi-descriptions.json', foreign, subresources),
    ...rest,
    ...withStore?.(store, pki),
  })
  const { port } = await server.listen()
  const url = `https://127.0.0.1:${port}`
  const kubeconfig = join(dataDir, 'kubeconfig')
  const identity = { user: 'kubernetes-admin', ...pki.admin }
  await writeFile(kubeconfig, renderKubeconfig({ server: url, caPem: pki.caPem, name: 'test', ...identity }), {
    mode: 0o600,
  })
  return {
    server,
    store,
    pki,
    dataDir,
    url,
    port,
    kubeconfig,
    clientAs: (user = testAdmin) => createClient(server.transport(user)),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
      if (given === undefined) await rm(dataDir, { recursive: true, force: true })
    },
  }
}
