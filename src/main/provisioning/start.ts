// Starts provisioning in the background: the SSH library is loaded after the control plane is up, not before.
import { createHash } from 'node:crypto'
import { openOwnKey } from './own-key.ts'
import type { Provisioner, ProvisionerOptions } from './provisioner.ts'

export interface StartProvisioningOptions extends Omit<ProvisionerOptions, 'ownKey' | 'files'> {
  /** Where the cluster's own SSH key is kept. */
  readonly keyFolder: string
  /** `out/agent` */
  readonly agentFolder: string
}

export function startProvisioning({ keyFolder, agentFolder, ...options }: StartProvisioningOptions): AsyncDisposable {
  let stopped = false
  const starting = (async (): Promise<Provisioner | undefined> => {
    const [{ Provisioner: Loaded }, { agentFiles }] = await Promise.all([
      import('./provisioner.ts'),
      import('./agent-files.ts'),
    ])
    const clusterId = createHash('sha256').update(options.cluster.caPem).digest('hex').slice(0, 8)
    const ownKey = await openOwnKey(keyFolder, clusterId)
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
