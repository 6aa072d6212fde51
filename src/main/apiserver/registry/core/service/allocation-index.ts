// Who has which address and port. The services in the store are the only truth; this index follows them by a watch,
// so nothing leaks when a service goes and nothing has to be repaired after a crash. What has been given out but is
// not stored yet is held back by a reservation:
//
//   mutate    tentative: nobody else is given the value dynamically, but who asks for it by name may take it
//   validate  firm: the write follows; nobody else gets the value
//   stored    the watch shows the service; the reservation goes
//   settled   the write is over: what it held back and did not store is free again
//
// The same service may always take its own.
import type { Service } from '../../../../../shared/api/core/v1.ts'
import { canonicalIP } from '../../../../../shared/machinery/ip-address.ts'
import type { Clock } from '../../../../../shared/machinery/clock.ts'
import type { ObjectStore, Stored, WatchHandle } from '../../../../store/contract.ts'
import { isHeldByHand } from './address-objects.ts'
import { list } from '../../support/collections.ts'

const PREFIX = '/registry/core/services/'
const TENTATIVE_MS = 5_000
const FIRM_MS = 30_000

/** An address as text, or a node port as number. */
export type Value = string | number

interface Reservation {
  readonly owner: string
  readonly firm: boolean
  readonly expiresMs: number
  /** The writes that need it. */
  readonly writes: ReadonlySet<object>
}

/** Every value that a service holds; addresses as one text each, however they were written. */
export function valuesOf({ spec }: Service): Value[] {
  const addresses = list(spec?.clusterIPs).length ? list(spec.clusterIPs) : [spec?.clusterIP ?? '']
  const ports = [...list(spec?.ports).map(port => port.nodePort ?? 0), spec?.healthCheckNodePort ?? 0]
  const written = addresses.filter(ip => ip && ip !== 'None').map(canonicalIP)
  return [...new Set<Value>([...written, ...ports.filter(Boolean)])]
}

export class AllocationIndex implements Disposable {
  readonly #store: ObjectStore
  readonly #clock: Clock
  readonly #owners = new Map<Value, string>()
  readonly #reserved = new Map<Value, Reservation>()
  #watch: WatchHandle | undefined

  constructor(store: ObjectStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  [Symbol.dispose](): void {
    this.#watch?.close()
    this.#watch = undefined
  }

  /** @param forDynamicPick whether tentative reservations count too */
  isFree(value: Value, owner: string, forDynamicPick: boolean): boolean {
    this.#follow()
    const holder = this.#owners.get(value)
    if (holder !== undefined && holder !== owner) return false
    if (holder === undefined && typeof value === 'string' && isHeldByHand(this.#store, value)) return false
    const reservation = this.#reserved.get(value)
    if (!reservation || reservation.owner === owner || reservation.expiresMs <= this.#clock.monotonic()) return true
    return !reservation.firm && !forDynamicPick
  }

  /** Whether a stored service has it. */
  isStored(value: Value): boolean {
    this.#follow()
    return this.#owners.has(value)
  }

  reserve(values: readonly Value[], owner: string, firm: boolean, write: object): void {
    const now = this.#clock.monotonic()
    for (const [value, reservation] of this.#reserved) if (reservation.expiresMs <= now) this.#reserved.delete(value)
    const expiresMs = now + (firm ? FIRM_MS : TENTATIVE_MS)
    for (const value of values) {
      const known = this.#reserved.get(value)
      const writes = new Set(known?.owner === owner ? known.writes : []).add(write)
      this.#reserved.set(value, { owner, firm, expiresMs, writes })
    }
  }

  settle(write: object): void {
    for (const [value, reservation] of this.#reserved) {
      if (!reservation.writes.has(write)) continue
      const writes = new Set(reservation.writes)
      writes.delete(write)
      if (writes.size === 0) this.#reserved.delete(value)
      else this.#reserved.set(value, { ...reservation, writes })
    }
  }

  /** Starts the watch, or starts it again when it fell behind. */
  #follow(): void {
    if (this.#watch) return
    this.#owners.clear()
    const { items, revision } = this.#store.list(PREFIX)
    for (const stored of items) this.#add(stored)
    this.#watch = this.#store.watch(PREFIX, {
      from: revision,
      onEvent: ({ type, current, previous }) => {
        if (previous) this.#remove(previous)
        if (type === 'DELETED') this.#remove(current)
        else this.#add(current)
      },
      onEnd: () => {
        this.#watch = undefined
      },
    })
  }

  #add({ key, object }: Stored): void {
    for (const value of valuesOf(object as unknown as Service)) {
      this.#owners.set(value, key)
      if (this.#reserved.get(value)?.owner === key) this.#reserved.delete(value)
    }
  }

  #remove({ key, object }: Stored): void {
    for (const value of valuesOf(object as unknown as Service))
      if (this.#owners.get(value) === key) this.#owners.delete(value)
  }
}
