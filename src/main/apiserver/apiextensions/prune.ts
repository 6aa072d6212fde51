// Pruning: drops, and reports, what the schema does not know.
import { type FieldError, invalidValue } from '../../../shared/machinery/field-error.ts'
import { isObject, type JsonObject, setField } from '../../../shared/machinery/json-object.ts'
import { decodeObject } from '../schema/decode.ts'
import { FEW_ENTRIES, isLarge } from '../../pieces/large-json.ts'
import { atOnce, type Pieces } from '../../pieces/pacer.ts'
import { isAnyMissing } from './defaults.ts'
import { OF_OBJECTS, propertyOf, type Schema, schemaIn } from './schema.ts'

const MAX_DEPTH = 64

export interface Pruned {
  readonly value: unknown
  readonly unknown: string[]
  /** Of the metadata of embedded objects. */
  readonly unknownMetadata: string[]
  readonly tooDeep: boolean
  /** What of embedded objects cannot be read. */
  readonly errors: FieldError[]
}

function unreadable(path: string, key: string, value: unknown, why: string | undefined): FieldError[] {
  if (key !== 'metadata') return typeof value === 'string' ? [] : [invalidValue(path, value, 'must be a string')]
  return [invalidValue(path, value, why?.replace(/^.*? cannot be handled as a \w+: /, '') ?? 'must be an object')]
}

/** What may not be null, and has no default instead, says nothing. */
const isIdle = (value: unknown, schema: Schema | undefined): boolean =>
  value === null && schema !== undefined && !schema.nullable && schema.default === undefined

/**
 * @param keepNulls of what is applied: null where it is not allowed is an error, no want of a value
 * @returns a copy. @see https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#field-pruning
 */
export const prune = (value: unknown, root: Schema, keepNulls = false): Pruned =>
  atOnce(pruneInPieces(value, root, keepNulls))

/** What the keys of a map are held against. */
interface Place {
  /** Undefined below a field that preserves what is unknown. */
  readonly schema: Schema | undefined
  readonly additional: Schema | undefined
  readonly preserve: boolean
  /** It says of itself what it is, and has metadata. */
  readonly own: boolean
  /** The custom resource itself. */
  readonly resource: boolean
}

function placeOf(schema: Schema | undefined, resource: boolean): Place {
  return {
    schema,
    additional: schema && schemaIn(schema.additionalProperties),
    preserve: schema === undefined || schema['x-kubernetes-preserve-unknown-fields'] === true,
    own: resource || schema?.['x-kubernetes-embedded-resource'] === true,
    resource,
  }
}

function itemsOf(schema: Schema | undefined): Schema | undefined {
  const items = schemaIn(schema?.items)
  return items ?? (schema?.['x-kubernetes-preserve-unknown-fields'] ? undefined : schema && {})
}

const DONE = Symbol('nothing is left to be done')

/** As prune(). */
export function* pruneInPieces(value: unknown, root: Schema, keepNulls = false): Pieces<Pruned> {
  const unknown: string[] = []
  const unknownMetadata: string[] = []
  const errors: FieldError[] = []
  let tooDeep = false

  /** @returns the schema of what is to be pruned further */
  function keyOf(copy: JsonObject, given: JsonObject, key: string, at: string, of: Place): Schema | undefined | symbol {
    const { schema, additional, preserve, own, resource } = of
    const known = schema && propertyOf(schema, key)
    // The root's metadata is decoded by whoever asked; an embedded object's follows the same schema.
    const embedded = own && !resource && key === 'metadata' && isObject(given[key])
    const meta = embedded ? decodeObject('meta.v1.ObjectMeta', given[key]) : undefined
    if (meta && meta.errors.length === 0) {
      unknownMetadata.push(...meta.unknown.map(path => `${at}.${path}`))
      setField(copy, key, meta.object)
      return DONE
    }
    if (!keepNulls && isIdle(given[key], known ?? additional)) return DONE
    if (own && !resource && OF_OBJECTS.has(key)) errors.push(...unreadable(at, key, given[key], meta?.errors[0]))
    if (own && OF_OBJECTS.has(key)) return undefined
    if (known ?? additional) return known ?? additional
    if (preserve || schema?.additionalProperties === true) return undefined
    unknown.push(at)
    return DONE
  }

  /** @param schema undefined below a field that preserves what is unknown */
  function walk(given: unknown, schema: Schema | undefined, path: string, depth: number, resource: boolean): unknown {
    if (depth > MAX_DEPTH) {
      tooDeep = true
      return null
    }
    if (Array.isArray(given)) {
      const items = itemsOf(schema)
      return given.map((item, i) => walk(item, items, `${path}[${i}]`, depth + 1, false))
    }
    if (!isObject(given)) return given
    const copy: JsonObject = {}
    const place = placeOf(schema, resource)
    for (const key of Object.keys(given)) {
      const at = path ? `${path}.${key}` : key
      const inner = keyOf(copy, given, key, at, place)
      if (typeof inner !== 'symbol') setField(copy, key, walk(given[key], inner, at, depth + 1, false))
    }
    return copy
  }

  /** As walk(). */
  function* walkInPieces(
    given: unknown,
    schema: Schema | undefined,
    path: string,
    depth: number,
    resource: boolean,
  ): Pieces<unknown> {
    if (depth > MAX_DEPTH || !isLarge(given)) return walk(given, schema, path, depth, resource)
    yield
    if (Array.isArray(given)) {
      const items = itemsOf(schema)
      const list: unknown[] = []
      for (const [i, item] of given.entries()) {
        list.push(yield* walkInPieces(item, items, `${path}[${i}]`, depth + 1, false))
        if (i % FEW_ENTRIES === 0) yield
      }
      return list
    }
    const map = given as JsonObject
    const copy: JsonObject = {}
    const place = placeOf(schema, resource)
    for (const [i, key] of Object.keys(map).entries()) {
      if (i % FEW_ENTRIES === 0) yield
      const at = path ? `${path}.${key}` : key
      const inner = keyOf(copy, map, key, at, place)
      if (typeof inner === 'symbol') continue
      setField(copy, key, yield* walkInPieces(map[key], inner, at, depth + 1, false))
    }
    return copy
  }

  return { value: yield* walkInPieces(value, root, '', 0, true), unknown, unknownMetadata, tooDeep, errors }
}

/**
 * Whether pruning would leave a value as it is, and no default is missing: so it is with nearly all that is stored, and to
 * see it costs a fraction of a copy.
 * @returns false as well where that is not easily seen
 */
export function isSettled(value: unknown, root: Schema): boolean {
  return settles(value, root, 0, true)
}

function settles(given: unknown, schema: Schema | undefined, depth: number, resource: boolean): boolean {
  if (schema === undefined) return true
  if (depth > MAX_DEPTH) return false
  if (Array.isArray(given)) {
    const items = itemsOf(schema)
    return items === undefined || given.every(item => settles(item, items, depth + 1, false))
  }
  if (!isObject(given)) return true
  const { additional, preserve, own } = placeOf(schema, resource)
  if (own && !resource) return false
  if (isAnyMissing(given, schema)) return false
  for (const key of Object.keys(given)) {
    const inner = propertyOf(schema, key) ?? additional
    if (isIdle(given[key], inner)) return false
    if (own && OF_OBJECTS.has(key)) continue
    if (inner ? !settles(given[key], inner, depth + 1, false) : !preserve && schema.additionalProperties !== true)
      return false
  }
  return true
}
