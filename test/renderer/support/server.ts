// A real API server for the window's own code. It is loaded by name, as it is written for Node and the window's type
// check has a browser's types alone.
import type { Client } from '../../../src/shared/client/client.ts'

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
export { type SecuredServer, type TestServer, startSecuredCluster, startTestApiServer }
