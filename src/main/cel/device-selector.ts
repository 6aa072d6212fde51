// Selectors of devices: expressions over one device of a ResourceSlice, e.g.
// `device.attributes["gpu.example.com"].memory > 40 && device.capacity["gpu.example.com"].slots.isGreaterThan(quantity("2"))`.
// @see https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/resource-claim-v1/
import type { Device, DeviceAttribute } from '../../shared/api/resource/v1.ts'
import { parseQuantity } from '../../shared/machinery/quantity.ts'
import { type Compiled, Environment, tryCompile } from './environment.ts'
import { CelError } from './errors.ts'
import { quantityOf } from './library/quantity.ts'
import { versionOf } from './library/semver.ts'
import { BOOL, type CelType, DYN, mapOf, opaque, STRING } from './types.ts'
import { type CelMap, List, LiteralMap, type Value } from './values.ts'

/** Of one selector on one device. */
export const SELECTOR_COST_LIMIT = 1_000_000

const MOST_ATTRIBUTES = 32
const bounded = (elem: CelType) => mapOf({ ...STRING, maxElements: 63 }, elem, { maxElements: MOST_ATTRIBUTES })

const deviceType: CelType = {
  kind: 'object',
  name: 'kubernetes.DRADevice',
  fields: new Map([
    ['driver', { ...STRING, maxElements: 63 }],
    ['allowMultipleAllocations', BOOL],
    ['attributes', bounded(bounded({ ...DYN, maxElements: 64 }))],
    ['capacity', bounded(bounded(opaque('kubernetes.Quantity')))],
  ]),
}

const environment = new Environment({ variables: new Map([['device', deviceType]]), bindings: true })
const compiled = new Map<string, Compiled | Error>()
/** Selectors stand in classes and claims: few are different. */
const MOST_KEPT = 500

/** @returns the compiled selector, or why it is none. */
export function compileSelector(expression: string): Compiled | Error {
  const known = compiled.get(expression)
  if (known) return known
  const made = compile(expression)
  if (compiled.size >= MOST_KEPT) compiled.delete(compiled.keys().next().value ?? '')
  compiled.set(expression, made)
  return made
}

function compile(expression: string): Compiled | Error {
  const made = tryCompile(environment, expression)
  if (made instanceof Error) return new Error(made.told)
  const { kind, name } = made.type
  const told = kind === 'null' ? 'null_type' : name
  return kind === 'bool' || kind === 'dyn' ? made : new Error(`must evaluate to bool or the unknown type, not ${told}`)
}

/** A map by domain, in which a domain that nobody uses is empty rather than an error. */
class Domains implements CelMap {
  readonly isMap = true
  readonly typeName = undefined
  readonly #domains = new Map<string, LiteralMap>()

  /** @param defaultDomain of names without one: the driver */
  constructor(entries: Iterable<readonly [string, Value]>, defaultDomain: string) {
    for (const [name, value] of entries) {
      const slash = name.indexOf('/')
      const domain = slash < 0 ? defaultDomain : name.slice(0, slash)
      const inner = this.#domains.get(domain) ?? new LiteralMap()
      this.#domains.set(domain, inner)
      inner.insert(name.slice(slash + 1), value)
    }
  }
  get size(): number {
    return this.#domains.size
  }
  get(key: Value): Value {
    return (typeof key === 'string' ? this.#domains.get(key) : undefined) ?? new LiteralMap()
  }
  keys(): Value[] {
    return [...this.#domains.keys()]
  }
}

function valueOf(attribute: DeviceAttribute): Value {
  const { bool, int, string, version, bools, ints, strings, versions } = attribute
  if (int !== undefined) return BigInt(int)
  if (bool !== undefined) return bool
  if (string !== undefined) return string
  if (version !== undefined) return versionOf(version)
  if (ints) return new List(ints.map(BigInt))
  if (bools) return new List(bools)
  if (strings) return new List(strings)
  if (versions) return new List(versions.map(text => versionOf(text)))
  throw new CelError('unsupported attribute value')
}

/** What `device` stands for; made once, for several selectors. @throws CelError for an attribute without a value */
export function deviceValue(driver: string, device: Device): Value {
  const { attributes = {}, capacity = {}, allowMultipleAllocations = false } = device
  const amounts = Object.entries(capacity).map(
    ([name, { value }]) => [name, quantityOf(parseQuantity(String(value)))] as const,
  )
  return new LiteralMap(
    [
      ['driver', driver],
      ['allowMultipleAllocations', allowMultipleAllocations],
      [
        'attributes',
        new Domains(
          Object.entries(attributes).map(([name, attribute]) => [name, valueOf(attribute)] as const),
          driver,
        ),
      ],
      ['capacity', new Domains(amounts, driver)],
    ],
    deviceType.name,
  )
}

/** @returns whether the selector takes the device, or why it could not be asked */
export function selects(selector: Compiled, device: Value): boolean | { readonly problem: string } {
  const { value, error } = selector.run(name => (name === 'device' ? device : undefined), SELECTOR_COST_LIMIT)
  if (error) return { problem: error.message }
  if (typeof value !== 'boolean') return { problem: 'the result is not a bool' }
  return value
}
