// Equality of JSON values: by content, whatever the order of keys; an undefined field is an absent one.
import { isQuantity, parseQuantity } from './quantity.ts'

export interface DeepEqualOptions {
  /** Empty lists and maps equal absent ones, as upstream's semantic equality has it. */
  readonly emptyIsAbsent?: boolean
  /** Texts that are quantities are compared as amounts: `1000m` equals `1`. */
  readonly quantities?: boolean
  /** A null is a value of its own, as where a custom resource says `nullable`. */
  readonly nullIsValue?: boolean
  /** Numbers are compared by what they amount to, however large they are and however they were written. */
  readonly numbersByValue?: boolean
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isWhole = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value)

function absent(value: unknown, options: DeepEqualOptions): boolean {
  if (value === undefined) return true
  if (value === null) return !options.nullIsValue
  if (!options.emptyIsAbsent) return false
  if (Array.isArray(value)) return value.length === 0
  return isMap(value) && Object.values(value).every(item => item === undefined)
}

export function deepEqual(a: unknown, b: unknown, options: DeepEqualOptions = {}): boolean {
  if (Object.is(a, b) || a === b) return true
  if (absent(a, options) && absent(b, options)) return true
  if (Array.isArray(a)) {
    return Array.isArray(b) && equalItems(a, b, options)
  }
  // Without functions and lists of keys: all that is written passes here.
  if (isMap(a) && isMap(b)) {
    for (const key in a) if (!deepEqual(a[key], Object.hasOwn(b, key) ? b[key] : undefined, options)) return false
    for (const key in b) if (!Object.hasOwn(a, key) && !absent(b[key], options)) return false
    return true
  }
  if (options.numbersByValue) {
    if (typeof a === 'bigint') return isWhole(b) && BigInt(b) === a
    if (typeof b === 'bigint') return isWhole(a) && BigInt(a) === b
  }
  if (options.quantities && isQuantity(a) && isQuantity(b)) return parseQuantity(a).equals(parseQuantity(b))
  return false
}

function equalItems(a: readonly unknown[], b: readonly unknown[], options: DeepEqualOptions): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (!deepEqual(a[i], b[i], options)) return false
  return true
}

/** Upstream's semantic equality: empty equals absent, and quantities are compared as amounts. */
export const semanticEqual = (a: unknown, b: unknown): boolean =>
  deepEqual(a, b, { emptyIsAbsent: true, quantities: true })

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (!sameJson(a[i], b[i])) return false
  return true
}

/** Equality of what is written: the order of keys does not matter, but null is not absent, nor is an undefined field. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a)) return Array.isArray(b) && sameItems(a, b)
  if (!isMap(a) || !isMap(b)) return false
  let more = 0
  for (const key in a) {
    if (!Object.hasOwn(b, key) || !sameJson(a[key], b[key])) return false
    more++
  }
  for (const _key in b) more--
  return more === 0
}
