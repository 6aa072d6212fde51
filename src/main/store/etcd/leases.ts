// Leases for keys with a time to live: etcd deletes such a key when its lease runs out, whoever is running then. Keys
// that are written within the same minute share one, as upstream's API server does it: a lease each would cost etcd more
// than the keys.
import { randomBytes } from 'node:crypto'
import type { Clock } from '../../../shared/machinery/clock.ts'
import type { EtcdConnection } from './connection.ts'
import { isLeaseTaken } from './failures.ts'
import { grantLeaseMethod } from './messages.ts'

/** How long one lease is given to new keys: so much later than asked for they go at most. */
const SHARED_MS = 60_000
/** With a short time to live: a tenth of it. */
const MOST_SHARED = 0.1
/** Keys of one lease at most: etcd deletes them all in one transaction. */
const MOST_KEYS = 1_000

interface Lease {
  readonly id: Promise<number>
  /** By the clock's monotonic time: given to no new keys from then on. */
  readonly until: number
  keys: number
}

export class Leases {
  readonly #connection: EtcdConnection
  readonly #clock: Clock
  /** The one that is given out, by its keys' time to live. */
  readonly #open = new Map<number, Lease>()

  constructor(connection: EtcdConnection, clock: Clock) {
    this.#connection = connection
    this.#clock = clock
  }

  /**
   * The lease for one more key, good for at least `ttlMs`.
   * @throws ServiceError | StoreError as a call to etcd does
   */
  of(ttlMs: number): Promise<number> {
    const now = this.#clock.monotonic()
    const known = this.#open.get(ttlMs)
    if (known && now < known.until && known.keys < MOST_KEYS) {
      known.keys++
      return known.id
    }
    const sharedMs = Math.min(SHARED_MS, ttlMs * MOST_SHARED)
    const lease: Lease = { id: this.#grant(ttlMs + sharedMs), until: now + sharedMs, keys: 1 }
    this.#open.set(ttlMs, lease)
    lease.id.catch(() => this.#drop(ttlMs, lease))
    return lease.id
  }

  /** The next keys get another one: etcd does not know it any more. */
  forget(): void {
    this.#open.clear()
  }

  #drop(ttlMs: number, lease: Lease): void {
    if (this.#open.get(ttlMs) === lease) this.#open.delete(ttlMs)
  }

  async #grant(ttlMs: number): Promise<number> {
    for (;;) {
      // Of our own choice: those that etcd chooses are beyond what a number can count.
      const id = randomBytes(6).readUIntBE(0, 6) || 1
      try {
        const request = { TTL: Math.ceil(ttlMs / 1000), ID: id }
        await this.#connection.call(grantLeaseMethod, request, { repeatable: true, doing: 'asking for a lease' })
        return id
      } catch (error) {
        // Asked twice because the first answer was lost: that one has no keys and runs out.
        if (!isLeaseTaken(error)) throw error
      }
    }
  }
}
