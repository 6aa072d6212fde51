// Whether the encrypted tunnel gets through to a node that is relayed. The tunnel has one way to a node at a time: it is
// tried by leading it there for as long as an answer may take, while nothing is let in from the relay.
import type { Clock } from '../../../shared/machinery/clock.ts'
import type { PathProbe, ProbeTarget } from '../reach/path-probe.ts'
import type { Relay } from '../reach/relay.ts'
import type { WireguardCarrier } from '../reach/wireguard-carrier.ts'
import type { EncryptedRoutes } from './encrypted-routes.ts'

export interface DirectTrialsOptions {
  readonly probe: Pick<PathProbe, 'reaches'>
  readonly relay: Pick<Relay, 'hasOpened'>
  readonly carrier: Pick<WireguardCarrier, 'hold'>
  readonly routes: Pick<EncryptedRoutes, 'aim'>
  readonly clock: Clock
}

/** What is sent during a trial that fails is lost, about a second's packets. */
const TRIAL_EVERY_MS = 20_000

export class DirectTrials {
  readonly #options: DirectTrialsOptions
  /** When each relayed node is next tried. */
  readonly #next = new Map<string, number>()

  constructor(options: DirectTrialsOptions) {
    this.#options = options
  }

  /** @returns whether the node answers on the direct way; false as well while it is not tried */
  async reaches(nodeName: string, target: ProbeTarget, late: () => void): Promise<boolean> {
    const { probe, relay, carrier, clock } = this.#options
    if (!relay.hasOpened(nodeName)) {
      this.#next.delete(nodeName)
      carrier.hold(nodeName, false)
      return probe.reaches(target, late)
    }
    const now = clock.monotonic()
    const due = this.#next.get(nodeName) ?? now + TRIAL_EVERY_MS
    this.#next.set(nodeName, due)
    return now >= due && this.#try(nodeName, target)
  }

  /** What succeeds stays as it is, and is due again at once: a few in a row end the relay. */
  async #try(nodeName: string, target: ProbeTarget): Promise<boolean> {
    const { probe, carrier, routes, clock } = this.#options
    carrier.hold(nodeName, true)
    await routes.aim(nodeName, 'direct')
    if (await probe.reaches(target)) return true
    this.#next.set(nodeName, clock.monotonic() + TRIAL_EVERY_MS)
    await routes.aim(nodeName, 'relay')
    carrier.hold(nodeName, false)
    return false
  }
}
