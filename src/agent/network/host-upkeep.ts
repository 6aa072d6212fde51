// Keeps what the agent set up on the host as it should be: brings it up to date when nodes change, and when somebody may
// have changed it.
import type { Log } from '../../shared/machinery/log.ts'
import type { ClusterView } from './cluster-view.ts'
import type { CniPodNetwork } from './cni/cni-pod-network.ts'
import type { Run } from './exec.ts'
import { HostChanges } from './host-changes.ts'
import { HostEvents, type HostEventsOptions } from './host-events.ts'
import { Serialised } from './serialised.ts'

export interface HostUpkeepOptions {
  readonly run: Run
  readonly view: ClusterView
  readonly cni: CniPodNetwork
  readonly isStanding: HostEventsOptions['isStanding']
  /** Puts links, routes, firewalls and rules right, wherever they are not. */
  readonly bringUpToDate: () => Promise<void>
  readonly log: Log
}

/** What was heard of is looked at this often, and where not everything is heard all that can be looked at cheaply. */
const LOOK_MS = 5_000

export class HostUpkeep implements AsyncDisposable {
  readonly #options: HostUpkeepOptions
  readonly #bringUpToDate: Serialised
  readonly #look: Serialised
  readonly #lookAtCni: Serialised
  readonly #events: HostEvents
  #timer: NodeJS.Timeout | undefined
  #forget: (() => void) | undefined

  constructor(options: HostUpkeepOptions) {
    this.#options = options
    const { run, cni, isStanding, log } = options
    const changes = new HostChanges(run)
    const events = new HostEvents({ isStanding, log })
    this.#events = events
    this.#bringUpToDate = new Serialised(() =>
      options.bringUpToDate().catch((error: unknown) => {
        changes.forget()
        throw error
      }),
    )
    this.#look = new Serialised(async () => {
      if (!(await changes.any(events.take()))) return
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
    await this.#events[Symbol.asyncDispose]()
  }

  #told(work: Serialised): void {
    const { log } = this.#options
    work.run().catch((error: unknown) => log.warn({ err: error }, 'cannot bring the host network up to date'))
  }
}
