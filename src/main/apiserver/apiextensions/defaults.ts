// Defaulting by schema, in place: absent fields, and `null` where null is not allowed.
import { cloneJson, getField, isObject, type JsonObject, setField } from '../../../shared/machinery/json-object.ts'
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

export function setSchemaDefaults(value: unknown, schema: Schema): void {
  if (!hasDefaults(schema)) return
  if (Array.isArray(value)) {
    const items = schemaIn(schema.items)
    if (items) for (const item of value) setSchemaDefaults(item, items)
    return
  }
  if (!isObject(value)) return
  for (const [key, property] of defaultsOf(schema))
    if (isMissing(value, key, property)) setField(value, key, cloneJson(property.default))
  const additional = schemaIn(schema.additionalProperties)
  for (const key of Object.keys(value)) {
    const inner = propertyOf(schema, key) ?? additional
    if (inner) setSchemaDefaults(getField(value, key), inner)
  }
}
