// Keeps what the agent set up on the host as it should be: brings it up to date when nodes change, and when somebody may
// have changed it.
import type { Log } from '../../shared/machinery/log.ts'
import type { ClusterView } from './cluster-view.ts'
import type { CniPodNetwork } from './cni/cni-pod-network.ts'
import type { Run } from './exec.ts'
import { HostChanges } from './host-changes.ts'
import { Serialised } from './serialised.ts'

export interface HostUpkeepOptions {
  readonly run: Run
  readonly view: ClusterView
  readonly cni: CniPodNetwork
  /** Puts links, routes, firewalls and rules right, wherever they are not. */
  readonly bringUpToDate: () => Promise<void>
  readonly log: Log
}

/** Host firewalls have no event for "rules were reloaded" that all of them share: changes are looked for this often. */
const LOOK_MS = 5_000

export class HostUpkeep implements AsyncDisposable {
  readonly #options: HostUpkeepOptions
  readonly #bringUpToDate: Serialised
  readonly #look: Serialised
  readonly #lookAtCni: Serialised
  #timer: NodeJS.Timeout | undefined
  #forget: (() => void) | undefined

  constructor(options: HostUpkeepOptions) {
    this.#options = options
    const { run, cni } = options
    const changes = new HostChanges(run)
    this.#bringUpToDate = new Serialised(() =>
      options.bringUpToDate().catch((error: unknown) => {
        changes.forget()
        throw error
      }),
    )
    this.#look = new Serialised(async () => {
      if (!(await changes.any())) return
      await this.bringUpToDate()
      await changes.looked()
    })
    // Beside it: a plugin that gives no answer must not hold up the rest of the node's network.
    this.#lookAtCni = new Serialised(async () => {
      const before = cni.isConfigured
      await cni.look()
      if (cni.isConfigured !== before) await this.bringUpToDate()
    })
  }

  bringUpToDate(): Promise<void> {
    return this.#bringUpToDate.run()
  }

  /** The same without waiting for it; failures are told to the log. */
  request(): void {
    this.#told(this.#bringUpToDate)
  }

  /** From now on, until it is disposed of. */
  start(): void {
    this.#forget = this.#options.view.on({ node: () => this.request() })
    this.#timer = setInterval(() => {
      this.#told(this.#look)
      this.#told(this.#lookAtCni)
    }, LOOK_MS)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    this.#forget?.()
    for (const each of [this.#look, this.#lookAtCni, this.#bringUpToDate]) await each.settled()
  }

  #told(work: Serialised): void {
    const { log } = this.#options
    work.run().catch((error: unknown) => log.warn({ err: error }, 'cannot bring the host network up to date'))
  }
}
