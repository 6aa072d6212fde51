// Whether kube-proxy keeps up: what load balancers ask before they send traffic to this node.
// @see KEP-3836
import type { Node } from '../../shared/api/core/v1.ts'
import type { Clock } from '../../shared/machinery/clock.ts'
import type { IPFamily } from '../../shared/machinery/ip-address.ts'

export interface SyncState {
  /** Since when (`Clock.monotonic`) a change waits to be in the kernel; undefined = none does. */
  readonly waitingSince: number | undefined
  /** When (`Clock.now`) the kernel last had everything; undefined = not since the start. */
  readonly syncedAt: number | undefined
}

export interface ProxyHealthOptions {
  readonly sync: SyncState
  /** One transaction writes all of them. */
  readonly families: readonly IPFamily[]
  /** @returns this node; undefined while it is not known */
  readonly node: () => Node | undefined
  readonly clock: Clock
}

/** Upstream's: twice its period of full rounds. */
const LATE_AFTER_MS = 60_000
/** Set by the cluster autoscaler before it takes the machine away. */
const TO_BE_DELETED = 'ToBeDeletedByClusterAutoscaler'

export class ProxyHealth {
  readonly #options: ProxyHealthOptions

  constructor(options: ProxyHealthOptions) {
    this.#options = options
  }

  /** No change waits longer than it should. */
  get isHealthy(): boolean {
    const { sync, clock } = this.#options
    return sync.waitingSince === undefined || clock.monotonic() - sync.waitingSince < LATE_AFTER_MS
  }

  /** The node stays: load balancers may send it new connections. */
  get isNodeEligible(): boolean {
    const node = this.#options.node()
    if (!node || node.metadata.deletionTimestamp) return false
    return !(node.spec.taints ?? []).some(({ key }) => key === TO_BE_DELETED)
  }

  /** As upstream's ProxyHealth: `lastUpdated` is now while nothing is late, however long ago the last change was. */
  describe(): Record<string, unknown> {
    const { sync, clock, families } = this.#options
    const { isHealthy: healthy } = this
    const time = (ms: number) => new Date(ms).toISOString()
    const currentTime = time(clock.now())
    const syncedAt = time(sync.syncedAt ?? 0)
    const status = Object.fromEntries(families.map(family => [family, { lastUpdated: syncedAt, healthy }]))
    return { lastUpdated: healthy ? currentTime : syncedAt, currentTime, healthy, status }
  }
}
