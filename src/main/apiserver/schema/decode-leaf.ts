// Decoding of scalars and free-form values.
import { isObject, type JsonObject, setField } from '../../../shared/machinery/json-object.ts'
import { canonicalQuantity, QuantityError } from '../../../shared/machinery/quantity.ts'
import { FEW_ENTRIES, isLarge } from '../../pieces/large-json.ts'
import type { Pieces } from '../../pieces/pacer.ts'
import type { DecodeContext, Decoder } from './decode-context.ts'
import { decodeMicroTime, decodeTime } from './time.ts'
import type { FieldFact } from './facts.ts'

const INT32 = 2 ** 31
const INT64 = 2 ** 63

/** Beyond 2⁵³, where numbers have gaps, what is a whole number in JSON keeps every digit, as a bigint. */
function integer(format: string | undefined): Decoder {
  const limit = format === 'int32' ? INT32 : INT64
  const name = format ?? 'int64'
  return (value, context) => {
    if (typeof value !== 'bigint' && (typeof value !== 'number' || !Number.isSafeInteger(value)))
      return context.wrongType(value, name)
    if (typeof value === 'number' && context.literal(value) !== undefined) return context.wrongType(value, name)
    return value >= -limit && value < limit ? value : context.wrongType(value, name)
  }
}

const text: Decoder = (value, context) => (typeof value === 'string' ? value : context.wrongType(value, 'string'))
const truth: Decoder = (value, context) => (typeof value === 'boolean' ? value : context.wrongType(value, 'bool'))
const double: Decoder = (value, context) =>
  typeof value === 'number' || typeof value === 'bigint' ? Number(value) : context.wrongType(value, 'float64')

const DIGITS = /[A-Za-z0-9+/]/
const [PADDING, LINE_FEED, CARRIAGE_RETURN] = [0x3d, 0x0a, 0x0d]
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

const bytes: Decoder = (value, context) => {
  if (typeof value !== 'string') return context.wrongType(value, '[]uint8')
  const compact = value.replace(/[\r\n]/g, '')
  if (compact.length % 4 === 0 && BASE64.test(compact)) return compact
  context.errors.push(
    `${context.isOfMap ? 'error decoding from json: ' : ''}illegal base64 data at input byte ${firstIllegal(value)}`,
  )
  return undefined
}

/** Where Go's decoder gives up: at the first byte that has no place there, or at the end of a quantum that lacks some. */
function firstIllegal(value: string): number {
  const bytes = Buffer.from(value)
  /** Of the four digits of a quantum. */
  let digits = 0
  const skipBreaks = (from: number) => {
    let at = from
    while (bytes[at] === LINE_FEED || bytes[at] === CARRIAGE_RETURN) at++
    return at
  }
  for (let at = skipBreaks(0); at < bytes.length; at = skipBreaks(at + 1)) {
    if (DIGITS.test(String.fromCharCode(bytes[at] ?? 0))) digits = (digits + 1) % 4
    else if (bytes[at] !== PADDING || digits < 2) return at
    else {
      const end = digits === 2 ? skipBreaks(at + 1) : at
      if (end >= bytes.length) return bytes.length
      if (bytes[end] !== PADDING) return end - 1
      // Nothing may follow the padding.
      return skipBreaks(end + 1)
    }
  }
  return bytes.length - digits
}

const quantity: Decoder = (value, context) => {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') {
    context.errors.push("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
    return undefined
  }
  try {
    const given = typeof value === 'number' ? (context.literal(value) ?? value) : String(value)
    const stored = canonicalQuantity(given)
    return stored !== value && context.keepsGiven() ? value : stored
  } catch (error) {
    if (!(error instanceof QuantityError)) throw error
    context.errors.push(error.message)
    return undefined
  }
}

const intOrString: Decoder = (value, context) => {
  if (typeof value === 'string') return value
  if (typeof value === 'number' && Number.isInteger(value) && value >= -INT32 && value < INT32)
    return context.literal(value) === undefined ? value : context.wrongType(value, 'int32')
  return context.wrongType(value, 'int32')
}

/** A copy of free-form JSON, `null`s included, within the depth that is allowed. */
const any: Decoder = Object.assign(anyAtOnce, { inPieces: anyInPieces })

function anyAtOnce(value: unknown, context: DecodeContext): unknown {
  if (Array.isArray(value)) {
    const list: unknown[] = []
    for (let i = 0; i < value.length && context.enter(i); i++) {
      list.push(anyAtOnce(value[i], context))
      context.leave()
    }
    return list
  }
  if (!isObject(value)) return value
  const copy: JsonObject = {}
  for (const key of Object.keys(value)) {
    if (!context.enter(key)) break
    setField(copy, key, anyAtOnce(value[key], context))
    context.leave()
  }
  return copy
}

function* anyInPieces(value: unknown, context: DecodeContext): Pieces<unknown> {
  if (!isLarge(value)) return anyAtOnce(value, context)
  yield
  const isList = Array.isArray(value)
  const [list, copy]: [unknown[], JsonObject] = [[], {}]
  let count = 0
  for (const step of isList ? value.keys() : Object.keys(value)) {
    if (!context.enter(step)) break
    const inner = yield* anyInPieces((value as JsonObject)[step], context)
    if (isList) list.push(inner)
    else setField(copy, step as string, inner)
    context.leave()
    if (++count % FEW_ENTRIES === 0) yield
  }
  return isList ? list : copy
}

export function leafDecoder(fact: FieldFact): Decoder {
  switch (fact.t) {
    case 'string':
      return text
    case 'boolean':
      return truth
    case 'integer':
      return integer(fact.f)
    case 'number':
      return double
    case 'bytes':
      return bytes
    case 'quantity':
      return quantity
    case 'intOrString':
      return intOrString
    case 'time':
      return decodeTime
    case 'microTime':
      return decodeMicroTime
    default:
      return any
  }
}
