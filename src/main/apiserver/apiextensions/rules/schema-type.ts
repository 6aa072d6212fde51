// A structural schema as a type of CEL, with the sizes that it allows: estimates of costs multiply them.
import { escapeName } from '../../../cel/values.ts'
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  STRING,
  TIMESTAMP,
} from '../../../cel/types.ts'
import { type Schema, schemaIn } from '../schema.ts'

/** The largest request; what has no bound of its own cannot be larger. */
export const MAX_REQUEST_BYTES = 3 * 1024 * 1024
const MAX_STRING = MAX_REQUEST_BYTES - 2
/** Bytes of a text that is a duration, a date, a time. */
const DURATION_BYTES = { max: 32, min: 3 }
const DATE_BYTES = 12
const DATETIME_BYTES = { max: 32, min: 21 }
const MIN_STRING_BYTES = 2

/** Every object at the root, or embedded, has these whatever the schema says. */
const META: Schema = { type: 'object', properties: { name: { type: 'string' }, generateName: { type: 'string' } } }

/** A character may take up to four bytes. */
const maxBytes = (maxLength: number) => Math.max(0, Number(maxLength)) * 4

function stringType({ format, maxLength, enum: values }: Schema): CelType {
  switch (format) {
    case 'byte':
      return { ...BYTES, minSize: MIN_STRING_BYTES, maxElements: Math.max(0, Number(maxLength ?? MAX_STRING)) }
    case 'duration':
      return { ...DURATION, minSize: DURATION_BYTES.min, maxElements: DURATION_BYTES.max }
    case 'date':
      return { ...TIMESTAMP, minSize: DATE_BYTES, maxElements: DATE_BYTES }
    case 'date-time':
      return { ...TIMESTAMP, minSize: DATETIME_BYTES.min, maxElements: DATETIME_BYTES.max }
  }
  const listed = (values ?? []).filter(value => typeof value === 'string').map(value => value.length)
  const size = maxLength !== undefined ? maxBytes(maxLength) : listed.length > 0 ? Math.max(...listed) : MAX_STRING
  return { ...STRING, minSize: MIN_STRING_BYTES, maxElements: size }
}

function objectType(schema: Schema, name: string, root: boolean): CelType | undefined {
  const additional = schemaIn(schema.additionalProperties)
  if (additional) {
    const elem = declaredType(additional, `${name}.@values`)
    if (!elem) return undefined
    const most = Math.floor(MAX_STRING / ((elem.minSize ?? 0) + 6))
    return mapOf(STRING, elem, { maxElements: Math.max(0, Number(schema.maxProperties ?? most)), minSize: 2 })
  }
  const properties: Readonly<Record<string, Schema>> = root
    ? { ...schema.properties, kind: { type: 'string' }, apiVersion: { type: 'string' }, metadata: META }
    : (schema.properties ?? {})
  const fields = new Map<string, CelType>()
  let minSize = 2
  for (const [property, inner] of Object.entries(properties)) {
    const type = declaredType(inner, `${name}.${property}`)
    const key = escapeName(property)
    if (!type) continue
    if (key !== undefined) fields.set(key, type)
    if (schema.required?.includes(property) && inner.default === undefined)
      minSize += property.length + (type.minSize ?? 0) + 4
  }
  return { kind: 'object', name, fields, minSize }
}

/** @returns undefined for what has no type, such as a field that preserves whatever it holds: rules cannot see it */
export function declaredType(
  schema: Schema,
  name = 'selfType',
  root = schema['x-kubernetes-embedded-resource'] === true,
): CelType | undefined {
  if (schema['x-kubernetes-int-or-string'])
    return { ...DYN, minSize: 1, maxElements: schema.maxLength === undefined ? MAX_STRING : maxBytes(schema.maxLength) }
  switch (schema.type) {
    case 'array': {
      const items = schemaIn(schema.items)
      const elem = items && declaredType(items, `${name}.@items`)
      if (!elem) return undefined
      const listType = schema['x-kubernetes-list-type']
      const most = Math.floor(MAX_STRING / ((elem.minSize ?? 0) + 1))
      return listOf(elem, {
        minSize: 2,
        maxElements: Math.max(0, Number(schema.maxItems ?? most)),
        ...(listType === 'set' || listType === 'map' ? { listType } : {}),
        ...(listType === 'map' ? { listKeys: schema['x-kubernetes-list-map-keys'] ?? [] } : {}),
      })
    }
    case 'object':
      return objectType(schema, name, root)
    case 'string':
      return stringType(schema)
    case 'boolean':
      return BOOL
    case 'number':
      return DOUBLE
    case 'integer':
      return INT
    default:
      return undefined
  }
}
