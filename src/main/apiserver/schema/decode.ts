// Structural decoding: an unknown JSON value becomes a pruned, typed copy, as Go's decoder would have made it.
//
// The table of each type is compiled once into closures. The copy never shares anything with the input, unknown
// fields are left out and reported, `null` is an absent field unless it is applied, and a key called `__proto__` is data.
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { getField, isObject, type JsonObject, setField } from '../../../shared/machinery/json-object.ts'
import { atOnce, type Pieces } from '../../pieces/pacer.ts'
import { FEW_ENTRIES } from '../../pieces/large-json.ts'
import { DecodeContext, decodeInPieces, type Decoder, type Wording } from './decode-context.ts'
import { leafDecoder } from './decode-leaf.ts'
import { inWholeThousandths, isResourceList } from './resource-lists.ts'
import { typeFact, typeName } from './table.ts'
import type { FieldFact } from './facts.ts'
import { meansNothing } from './zero-values.ts'

export { requiredErrors } from './required.ts'

export interface Decoded {
  readonly object: AnyObject
  /** Paths of fields that the type does not have, such as `spec.containers[0].imagee`. */
  readonly unknown: string[]
  /** Complete messages; the first is the one that upstream answers with 400. */
  readonly errors: string[]
  /** It holds values that are stored otherwise, or not at all. */
  readonly keptGiven?: boolean
}

const structs = new Map<string, Decoder>()

/** Whoever applies null owns that there is nothing. */
const asNull: Decoder = () => null

const SCHEMA = 'apiextensions.v1.JSONSchemaProps'

/** The decoder of a type; types refer to each other in cycles, so references resolve when first used. */
function structDecoder(schemaId: string): Decoder {
  const known = structs.get(schemaId)
  if (known) return known
  const type = typeFact(schemaId)
  const name = typeName(schemaId)
  const fields = new Map<string, Decoder>()
  for (const [field, fact] of Object.entries(type.fields)) {
    const union = schemaId === SCHEMA ? UNIONS.get(field) : undefined
    const decoder = union ?? (isResourceList(schemaId, fact) ? inThousandths(decoderOf(fact)) : decoderOf(fact))
    const isNothing = meansNothing(schemaId, field, fact)
    fields.set(field, isNothing ? unless(isNothing, decoder) : decoder)
  }
  const goType = goTypeOf({ t: 'ref', r: schemaId })

  /** @returns what decodes the field; nothing for a field that the type does not have, or that says nothing */
  const decoderFor = (key: string, given: unknown, context: DecodeContext): Decoder | undefined => {
    const decodeField = fields.get(key)
    if (!decodeField) context.unknown.push(context.fieldPath(key))
    if (given !== null && given !== undefined) return decodeField
    return given === null && decodeField && context.keepsNull() ? asNull : undefined
  }
  const decode: Decoder = (value, context) => {
    if (!isObject(value)) return context.wrongType(value, goType)
    const result: JsonObject = {}
    context.structs.push(name)
    for (const key of Object.keys(value)) {
      const given = value[key]
      const decodeField = decoderFor(key, given, context)
      if (!decodeField) continue
      if (!context.enter(key)) break
      const decoded = decodeField(given, context)
      if (decoded !== undefined) result[key] = decoded
      context.leave()
    }
    context.structs.pop()
    return result
  }
  // Here and below once more, so that what is small does without generators.
  function* inPieces(value: unknown, context: DecodeContext): Pieces<unknown> {
    if (!isObject(value)) return context.wrongType(value, goType)
    const result: JsonObject = {}
    context.structs.push(name)
    for (const key of Object.keys(value)) {
      const given = value[key]
      const decodeField = decoderFor(key, given, context)
      if (!decodeField) continue
      if (!context.enter(key)) break
      const decoded = yield* decodeInPieces(decodeField, given, context)
      if (decoded !== undefined) result[key] = decoded
      context.leave()
    }
    context.structs.pop()
    return result
  }
  const both = Object.assign(decode, { inPieces })
  structs.set(schemaId, both)
  return both
}

function inThousandths(decoder: Decoder): Decoder {
  return (value, context) => {
    const amounts = decoder(value, context)
    if (!isObject(amounts)) return amounts
    for (const [name, amount] of Object.entries(amounts)) {
      const rounded = inWholeThousandths(amount)
      if (rounded !== amount && !context.keepsGiven()) setField(amounts, name, rounded)
    }
    return amounts
  }
}

/** What is unknown in it is left out without a word, as upstream's decoder of schemas in these places does. */
function innerSchema(value: unknown, context: DecodeContext): unknown {
  const known = context.unknown.length
  const schema = structDecoder(SCHEMA)(value, context)
  context.unknown.length = known
  return schema
}

const schemaOrBoolean: Decoder = (value, context) => {
  if (isObject(value)) return innerSchema(value, context)
  return typeof value === 'boolean' ? value : context.fail('boolean or JSON schema expected')
}

/** What is neither says nothing. */
const schemaOrSchemas: Decoder = (value, context) => {
  if (!Array.isArray(value)) return isObject(value) ? innerSchema(value, context) : undefined
  const list: unknown[] = []
  for (let i = 0; i < value.length && context.enter(i); i++) {
    const schema = innerSchema(value[i] ?? {}, context)
    if (schema !== undefined) list.push(schema)
    context.leave()
  }
  return list
}

/** Where upstream's JSON decodes something else than what a type tells. */
const UNIONS: ReadonlyMap<string, Decoder> = new Map([
  ['items', schemaOrSchemas],
  ['additionalItems', schemaOrBoolean],
  ['additionalProperties', schemaOrBoolean],
])

function unless(isNothing: (value: unknown) => boolean, decoder: Decoder): Decoder {
  const decode: Decoder = (value, context) => {
    const decoded = decoder(value, context)
    return isNothing(decoded) && !context.keepsGiven() ? undefined : decoded
  }
  // What is very large means something.
  return decoder.inPieces ? Object.assign(decode, { inPieces: decoder.inPieces }) : decode
}

function decoderOf(fact: FieldFact): Decoder {
  switch (fact.t) {
    case 'ref': {
      const id = fact.r ?? ''
      let resolved: Decoder | undefined
      const decoder = () => (resolved ??= structDecoder(id))
      const decode: Decoder = (value, context) => decoder()(value, context)
      return Object.assign(decode, {
        inPieces: (value: unknown, context: DecodeContext) => decodeInPieces(decoder(), value, context),
      })
    }
    case 'array':
      return arrayDecoder(fact)
    case 'map':
      return mapDecoder(fact)
    default:
      return leafDecoder(fact)
  }
}

function arrayDecoder(fact: FieldFact): Decoder {
  const item: FieldFact = fact.i ?? { t: 'any' }
  const decodeItem = decoderOf(item)
  const goType = goTypeOf(fact)
  const decode: Decoder = (value, context) => {
    if (!Array.isArray(value)) return context.wrongType(value, goType)
    const result: unknown[] = []
    for (let i = 0; i < value.length; i++) {
      if (!context.enter(i)) break
      const decoded = decodeItem(value[i] ?? zeroOf(item), context)
      if (decoded !== undefined) result.push(decoded)
      context.leave()
    }
    return result
  }
  function* inPieces(value: unknown, context: DecodeContext): Pieces<unknown> {
    if (!Array.isArray(value)) return context.wrongType(value, goType)
    const result: unknown[] = []
    for (let i = 0; i < value.length; i++) {
      if (i % FEW_ENTRIES === 0) yield
      if (!context.enter(i)) break
      const decoded = yield* decodeInPieces(decodeItem, value[i] ?? zeroOf(item), context)
      if (decoded !== undefined) result.push(decoded)
      context.leave()
    }
    return result
  }
  return Object.assign(decode, { inPieces })
}

function mapDecoder(fact: FieldFact): Decoder {
  const item: FieldFact = fact.i ?? { t: 'any' }
  const decodeItem = decoderOf(item)
  const goType = goTypeOf(fact)
  const decode: Decoder = (value, context) => {
    if (!isObject(value)) return context.wrongType(value, goType)
    const result: JsonObject = {}
    for (const key of Object.keys(value)) {
      if (!context.enter([key])) break
      const decoded = decodeItem(getField(value, key) ?? zeroOf(item), context)
      if (decoded !== undefined) setField(result, key, decoded)
      context.leave()
    }
    return result
  }
  function* inPieces(value: unknown, context: DecodeContext): Pieces<unknown> {
    if (!isObject(value)) return context.wrongType(value, goType)
    const result: JsonObject = {}
    for (const [i, key] of Object.keys(value).entries()) {
      if (i % FEW_ENTRIES === 0) yield
      if (!context.enter([key])) break
      const decoded = yield* decodeInPieces(decodeItem, getField(value, key) ?? zeroOf(item), context)
      if (decoded !== undefined) setField(result, key, decoded)
      context.leave()
    }
    return result
  }
  return Object.assign(decode, { inPieces })
}

/** What `null` inside a list or map becomes: the type's zero value. */
function zeroOf(fact: FieldFact): unknown {
  switch (fact.t) {
    case 'string':
    case 'bytes':
      return ''
    case 'boolean':
      return false
    case 'array':
      return []
    case 'ref':
    case 'map':
      return {}
    case 'any':
    case 'raw':
    case 'time':
    case 'microTime':
      return null
    default:
      return 0
  }
}

/** How Go prints the field's type in its messages. */
function goTypeOf(fact: FieldFact): string {
  switch (fact.t) {
    case 'ref': {
      const [, version = '', name = ''] = (fact.r ?? '').split('.')
      return `${version}.${name}`
    }
    case 'array':
      return `[]${goTypeOf(fact.i ?? { t: 'any' })}`
    case 'map':
      return `map[string]${goTypeOf(fact.i ?? { t: 'any' })}`
    case 'integer':
      return fact.f ?? 'int'
    case 'number':
      return 'float64'
    case 'boolean':
      return 'bool'
    case 'bytes':
      return '[]uint8'
    case 'string':
      return 'string'
    case 'quantity':
      return 'resource.Quantity'
    case 'intOrString':
      return 'intstr.IntOrString'
    case 'time':
      return 'v1.Time'
    case 'microTime':
      return 'v1.MicroTime'
    default:
      return 'interface {}'
  }
}

/**
 * @param schemaId such as `apps.v1.Deployment`
 * @param value JSON as a client sent it
 * @param wording `map` for what a strategic merge patch made, which upstream decodes from a map, not from JSON; `apply`
 *   for what is applied
 * @param literals how numbers are written that are no integers to Go, by their paths
 */
export const decodeObject = (
  schemaId: string,
  value: unknown,
  wording: Wording = 'json',
  literals?: ReadonlyMap<string, string>,
): Decoded => atOnce(decodeObjectInPieces(schemaId, value, wording, literals))

/** As decodeObject(). */
export function* decodeObjectInPieces(
  schemaId: string,
  value: unknown,
  wording: Wording = 'json',
  literals?: ReadonlyMap<string, string>,
): Pieces<Decoded> {
  const context = new DecodeContext(wording, literals)
  const object = (yield* decodeInPieces(structDecoder(schemaId), value, context)) ?? {}
  const errors = context.errors.map(message => (wording === 'map' ? message : wrap(schemaId, message)))
  return { object: object as AnyObject, unknown: context.unknown, errors, keptGiven: context.keptGiven }
}

function wrap(schemaId: string, message: string): string {
  const [, version, kind] = typeFact(schemaId).gvk ?? ['', schemaId.split('.')[1] ?? '', typeName(schemaId)]
  return `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${message}`
}
