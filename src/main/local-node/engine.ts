// What Docker says about itself that keeps a machine from being a node with it.
import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'

/** Docker counts containers and images for its answer. */
const TIMEOUT_MS = 10_000

interface Info {
  readonly OperatingSystem?: unknown
  readonly OSType?: unknown
  readonly SecurityOptions?: unknown
}
interface Network {
  readonly Options?: Readonly<Record<string, unknown>> | null
}

/**
 * `virtual machine`: Docker Desktop's, and wherever this machine is no Linux; `elsewhere`: its network is not this
 * program's, as in a container; `foreign`: its containers are no Linux.
 */
export type EngineProblem = 'rootless' | 'virtual machine' | 'elsewhere' | 'foreign'

/** @returns undefined where nothing is against it; what Docker does not say is not held against it */
export async function engineProblem(socketPath: string): Promise<EngineProblem | undefined> {
  const [info, bridge] = await Promise.all([
    ask<Info>(socketPath, '/info'),
    ask<Network>(socketPath, '/networks/bridge'),
  ])
  const options = info?.SecurityOptions
  if (Array.isArray(options) && options.some(option => String(option).startsWith('name=rootless'))) return 'rootless'
  if (info?.OSType !== undefined && info.OSType !== 'linux') return 'foreign'
  if (process.platform !== 'linux' || isDesktops(info?.OperatingSystem)) return 'virtual machine'
  const link = bridge?.Options?.['com.docker.network.bridge.name']
  return typeof link === 'string' && !(await hasLink(link)) ? 'elsewhere' : undefined
}

/** Docker adds a word where it finds itself in a container. */
const isDesktops = (name: unknown): boolean => typeof name === 'string' && name.startsWith('Docker Desktop')

/** @returns undefined where there is no answer that can be read */
function ask<T>(socketPath: string, path: string): Promise<T | undefined> {
  return new Promise(resolve => {
    const no = () => resolve(undefined)
    const asked = request({ socketPath, path, timeout: TIMEOUT_MS }, answer => {
      text(answer)
        .then(body => resolve(JSON.parse(body) as T))
        .catch(no)
    })
    asked.once('timeout', () => asked.destroy()).once('error', no)
    asked.end()
  })
}

/** A bridge that connects nothing is missing among the interfaces that Node lists, and /sys may be another network's. */
const hasLink = async (name: string): Promise<boolean> =>
  (await readFile('/proc/self/net/dev', 'utf8')).split('\n').some(line => line.trim().startsWith(`${name}:`))
