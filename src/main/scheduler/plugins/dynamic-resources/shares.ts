// Devices that several claims share (`allowMultipleAllocations`): each takes of the capacities, as much as it asks for,
// rounded up by the policy of the capacity.
// @see https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/#consumable-capacity
import type { CapacityRequestPolicy } from '../../../../shared/api/resource/v1.ts'
import { Quantity, parseQuantity, zero } from '../../../../shared/machinery/quantity.ts'
import { type PooledDevice, keyToldAs } from './pools.ts'
import type { Alternative } from './requests.ts'

/** By the name of the capacity. */
export type Amounts = ReadonlyMap<string, Quantity>

export const amountsOf = (amounts: Readonly<Record<string, string | number>> = {}): Amounts =>
  new Map(Object.entries(amounts).map(([name, amount]) => [name, parseQuantity(amount)]))

/** @returns what a request takes of a device; undefined when the device does not have it, or gives no such amount */
export function takenOf({ capacity }: Pick<Alternative, 'capacity'>, { driver, device }: PooledDevice) {
  const asked = new Map<string, Quantity>()
  for (const [name, amount] of amountsOf(capacity)) {
    const key = keyToldAs(driver, name, device.capacity)
    if (key === undefined) return undefined
    asked.set(key, amount)
  }
  const taken = new Map<string, Quantity>()
  for (const [name, { value, requestPolicy = {} }] of Object.entries(device.capacity ?? {})) {
    const wanted = asked.get(name)
    const amount = wanted ? roundedUp(wanted, requestPolicy) : parseQuantity(requestPolicy.default ?? value)
    if (!amount || amount.compare(parseQuantity(value)) > 0) return undefined
    taken.set(name, amount)
  }
  return taken
}

function roundedUp(amount: Quantity, { validRange, validValues }: CapacityRequestPolicy): Quantity | undefined {
  if (validRange) {
    const { max, step } = validRange
    const min = parseQuantity(validRange.min)
    const above = amount.compare(min) < 0 ? 0n : amount.nano - min.nano
    const by = step === undefined ? 1n : parseQuantity(step).nano
    const nano = min.nano + (by > 0n ? ((above + by - 1n) / by) * by : above)
    const rounded = new Quantity(nano, amount.format)
    return max !== undefined && rounded.compare(parseQuantity(max)) > 0 ? undefined : rounded
  }
  if (!validValues?.length) return amount
  return validValues.map(parseQuantity).find(valid => valid.compare(amount) >= 0)
}

/** What is left of shared devices while devices are looked for. */
export class Shares {
  readonly #others: ReadonlyMap<string, Amounts>
  /** What the search itself has taken so far, by device; in the order in which it took. */
  readonly #own = new Map<string, Amounts[]>()

  /** @param others what is taken of each device already, by its id */
  constructor(others: ReadonlyMap<string, Amounts>) {
    this.#others = others
  }

  isShared({ id }: PooledDevice): boolean {
    return this.#others.has(id) || (this.#own.get(id)?.length ?? 0) > 0
  }

  /** @returns false when not enough is left; then nothing is taken */
  take({ id, device }: PooledDevice, amounts: Amounts): boolean {
    const own = this.#own.get(id) ?? []
    for (const [name, amount] of amounts) {
      let sum = this.#others.get(id)?.get(name) ?? zero
      for (const each of [...own, amounts]) sum = sum.add(each === amounts ? amount : (each.get(name) ?? zero))
      if (sum.compare(parseQuantity(device.capacity?.[name]?.value ?? 0)) > 0) return false
    }
    this.#own.set(id, [...own, amounts])
    return true
  }

  /** The last one first. */
  giveBack({ id }: PooledDevice): void {
    this.#own.get(id)?.pop()
  }
}
