// `flotilla serve`: the control plane without a window, until a signal ends it.
import { resolve } from 'node:path'
import { announceNode, announceReady } from '../control-plane/announce.ts'
import { systemClock } from '../../shared/machinery/clock.ts'
import type { NetworkBackend } from '../../shared/machinery/node-network.ts'
import type { ClusterRanges } from '../addresses/cluster-network.ts'
import { type ControlPlaneOptions, startControlPlane } from '../control-plane.ts'
import type { ControllerChoice } from '../controllers/choice.ts'
import { keepHeapLean } from '../process/lean-heap.ts'
import { MovedError } from '../move/mark.ts'
import { startSignpost } from '../move/signpost.ts'
import { optimizeSooner } from '../process/optimize-sooner.ts'
import { onStopSignal } from '../process/stop-signals.ts'
import type { ApiServerFlags } from './apiserver-flags.ts'
import { apiServerSettings } from './apiserver-settings.ts'
import { type EncryptionFlags, encryptionSecret } from './encryption-flags.ts'
import type { CarriedFlag } from '../data-folder/running-server.ts'
import type { ListenAddress } from '../addresses/listen-address.ts'
import type { EngineChoice } from '../store/open-engine.ts'
import { schedulerConfiguration } from './scheduler-configuration.ts'
import { UnforeseenError, unforeseenFault } from './unforeseen.ts'

export interface ServeOptions {
  readonly dataDir: string
  readonly listen: ListenAddress
  /** Names of this machine besides its own. */
  readonly advertise: readonly string[]
  readonly store: EngineChoice
  readonly localNode: boolean
  /** The folder of the local cluster whose nodes run with this. */
  readonly localCluster?: string
  readonly encryption: EncryptionFlags
  readonly apiServer: ApiServerFlags
  /** Of `--controllers`. */
  readonly controllers?: ControllerChoice
  /** A file. */
  readonly schedulerConfig: string | undefined
  readonly nodePortAddresses?: readonly string[]
  readonly loopbackNodePorts: boolean
  readonly ranges: ClusterRanges
  readonly networkBackend?: NetworkBackend
  readonly flags: readonly CarriedFlag[]
}

const print = (line: string) => console.log(line)

/** For what was printed to be read: nobody may read it any more, and that must not keep the process. */
const LAST_WORDS_MS = 2_000

/** Resolves after SIGINT, SIGTERM or SIGHUP, when everything is stopped; the process ends soon then. Containers stay. */
export async function serve(options: ServeOptions): Promise<void> {
  keepHeapLean()
  try {
    await serveUntilStopped(options)
  } finally {
    setTimeout(() => process.exit(), LAST_WORDS_MS).unref()
  }
}

async function serveUntilStopped(options: ServeOptions): Promise<void> {
  // The first signal stops cleanly; a second one exits at once.
  const stop = new Promise<NodeJS.Signals>(asked => onStopSignal(asked, () => process.exit(130)))
  const unforeseen = unforeseenFault(resolve(options.dataDir))
  const encryption = await encryptionSecret(options.encryption)
  const scheduler = options.schedulerConfig && (await schedulerConfiguration(options.schedulerConfig))
  const settings: ControlPlaneOptions = {
    dataDir: resolve(options.dataDir),
    listen: options.listen,
    advertise: options.advertise,
    store: options.store,
    localNode: options.localNode,
    ...(options.localCluster && { localCluster: resolve(options.localCluster) }),
    apiServer: await apiServerSettings(options.apiServer),
    ...(encryption ? { encryption } : {}),
    ...(scheduler ? { scheduler } : {}),
    ...(options.controllers && { controllers: options.controllers }),
    ...(options.nodePortAddresses ? { nodePortAddresses: options.nodePortAddresses } : {}),
    loopbackNodePorts: options.loopbackNodePorts,
    ranges: options.ranges,
    ...(options.networkBackend && { networkBackend: options.networkBackend }),
    flags: options.flags,
    onNodeStatus: announceNode(print),
  }
  let listen = options.listen
  for (;;) {
    const controlPlane = await Promise.race([startControlPlane({ ...settings, listen }), unforeseen])
    if (controlPlane instanceof UnforeseenError) throw controlPlane
    optimizeSooner()
    announceReady(controlPlane, print)
    listen = { host: listen.host, port: Number(new URL(controlPlane.url).port) }
    const end = await Promise.race([stop, controlPlane.failed, unforeseen])
    if (end instanceof Error) console.error(`flotilla: ${end.message}`)
    else console.log(`${end}: stopping the control plane; containers keep running`)
    await controlPlane[Symbol.asyncDispose]()
    if (!(end instanceof MovedError)) {
      if (end instanceof Error) process.exitCode = 1
      return
    }
    const { serving } = controlPlane.pki
    await using signpost = await startSignpost({
      dataDir: settings.dataDir, listen, serving, moved: end, clock: systemClock,
    }) // prettier-ignore
    const over = await Promise.race([stop, signpost.back, unforeseen])
    if (over instanceof UnforeseenError) throw over
    if (over !== undefined) return
    console.log('the control plane is here again')
  }
}
