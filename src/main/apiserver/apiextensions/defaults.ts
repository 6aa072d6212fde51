// Defaulting by schema, in place: absent fields, and `null` where null is not allowed.
import { cloneJson, getField, isObject, type JsonObject, setField } from '../../../shared/machinery/json-object.ts'
import { encodeJson } from '../../../shared/machinery/json-text.ts'
import { MAX_OBJECT_BYTES } from '../../store/contract.ts'
import { propertyOf, type Schema, schemaIn } from './schema.ts'

const known = new WeakMap<Schema, boolean>()

/** @returns whether a schema, or one in it, says a default */
export function hasDefaults(schema: Schema): boolean {
  let has = known.get(schema)
  if (has === undefined) known.set(schema, (has = saysDefault(schema)))
  return has
}

const saysDefault = (schema: Schema): boolean =>
  schema.default !== undefined ||
  Object.values(schema.properties ?? {}).some(hasDefaults) ||
  [schema.items, schema.additionalProperties].some(inner => {
    const nested = schemaIn(inner)
    return nested !== undefined && hasDefaults(nested)
  })

const NONE: readonly [key: string, property: Schema][] = []
const defaulted = new WeakMap<Schema, typeof NONE>()

/** @returns the properties that have a default of their own */
function defaultsOf(schema: Schema): typeof NONE {
  if (!schema.properties || !hasDefaults(schema)) return NONE
  let found = defaulted.get(schema)
  if (!found) {
    found = Object.entries(schema.properties).filter(([, property]) => property.default !== undefined)
    defaulted.set(schema, found)
  }
  return found
}

/** Absent fields, and `null` where null is not allowed. */
function isMissing(value: JsonObject, key: string, { nullable }: Schema): boolean {
  const given = getField(value, key)
  return given === undefined || (given === null && !nullable)
}

/** @returns whether a default is missing in the value itself */
export const isAnyMissing = (value: JsonObject, schema: Schema): boolean =>
  defaultsOf(schema).some(([key, property]) => isMissing(value, key, property))

const lengths = new WeakMap<Schema, number>()

/** @returns how much longer an object becomes by the default */
function lengthOf(key: string, property: Schema): number {
  let length = lengths.get(property)
  if (length === undefined) lengths.set(property, (length = Buffer.byteLength(encodeJson(property.default))))
  return length + key.length
}

/**
 * A few bytes may ask for many: an object of a million empty items has as many times the defaults of one.
 * @returns whether all of them were set; otherwise the object would be longer than any may be
 */
export function setSchemaDefaults(value: unknown, schema: Schema): boolean {
  let room = MAX_OBJECT_BYTES

  function visit(at: unknown, of: Schema): boolean {
    if (!hasDefaults(of)) return true
    if (Array.isArray(at)) {
      const items = schemaIn(of.items)
      return items === undefined || at.every(item => visit(item, items))
    }
    if (!isObject(at)) return true
    for (const [key, property] of defaultsOf(of)) {
      if (!isMissing(at, key, property)) continue
      room -= lengthOf(key, property)
      if (room < 0) return false
      setField(at, key, cloneJson(property.default))
    }
    const additional = schemaIn(of.additionalProperties)
    return Object.keys(at).every(key => {
      const inner = propertyOf(of, key) ?? additional
      return inner === undefined || visit(getField(at, key), inner)
    })
  }

  return visit(value, schema)
}
