// Defaulting by schema, in place: absent fields, and `null` where null is not allowed.
import { cloneJson, getField, isObject, setField } from '../../../shared/machinery/json-object.ts'
import { propertyOf, type Schema, schemaIn } from './schema.ts'

export const hasDefaults = (schema: Schema): boolean =>
  schema.default !== undefined ||
  Object.values(schema.properties ?? {}).some(hasDefaults) ||
  [schema.items, schema.additionalProperties].some(inner => {
    const nested = schemaIn(inner)
    return nested !== undefined && hasDefaults(nested)
  })

export function setSchemaDefaults(value: unknown, schema: Schema): void {
  if (Array.isArray(value)) {
    const items = schemaIn(schema.items)
    if (items) for (const item of value) setSchemaDefaults(item, items)
    return
  }
  if (!isObject(value)) return
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (property.default === undefined) continue
    const given = getField(value, key)
    if (given === undefined || (given === null && !property.nullable)) setField(value, key, cloneJson(property.default))
  }
  const additional = schemaIn(schema.additionalProperties)
  for (const key of Object.keys(value)) {
    const inner = propertyOf(schema, key) ?? additional
    if (inner) setSchemaDefaults(getField(value, key), inner)
  }
}
