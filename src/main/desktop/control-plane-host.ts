// Keeps the one control plane of the app: starts it, tells how it is, starts it elsewhere, stops it.
import type { ControlPlaneStatus, StartOverrides } from '../../preload/channels.ts'
import { parseListenAddress } from '../addresses/listen-address.ts'
import { type KubeconfigIdentity, readKubeconfig } from '../data-folder/kubeconfig-file.ts'
import type { MasterSecret } from '../store/encryption/master-key.ts'
import { systemClock } from '../../shared/machinery/clock.ts'
import { Owned } from '../../shared/machinery/owned.ts'
import type { ControlPlane } from '../control-plane.ts'
import { MovedError } from '../move/mark.ts'
import { startSignpost } from '../move/signpost.ts'
import { whenBack } from '../move/when-back.ts'
import { type DesktopOptions, showListen } from './options.ts'
import { startProblem } from './start-problem.ts'

/** What the host needs of a running control plane. */
export interface RunningControlPlane extends AsyncDisposable {
  readonly url: string
  readonly kubeconfigPath: string
  /** Resolves when it can no longer run by itself. */
  readonly failed: Promise<Error>
  /** Says at its address where it has gone. */
  pointTo(moved: MovedError): Promise<AsyncDisposable>
}

/** What says where it has gone stands at the address at which it was. */
export const withSignpost = (
  controlPlane: ControlPlane,
  { dataDir, listen }: Pick<DesktopOptions, 'dataDir' | 'listen'>,
): RunningControlPlane => ({
  ...controlPlane,
  pointTo: moved =>
    startSignpost({
      dataDir,
      listen: { host: listen.host, port: Number(new URL(controlPlane.url).port) },
      serving: controlPlane.pki.serving,
      moved,
      clock: systemClock,
    }),
})

export type StartControlPlane = (
  options: Omit<DesktopOptions, 'encryption'> & { readonly encryption?: MasterSecret },
) => Promise<RunningControlPlane>

/** Where the key of an encrypted store comes from when nobody has typed it. */
export interface StoreKeys {
  /** Whether the operating system has a keychain to keep it. */
  readonly canRemember: boolean
  find(options: DesktopOptions): Promise<MasterSecret | undefined>
  remember(options: DesktopOptions, secret: MasterSecret): Promise<void>
}

export interface HostEvents {
  onStatus(status: ControlPlaneStatus): void
  /** The user chose where it runs, and it runs there. */
  onMoved(options: DesktopOptions): void
  log(line: string): void
}

export class ControlPlaneHost implements AsyncDisposable {
  readonly #start: StartControlPlane
  readonly #keys: StoreKeys
  readonly #events: HostEvents
  #options: DesktopOptions
  #running: RunningControlPlane | undefined
  #identity: KubeconfigIdentity | undefined
  /** What stands in for a control plane that has moved. */
  #away: Owned | undefined
  #status: ControlPlaneStatus
  /** Starts and stops one after the other, whatever is clicked meanwhile. */
  #turn: Promise<void> = Promise.resolve()

  constructor(start: StartControlPlane, keys: StoreKeys, options: DesktopOptions, events: HostEvents) {
    this.#start = start
    this.#keys = keys
    this.#options = options
    this.#events = events
    const { dataDir, listen } = options
    this.#status = { state: 'starting', dataDir, listen: showListen(listen), canRemember: keys.canRemember }
  }

  get status(): ControlPlaneStatus {
    return this.#status
  }
  /** The server's address, its CA and the app's own client certificate; undefined while nothing runs. */
  get identity(): KubeconfigIdentity | undefined {
    return this.#identity
  }

  /** Starts it, perhaps elsewhere. Never throws: what goes wrong is in the status. */
  async start(overrides: StartOverrides = {}): Promise<ControlPlaneStatus> {
    this.#turn = this.#turn.then(() => this.#startNow(overrides))
    await this.#turn
    return this.#status
  }

  async #startNow(overrides: StartOverrides): Promise<void> {
    if (this.#running) return
    await this.#endAway()
    let options = this.#options
    try {
      const { dataDir, listen, passphrase, remember } = overrides
      options = {
        ...options,
        ...(dataDir ? { dataDir } : {}),
        ...(listen ? { listen: parseListenAddress(listen) } : {}),
      }
      this.#tell({ state: 'starting' }, options)
      const typed: MasterSecret | undefined = passphrase ? { kind: 'passphrase', passphrase } : undefined
      const secret = typed ?? (await this.#keys.find(options))
      const { encryption: _, ...rest } = options
      const running = await this.#start({ ...rest, ...(secret ? { encryption: secret } : {}) })
      this.#running = running
      if (typed && remember) await this.#keys.remember(options, typed)
      this.#identity = readKubeconfig(running.kubeconfigPath)
      this.#options = options
      if (dataDir || listen) this.#events.onMoved(options)
      const { url, kubeconfigPath } = running
      this.#tell({ state: 'running', url, kubeconfigPath }, options)
      void running.failed.then(error => this.#giveUp(running, error))
    } catch (error) {
      this.#events.log(
        `the control plane did not start: ${error instanceof Error ? (error.stack ?? '') : String(error)}`,
      )
      await this.#stopNow()
      this.#tell({ state: 'failed', problem: startProblem(error) }, options)
      if (error instanceof MovedError) this.#waitForReturn(options, overrides)
    }
  }

  /** It goes on by itself when it is here again. */
  #waitForReturn({ dataDir }: DesktopOptions, overrides: StartOverrides = {}): Owned {
    const away = (this.#away ??= new Owned())
    away.defer(whenBack(dataDir, systemClock, () => void this.start(overrides)))
    return away
  }

  async #pointTo(failed: RunningControlPlane, moved: MovedError): Promise<void> {
    const away = this.#waitForReturn(this.#options)
    try {
      away.use(await failed.pointTo(moved))
    } catch (error) {
      this.#events.log(`nothing answers at the old address: ${String(error)}`)
    }
  }

  async #endAway(): Promise<void> {
    const away = this.#away
    this.#away = undefined
    await away?.[Symbol.asyncDispose]()
  }

  async #giveUp(failed: RunningControlPlane, error: Error): Promise<void> {
    if (this.#running !== failed) return
    this.#events.log(`the control plane failed: ${error.stack ?? error.message}`)
    this.#turn = this.#turn.then(async () => {
      await this.#stopNow()
      if (error instanceof MovedError) await this.#pointTo(failed, error)
    })
    await this.#turn
    if (!this.#running) this.#tell({ state: 'failed', problem: startProblem(error) }, this.#options)
  }

  async #stopNow(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    this.#identity = undefined
    await running?.[Symbol.asyncDispose]()
  }

  #tell(change: Pick<ControlPlaneStatus, 'state'> & Partial<ControlPlaneStatus>, options: DesktopOptions): void {
    const { dataDir, listen } = options
    this.#status = { dataDir, listen: showListen(listen), canRemember: this.#keys.canRemember, ...change }
    this.#events.onStatus(this.#status)
  }

  /** Stops the control plane; containers keep running. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      await this.#endAway()
      if (!this.#running) return
      this.#tell({ state: 'stopping' }, this.#options)
      await this.#stopNow()
    })
    await this.#turn
  }
}
