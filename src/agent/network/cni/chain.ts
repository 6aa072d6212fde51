// The plugins of one network, called one after the other as the CNI specification orders it.
import { CniError, isAtLeast, type NetworkConfig, type PluginConfig } from './configuration.ts'
import type { Attachment, CniPlugins } from './plugin.ts'

/** Values by capability; a plugin gets those that its configuration asks for. */
export type CapabilityArgs = Readonly<Record<string, unknown>>

/** What a pod was connected with: it is disconnected with the same, whatever the folder says by then. */
export interface Connection {
  readonly network: NetworkConfig
  readonly attachment: Attachment
  readonly capabilities: CapabilityArgs
  /** Of the last plugin. */
  readonly result?: unknown
}

/** @returns the last plugin's result @throws CniError of the first plugin that fails; what was done stays */
export async function connect(plugins: CniPlugins, connection: Connection): Promise<unknown> {
  let result: unknown
  for (const plugin of connection.network.plugins) {
    const config = configOf(plugin, connection, result)
    result = await plugins.call('ADD', plugin.type, config, connection.attachment)
  }
  return result
}

/** Every plugin is called, also after one that fails. @throws CniError with the first failure */
export async function disconnect(plugins: CniPlugins, connection: Connection): Promise<void> {
  const { network, attachment, result } = connection
  const known = isAtLeast(network, '0.4.0') ? result : undefined
  const failures: unknown[] = []
  for (const plugin of network.plugins.toReversed())
    await plugins
      .call('DEL', plugin.type, configOf(plugin, connection, known), attachment)
      .catch((error: unknown) => failures.push(error))
  if (failures.length > 0) throw failures[0]
}

/** @throws CniError when something of the connection is no longer as it was made */
export async function check(plugins: CniPlugins, connection: Connection): Promise<void> {
  const { network, attachment, result } = connection
  if (network.disableCheck || !isAtLeast(network, '0.4.0')) return
  for (const plugin of network.plugins)
    await plugins.call('CHECK', plugin.type, configOf(plugin, connection, result), attachment)
}

/** Whether plugins may be asked to collect garbage: not where other runtimes share the network. */
export const isCollected = (network: NetworkConfig): boolean => isAtLeast(network, '1.1.0') && !network.disableGC

/** Lets plugins give back what belongs to none of these. Nothing is connected or disconnected meanwhile. @throws CniError */
export async function collectGarbage(
  plugins: CniPlugins,
  network: NetworkConfig,
  valid: readonly Attachment[],
): Promise<void> {
  const attachments = valid.map(({ containerId: containerID, ifName: ifname }) => ({ containerID, ifname }))
  for (const plugin of network.plugins)
    await plugins.call('GC', plugin.type, { ...headOf(plugin, network), 'cni.dev/valid-attachments': attachments })
}

/** @throws CniError when a plugin is missing, does not know the configuration's version, or is not ready itself */
export async function validate(plugins: CniPlugins, network: NetworkConfig): Promise<void> {
  const { cniVersion } = network
  for (const plugin of network.plugins) {
    const answer = await plugins.call('VERSION', plugin.type, { cniVersion })
    const { supportedVersions = [] } = (answer ?? {}) as { supportedVersions?: readonly string[] }
    if (!supportedVersions.includes(cniVersion))
      throw new CniError(`plugin ${plugin.type} does not support config version ${JSON.stringify(cniVersion)}`)
    if (isAtLeast(network, '1.1.0')) await plugins.call('STATUS', plugin.type, headOf(plugin, network))
  }
}

export const hasCapability = ({ plugins }: NetworkConfig, name: string): boolean =>
  plugins.some(({ capabilities }) => capabilities?.[name] === true)

const headOf = (plugin: PluginConfig, { name, cniVersion }: NetworkConfig): Record<string, unknown> => ({
  ...plugin,
  name,
  cniVersion,
})

function configOf(plugin: PluginConfig, { network, capabilities }: Connection, prevResult: unknown) {
  const wanted = Object.entries(capabilities).filter(([name]) => plugin.capabilities?.[name] === true)
  return {
    ...headOf(plugin, network),
    ...(wanted.length > 0 && { runtimeConfig: Object.fromEntries(wanted) }),
    ...(prevResult !== undefined && { prevResult }),
  }
}
