// Where this user's Docker answers: what DOCKER_HOST names, the usual places, or what Docker's current context says.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

export const DOCKER_SOCKET = '/var/run/docker.sock'
/** What Docker Desktop adds after its installation. */
const PIPE = '//./pipe/docker_engine'

const usual = (platform: NodeJS.Platform, home: string): string[] => {
  if (platform === 'win32') return []
  return platform === 'darwin' ? [join(home, '.docker/run/docker.sock'), DOCKER_SOCKET] : [DOCKER_SOCKET]
}

/**
 * The machine's own Docker comes before the context: whoever has both on Linux has given the machine to it. Where Docker
 * is in a virtual machine in any case, the context tells which.
 */
export function dockerSocketPath(env = process.env, platform = process.platform, home = homedir()): string {
  if (env.DOCKER_HOST) return localPath(env.DOCKER_HOST) ?? env.DOCKER_HOST
  const ofContext = () => contextSocket(env, home)
  const there = () => usual(platform, home).find(path => existsSync(path))
  const found = platform === 'linux' ? (there() ?? ofContext()) : (ofContext() ?? there())
  return found ?? (platform === 'win32' ? PIPE : DOCKER_SOCKET)
}

/** As `docker --host` and DOCKER_HOST want it. */
export const dockerHost = (socketPath: string): string =>
  socketPath.startsWith('//') ? `npipe://${socketPath}` : `unix://${socketPath}`

const localPath = (host: string | undefined): string | undefined => /^(?:unix|npipe):\/\/(.+)$/.exec(host ?? '')?.[1]

/** @returns undefined where it leads to another machine, too @see https://docs.docker.com/engine/manage-resources/contexts/ */
function contextSocket(env: NodeJS.ProcessEnv, home: string): string | undefined {
  const folder = env.DOCKER_CONFIG ?? join(home, '.docker')
  try {
    const read = (...path: string[]) => JSON.parse(readFileSync(join(folder, ...path), 'utf8')) as unknown
    const name = env.DOCKER_CONTEXT ?? (read('config.json') as { currentContext?: unknown }).currentContext
    if (typeof name !== 'string' || name === 'default') return undefined
    const id = createHash('sha256').update(name).digest('hex')
    const { Endpoints } = read('contexts', 'meta', id, 'meta.json') as { Endpoints?: { docker?: { Host?: unknown } } }
    const host = Endpoints?.docker?.Host
    return typeof host === 'string' ? localPath(host) : undefined
  } catch {
    return undefined // there is no such file, or nothing that can be read
  }
}
