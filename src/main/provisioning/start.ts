// Starts provisioning in the background, once there is a host or an operation: the SSH library is not loaded before.
import { Host, HostOperation } from '../../shared/api/flotilla/v1.ts'
import type { Client } from '../../shared/client/client.ts'
import { Informer } from '../../shared/client/informer.ts'
import type { Clock } from '../../shared/machinery/clock.ts'
import { deferred } from '../../shared/machinery/deferred.ts'
import type { Log } from '../../shared/machinery/log.ts'
import type { JoinFiles } from './join/join-files.ts'
import { clusterIdOf, ensureOwnKey, openOwnKey } from './own-key.ts'
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

/** Resolves once there is a host or an operation, or when `signal` is aborted. */
async function somethingToDo(client: Client, clock: Clock, log: Log, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const found = deferred()
  const over = new AbortController()
  const until = AbortSignal.any([signal, over.signal])
  for (const type of [Host, HostOperation]) {
    const onError = (error: unknown) => log.debug({ err: error }, 'hosts: watch interrupted')
    const informer = new Informer<Host | HostOperation>(client, type as never, { clock, onError })
    informer.on({ added: () => found.resolve() })
    void informer.start(until)
  }
  signal.addEventListener('abort', () => found.resolve(), { once: true })
  await found.promise
  over.abort()
}

export function startProvisioning({ keyFolder, agentFolder, ...options }: StartProvisioningOptions): AsyncDisposable {
  const stop = new AbortController()
  const { client, clock, log } = options
  const starting = (async (): Promise<Provisioner | undefined> => {
    await ensureOwnKey(keyFolder)
    await somethingToDo(client, clock, log, stop.signal)
    if (stop.signal.aborted) return undefined
    const [{ Provisioner: Loaded }, { agentFiles }] = await Promise.all([
      import('./provisioner.ts'),
      import('./agent-files.ts'),
    ])
    const ownKey = await openOwnKey(keyFolder, clusterIdOf(options.cluster.caPem))
    if (stop.signal.aborted) return undefined
    const provisioner = new Loaded({ ...options, ownKey, files: agentFiles(agentFolder) })
    provisioner.start()
    return provisioner
  })()
  starting.catch((error: unknown) => options.log.error({ err: error }, 'hosts cannot be managed'))
  return {
    async [Symbol.asyncDispose]() {
      stop.abort()
      await (await starting.catch(() => undefined))?.[Symbol.asyncDispose]()
    },
  }
}
