// `flotilla login`: another one-time URL for the window of a running server.
import { adminRequest, requireRunning } from '../data-folder/running-server.ts'

export async function login(dataDir: string): Promise<void> {
  const { url } = requireRunning(dataDir)
  const { token } = (await adminRequest(dataDir, 'POST', '/apis/flotilla.dev/v1/logintokens')) as { token: string }
  console.log(`${url}/ui/login#token=${token}`)
}
