// A real API server for the window's own code. It is loaded by name, as it is written for Node and the window's type
// check has a browser's types alone.
import type { Client } from '../../../src/shared/client/client.ts'
import type { Transport } from '../../../src/shared/client/transport.ts'
import { createClient } from '../../../src/shared/client/typed-client.ts'

interface TestServer extends AsyncDisposable {
  clientAs(): Client
}
const { startTestApiServer } = (await import(/* @vite-ignore */ `../../support/${'api-server'}.ts`)) as {
  startTestApiServer(): Promise<TestServer>
}
/** One with admission and rights, as a cluster has it. */
interface SecuredServer extends AsyncDisposable {
  readonly admin: Client
}
const { startSecuredCluster } = (await import(/* @vite-ignore */ `../../api/authz/support/${'cluster'}.ts`)) as {
  startSecuredCluster(): Promise<SecuredServer>
}
/** All of a cluster but nodes: what was deleted ends, and is kept. */
export async function startCluster(): Promise<AsyncDisposable & { readonly admin: Client }> {
  interface Plane extends AsyncDisposable {
    readonly server: { transport(user: { name: string; groups: string[] }): Transport }
  }
  const { startControlPlane } = (await import(/* @vite-ignore */ `../../../src/main/${'control-plane'}.ts`)) as {
    startControlPlane(options: object): Promise<Plane>
  }
  const { tempFolder } = (await import(/* @vite-ignore */ `../../store/${'temp-folder'}.ts`)) as {
    tempFolder(): Promise<AsyncDisposable & { readonly path: string }>
  }
  const folder = await tempFolder()
  const listen = { host: '127.0.0.1', port: 0 }
  const plane = await startControlPlane({ dataDir: folder.path, listen, store: { engine: 'nedb' }, localNode: false })
  const admin = createClient(
    plane.server.transport({ name: 'admin', groups: ['system:masters', 'system:authenticated'] }),
  )
  return {
    admin,
    async [Symbol.asyncDispose]() {
      await plane[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}
export { type SecuredServer, type TestServer, startSecuredCluster, startTestApiServer }
