// A real API server for the window's own code. It is loaded by name, as it is written for Node and the window's type
// check has a browser's types alone.
import type { Client } from '../../../src/shared/client/client.ts'

interface TestServer extends AsyncDisposable {
  clientAs(): Client
}
const { startTestApiServer } = (await import(/* @vite-ignore */ `../../support/${'api-server'}.ts`)) as {
  startTestApiServer(): Promise<TestServer>
}
export { type TestServer, startTestApiServer }
