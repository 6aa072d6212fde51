// Whole objects inside a custom resource, where its schema says x-kubernetes-embedded-resource: they have a type, and
// metadata like any other.
import type { ObjectMeta } from '../../../shared/api/meta/v1.ts'
import { type FieldError, invalidValue, required } from '../../../shared/machinery/field-error.ts'
import { getField, isObject, type JsonObject } from '../../../shared/machinery/json-object.ts'
import { dns1035Label } from '../../../shared/machinery/names.ts'
import { validateEmbeddedMeta } from '../schema/validate-meta.ts'
import { propertyOf, type Schema, schemaIn } from './schema.ts'

const below = (path: string, key: string) => (path ? `${path}.${key}` : key)

function textErrors(value: unknown, path: string): FieldError[] {
  if (value === undefined) return [required(path)]
  if (typeof value !== 'string') return [invalidValue(path, value, 'must be a string')]
  return value === '' ? [invalidValue(path, value, 'must not be empty')] : []
}

function typeErrors(object: JsonObject, path: string): FieldError[] {
  const [apiVersion, kind] = [getField(object, 'apiVersion'), getField(object, 'kind')]
  const errors = [...textErrors(apiVersion, below(path, 'apiVersion')), ...textErrors(kind, below(path, 'kind'))]
  if (typeof apiVersion === 'string' && apiVersion.split('/').length > 2)
    errors.push(invalidValue(below(path, 'apiVersion'), apiVersion, `unexpected GroupVersion string: ${apiVersion}`))
  const wrong = typeof kind === 'string' && kind !== '' ? dns1035Label(kind.toLowerCase()) : []
  if (wrong.length > 0) {
    const why = `may have mixed case, but should otherwise match: ${wrong.join(',')}`
    errors.push(invalidValue(below(path, 'kind'), kind, why))
  }
  return errors
}

const known = new WeakMap<Schema, boolean>()

/** @returns whether there may be objects in values of a schema */
function mayHoldObjects(schema: Schema): boolean {
  let may = known.get(schema)
  if (may === undefined) known.set(schema, (may = holdsObjects(schema)))
  return may
}

const holdsObjects = (schema: Schema): boolean =>
  schema['x-kubernetes-embedded-resource'] === true ||
  [...Object.values(schema.properties ?? {}), schema.items, schema.additionalProperties].some(inner => {
    const nested = schemaIn(inner)
    return nested !== undefined && mayHoldObjects(nested)
  })

/** @returns what is wrong with the objects inside a value; its own metadata is looked at elsewhere */
export function embeddedErrors(value: unknown, schema: Schema | undefined, path = ''): FieldError[] {
  if (!schema || !mayHoldObjects(schema)) return []
  if (Array.isArray(value)) {
    const items = schemaIn(schema.items)
    return items ? value.flatMap((item, i) => embeddedErrors(item, items, `${path}[${i}]`)) : []
  }
  if (!isObject(value)) return []
  const errors: FieldError[] = []
  if (schema['x-kubernetes-embedded-resource']) {
    errors.push(...typeErrors(value, path))
    const metadata = getField(value, 'metadata')
    if (isObject(metadata))
      errors.push(...validateEmbeddedMeta(metadata as unknown as ObjectMeta, below(path, 'metadata')))
  }
  const additional = schemaIn(schema.additionalProperties)
  for (const key of Object.keys(value)) {
    const property = propertyOf(schema, key)
    if (property) errors.push(...embeddedErrors(value[key], property, below(path, key)))
    else if (additional) errors.push(...embeddedErrors(value[key], additional, `${path}[${key}]`))
  }
  return errors
}
