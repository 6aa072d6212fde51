// Looks all the time whether pods' packets reach each other node, and has them relayed to those that they do not.
import type { Duplex } from 'node:stream'
import type { Clock } from '../../../shared/machinery/clock.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import type { ProbeTarget } from './path-probe.ts'
import type { Relay } from './relay.ts'

export interface ReachabilityOptions {
  readonly peers: () => ReadonlyMap<string, ProbeTarget>
  /** Asks once. `late` is called when the answer comes after it was given up. */
  readonly reaches: (nodeName: string, target: ProbeTarget, late: () => void) => Promise<boolean>
  readonly relay: Pick<Relay, 'add' | 'close' | 'hasOpened'>
  /** Opens a stream to the other node's agent. @throws Error when it has no way there either */
  readonly dial: (nodeName: string) => Promise<Duplex>
  readonly clock: Clock
  readonly log: Log
}

const LOOK_MS = 2_000
/** Looks in a row with the same answer before it counts: a lost packet is no partition. */
const SURE_AFTER = 3

export class Reachability implements Disposable {
  readonly #options: ReachabilityOptions
  /** Looks since the answer last changed: below zero without an answer. */
  readonly #streaks = new Map<string, number>()
  #cancel: () => void
  #isStopped = false

  constructor(options: ReachabilityOptions) {
    this.#options = options
    this.#cancel = options.clock.after(LOOK_MS, () => void this.#look())
  }

  [Symbol.dispose](): void {
    this.#isStopped = true
    this.#cancel()
  }

  async #look(): Promise<void> {
    const { peers, clock } = this.#options
    const now = peers()
    for (const nodeName of this.#streaks.keys()) if (!now.has(nodeName)) this.#forget(nodeName)
    await Promise.all([...now].map(([nodeName, target]) => this.#lookAt(nodeName, target)))
    if (!this.#isStopped) this.#cancel = clock.after(LOOK_MS, () => void this.#look())
  }

  async #lookAt(nodeName: string, target: ProbeTarget): Promise<void> {
    const { reaches, relay, log } = this.#options
    const isReached = await reaches(nodeName, target, () => this.#heardLate(nodeName))
    if (this.#isStopped) return
    const before = this.#streaks.get(nodeName) ?? 0
    const streak = isReached ? Math.max(before, 0) + 1 : Math.min(before, 0) - 1
    this.#streaks.set(nodeName, streak)
    if (streak >= SURE_AFTER && relay.hasOpened(nodeName)) {
      log.info({ node: nodeName }, 'pods of this node are reached directly again')
      relay.close(nodeName)
    }
    if (streak <= -SURE_AFTER && !relay.hasOpened(nodeName)) await this.#open(nodeName)
  }

  /** The other agent was not let run, as on a machine that is short of everything: nothing was dropped. */
  #heardLate(nodeName: string): void {
    if ((this.#streaks.get(nodeName) ?? 0) < 0) this.#streaks.set(nodeName, 0)
  }

  async #open(nodeName: string): Promise<void> {
    const { dial, relay, log } = this.#options
    try {
      const stream = await dial(nodeName)
      if (this.#isStopped) return void stream.destroy()
      log.warn({ node: nodeName }, 'pods of this node are not reached directly: relaying over the control plane')
      relay.add(nodeName, stream, true)
    } catch (error) {
      log.debug({ node: nodeName, error: String(error) }, 'no relay to this node')
    }
  }

  #forget(nodeName: string): void {
    this.#streaks.delete(nodeName)
    this.#options.relay.close(nodeName)
  }
}
