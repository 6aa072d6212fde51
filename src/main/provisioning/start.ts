// Starts provisioning in the background: the SSH library is loaded after the control plane is up, not before.
import type { JoinFiles } from './join/join-files.ts'
import { clusterIdOf, openOwnKey } from './own-key.ts'
import type { Provisioner, ProvisionerOptions } from './provisioner.ts'
import type { ClusterSettings } from './steps/contract.ts'

export interface StartProvisioningOptions extends Omit<ProvisionerOptions, 'ownKey' | 'files'> {
  /** Where the cluster's own SSH key is kept. */
  readonly keyFolder: string
  /** `out/agent` */
  readonly agentFolder: string
}

/** What hosts without SSH access from here fetch; nothing of it is loaded before one does. */
export const lazyJoinFiles = (cluster: ClusterSettings, agentFolder: string): (() => Promise<JoinFiles>) => {
  let loading: Promise<JoinFiles> | undefined
  const load = async () => {
    const [{ joinFiles }, { agentFiles }] = await Promise.all([
      import('./join/join-files.ts'),
      import('./agent-files.ts'),
    ])
    return joinFiles(cluster, agentFiles(agentFolder))
  }
  return () => (loading ??= load())
}

export function startProvisioning({ keyFolder, agentFolder, ...options }: StartProvisioningOptions): AsyncDisposable {
  let stopped = false
  const starting = (async (): Promise<Provisioner | undefined> => {
    const [{ Provisioner: Loaded }, { agentFiles }] = await Promise.all([
      import('./provisioner.ts'),
      import('./agent-files.ts'),
    ])
    const ownKey = await openOwnKey(keyFolder, clusterIdOf(options.cluster.caPem))
    if (stopped) return undefined
    const provisioner = new Loaded({ ...options, ownKey, files: agentFiles(agentFolder) })
    provisioner.start()
    return provisioner
  })()
  starting.catch((error: unknown) => options.log.error({ err: error }, 'hosts cannot be managed'))
  return {
    async [Symbol.asyncDispose]() {
      stopped = true
      await (await starting.catch(() => undefined))?.[Symbol.asyncDispose]()
    },
  }
}
