// Constraints between the devices of one claim: all share an attribute's value, or none does.
import type { DeviceAttribute, DeviceConstraint } from '../../../../shared/api/resource/v1.ts'
import { type PooledDevice, toldAs } from './pools.ts'
import type { Alternative } from './requests.ts'

/** Equal texts are equal values of one type. */
function textOf({ string, int, bool, version }: DeviceAttribute): string | undefined {
  if (string !== undefined) return `s${string}`
  if (int !== undefined) return `i${int}`
  if (bool !== undefined) return `b${bool}`
  return version === undefined ? undefined : `v${version}`
}

/** The values of the devices chosen so far. Devices are taken back in the reverse order. */
export class Constraint {
  readonly #attribute: string
  readonly #distinct: boolean
  readonly #requests: ReadonlySet<string>
  readonly #values: string[] = []

  constructor({ matchAttribute, distinctAttribute, requests = [] }: DeviceConstraint) {
    this.#attribute = matchAttribute ?? distinctAttribute ?? ''
    this.#distinct = matchAttribute === undefined
    this.#requests = new Set(requests)
  }

  #concerns({ name, request }: Alternative): boolean {
    return this.#requests.size === 0 || this.#requests.has(request) || this.#requests.has(name)
  }

  /** @returns false when the device breaks the constraint; then nothing is counted */
  add(alternative: Alternative, { driver, device }: PooledDevice): boolean {
    if (!this.#concerns(alternative)) return true
    const attribute = toldAs(driver, this.#attribute, device.attributes)
    const value = attribute && textOf(attribute)
    if (value === undefined) return false
    const fits = this.#distinct ? !this.#values.includes(value) : (this.#values[0] ?? value) === value
    if (fits) this.#values.push(value)
    return fits
  }

  remove(alternative: Alternative): void {
    if (this.#concerns(alternative)) this.#values.pop()
  }
}
