// Devices that are parts of one: each takes of the counters that its pool shares, such as the memory of the card.
import type { DeviceCounterConsumption } from '../../../../shared/api/resource/v1.ts'
import { type Quantity, parseQuantity, zero } from '../../../../shared/machinery/quantity.ts'
import type { Pool, PooledDevice } from './pools.ts'

const keyOf = (set: string, counter: string) => `${set}/${counter}`

const amountsOf = (consumptions: readonly DeviceCounterConsumption[] = []): [string, Quantity][] =>
  consumptions.flatMap(({ counterSet, counters }) =>
    Object.entries(counters).map(([name, { value }]): [string, Quantity] => [
      keyOf(counterSet, name),
      parseQuantity(value),
    ]),
  )

export class Counters {
  readonly #left = new Map<Pool, Map<string, Quantity>>()
  readonly #inUse: ReadonlySet<string>

  /** @param inUse ids of the devices that are given away */
  constructor(inUse: ReadonlySet<string>) {
    this.#inUse = inUse
  }

  #of(pool: Pool): Map<string, Quantity> {
    const known = this.#left.get(pool)
    if (known) return known
    const left = new Map<string, Quantity>()
    for (const { spec } of pool.slices)
      for (const { name: set, counters } of spec.sharedCounters ?? [])
        for (const [name, { value }] of Object.entries(counters)) left.set(keyOf(set, name), parseQuantity(value))
    for (const { id, device } of pool.devices) if (this.#inUse.has(id)) change(left, device.consumesCounters, -1)
    this.#left.set(pool, left)
    return left
  }

  /** @returns false when not enough is left; then nothing is taken */
  take({ pool, device: { consumesCounters } }: PooledDevice): boolean {
    if (!consumesCounters?.length) return true
    const left = this.#of(pool)
    if (amountsOf(consumesCounters).some(([key, amount]) => (left.get(key) ?? zero).compare(amount) < 0)) return false
    change(left, consumesCounters, -1)
    return true
  }

  giveBack({ pool, device }: PooledDevice): void {
    if (device.consumesCounters?.length) change(this.#of(pool), device.consumesCounters, 1)
  }
}

function change(left: Map<string, Quantity>, consumptions: readonly DeviceCounterConsumption[] = [], sign: 1 | -1) {
  for (const [key, amount] of amountsOf(consumptions)) {
    const before = left.get(key) ?? zero
    left.set(key, sign > 0 ? before.add(amount) : before.sub(amount))
  }
}
