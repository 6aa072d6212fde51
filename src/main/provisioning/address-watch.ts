// Notices that this machine's own addresses changed: another network, a VPN that came or went.
import { networkInterfaces } from 'node:os'
import type { Clock } from '../../shared/machinery/clock.ts'

const LOOK_MS = 3_000

const ownAddresses = (): Set<string> =>
  new Set(Object.values(networkInterfaces()).flatMap(list => (list ?? []).map(({ address }) => address)))

export class AddressWatch implements Disposable {
  readonly #clock: Clock
  readonly #changed: (addresses: ReadonlySet<string>) => void
  #known: ReadonlySet<string> = new Set()
  #cancel: () => void = () => undefined

  /** @param changed called with the addresses that there are now, after one of those before has gone */
  constructor(clock: Clock, changed: (addresses: ReadonlySet<string>) => void) {
    this.#clock = clock
    this.#changed = changed
  }

  start(): void {
    const now = ownAddresses()
    const isGone = [...this.#known].some(address => !now.has(address))
    this.#known = now
    if (isGone) this.#changed(now)
    this.#cancel = this.#clock.after(LOOK_MS, () => this.start())
  }

  [Symbol.dispose](): void {
    this.#cancel()
  }
}
