// Equality, order and size of values. @see https://github.com/google/cel-spec/blob/master/doc/langdef.md#equality
import { CelError } from './errors.ts'
import { Duration, Timestamp } from './time.ts'
import { type CelMap, isMap, List, Opaque, Optional, TypeValue, Uint, type Value } from './values.ts'

export const noSuchOverload = (): CelError => new CelError('no such overload')

const isNumber = (value: Value): value is bigint | number | Uint =>
  typeof value === 'bigint' || typeof value === 'number' || value instanceof Uint

/** Numbers of all kinds compare by their mathematical values; NaN has no order. */
const orderOf = (a: bigint | number, b: bigint | number) => (a < b ? -1 : a > b ? 1 : a <= b ? 0 : Number.NaN)

const plain = (value: bigint | number | Uint) => (value instanceof Uint ? value.value : value)

function sameMaps(a: CelMap, b: CelMap): boolean {
  if (a.size !== b.size) return false
  return a.keys().every(key => {
    const other = b.get(key)
    const own = a.get(key)
    return other !== undefined && own !== undefined && equal(own, other)
  })
}

/** @returns a text that two values share exactly when they are equal. */
export function canonical(value: Value): string {
  if (isNumber(value)) {
    const number = plain(value)
    return `n${typeof number === 'number' && Number.isInteger(number) ? BigInt(number) : number}`
  }
  if (value === null || typeof value !== 'object')
    return typeof value === 'string' ? JSON.stringify(value) : String(value)
  if (value instanceof List) return `[${value.toArray().map(canonical).join()}]`
  if (value instanceof Timestamp || value instanceof Duration)
    return `${value instanceof Timestamp ? 't' : 'd'}${value.nanos}`
  if (value instanceof Uint8Array) return `b${Buffer.from(value).toString('hex')}`
  if (value instanceof Optional) return value.value === undefined ? 'none' : `some(${canonical(value.value)})`
  if (isMap(value))
    return `{${value
      .keys()
      .map(key => `${canonical(key)}:${canonical(value.get(key) ?? null)}`)
      .sort()
      .join()}}`
  return String(value)
}

/** @returns what tells items of a set, or of a list that is a map, apart. */
export const listKey = (item: Value, { listType, listKeys }: List): string =>
  listType === 'map'
    ? listKeys.map(key => canonical((isMap(item) ? item.get(key) : undefined) ?? null)).join()
    : canonical(item)

function sameLists(a: List, b: List): boolean {
  if (a.size !== b.size) return false
  if (a.listType === undefined) {
    for (let i = 0; i < a.size; i++) if (!equal(a.at(i), b.at(i))) return false
    return true
  }
  const others = new Set(b.toArray().map(canonical))
  return a.toArray().every(item => others.has(canonical(item)))
}

export function equal(a: Value, b: Value): boolean {
  if (a === b) return true
  if (isNumber(a) && isNumber(b)) return orderOf(plain(a), plain(b)) === 0
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0
  if (a instanceof List) return b instanceof List && sameLists(a, b)
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos
  if (a instanceof TypeValue) return b instanceof TypeValue && a.type === b.type
  if (a instanceof Optional) {
    if (!(b instanceof Optional)) return false
    if (a.value === undefined || b.value === undefined) return a.value === b.value
    return equal(a.value, b.value)
  }
  if (a instanceof Opaque) return b instanceof Opaque && a.type === b.type && a.equals(b)
  return isMap(a) && isMap(b) && sameMaps(a, b)
}

/** @returns negative, 0 or positive; NaN for what has no order @throws CelError */
export function compare(a: Value, b: Value): number {
  if (isNumber(a) && isNumber(b)) {
    return orderOf(plain(a), plain(b))
  }
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b)
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b)
  if ((a instanceof Timestamp && b instanceof Timestamp) || (a instanceof Duration && b instanceof Duration))
    return a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0
  throw noSuchOverload()
}

const SURROGATE = /[\ud800-\udbff]/

/** @returns the number of characters, counted as Unicode does. */
export function length(text: string): number {
  if (!SURROGATE.test(text)) return text.length
  let count = 0
  for (const _ of text) count++
  return count
}

/** @returns the size that costs are counted by; 1 for what has none. */
export function sizeOf(value: Value): number {
  if (typeof value === 'string') return length(value)
  if (value instanceof Uint8Array) return value.length
  if (value instanceof List || value instanceof Opaque) return value.size
  if (value instanceof Optional) return value.value === undefined ? 1 : sizeOf(value.value)
  return typeof value === 'object' && value !== null && isMap(value) ? value.size : 1
}
