// The folder of CNI configurations: its first file by name says which plugins connect pods.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'

/** Versions of the specification, oldest first. */
const VERSIONS = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0']
/** As Podman's packages install it, for containers of one machine. */
const PODMAN = 'podman'
const ENDINGS = ['.conf', '.conflist', '.json']

const plugin = v.looseObject({
  type: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_][^/\0]*$/, 'no name of a plugin')),
  capabilities: v.optional(v.record(v.string(), v.boolean())),
})
const flag = v.union([
  v.boolean(),
  v.pipe(
    v.picklist(['true', 'false']),
    v.transform(text => text === 'true'),
  ),
])
const network = v.object({
  name: v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'no name of a network')),
  cniVersion: v.optional(
    v.picklist(VERSIONS, issue => `the CNI version ${issue.received} is not known`),
    '0.1.0',
  ),
  disableCheck: v.optional(flag, false),
  disableGC: v.optional(flag, false),
  plugins: v.pipe(v.array(plugin), v.minLength(1, 'no plugins')),
})

export type PluginConfig = v.InferOutput<typeof plugin>
/** A chain of plugins, each of which builds on what the ones before it made. */
export type NetworkConfig = v.InferOutput<typeof network>

/** Pods cannot be connected as the folder's configuration says. */
export class CniError extends Error {
  override readonly name = 'CniError'
}

export const isAtLeast = ({ cniVersion }: NetworkConfig, version: string): boolean =>
  VERSIONS.indexOf(cniVersion) >= VERSIONS.indexOf(version)

/**
 * @returns undefined when the folder has no configuration, or is not there
 * @throws CniError when it cannot be read, or the first makes no sense: nothing must take its place unnoticed
 */
export async function readNetworkConfig(folder: string): Promise<NetworkConfig | undefined> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw new CniError(error.message)
  })
  const [first] = names.filter(name => ENDINGS.some(ending => name.endsWith(ending))).sort()
  if (first === undefined) return undefined
  const path = join(folder, first)
  let json: unknown
  try {
    json = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new CniError(`${path}: ${(error as Error).message}`)
  }
  const parsed = v.safeParse(network, first.endsWith('.conflist') ? json : listOf(json))
  if (parsed.success && parsed.output.name === PODMAN)
    throw new CniError(
      `${path}: this is Podman's own network, which reaches no other node: move the file away, or put the configuration of the cluster's network before it (${ENDINGS.join(', ')} files count in the order of their names)`,
    )
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  throw new CniError(`${path}: ${v.getDotPath(issue) ?? 'file'}: ${issue.message}`)
}

/** A file with one plugin stands for a chain of one. */
const listOf = (plugin: unknown): unknown =>
  typeof plugin === 'object' && plugin !== null ? { ...plugin, plugins: [plugin] } : plugin
