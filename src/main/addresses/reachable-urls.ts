// Under which addresses other machines reach the API server: those that answer, tried from here.
import { request } from 'node:https'
import { forOtherMachines } from './own-names.ts'
import type { RunningServer } from '../data-folder/running-server.ts'
import { CommandError } from '../process/usage-error.ts'

const TIMEOUT_MS = 5_000

/**
 * @param what would be given away with the address: "a kubeconfig for ada"
 * @returns its URLs that answer, best first
 * @throws CommandError with the reason when there is none
 */
export async function reachableUrls(
  { url, servers = [] }: RunningServer,
  ca: string,
  what: string,
): Promise<[string, ...string[]]> {
  const listen = new URL(url)
  if (servers.length === 0)
    throw new CommandError(
      `${what} would be of no use: the API server listens on ${listen.host} only, which other machines cannot reach; ` +
        `start it with: flotilla serve --listen 0.0.0.0:${listen.port}`,
    )
  const problems = await Promise.all(servers.map(server => problemWith(server, ca)))
  const [best, ...others] = forOtherMachines(servers.filter((_, i) => problems[i] === undefined))
  if (best !== undefined) return [best, ...others]
  const tried = servers.map((server, i) => `${server} (${problems[i]})`).join(', ')
  throw new CommandError(`${what} would be of no use: the API server answers under none of its addresses: ${tried}`)
}

/** @returns undefined when the server answers there and its certificate names the address */
function problemWith(server: string, ca: string): Promise<string | undefined> {
  return new Promise(resolve => {
    const call = request(`${server}/livez`, { ca, agent: false, timeout: TIMEOUT_MS }, response => {
      response.resume()
      resolve(response.statusCode === 200 ? undefined : `status ${response.statusCode}`)
    })
    call.once('timeout', () => call.destroy(new Error('no answer')))
    call.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    call.end()
  })
}
