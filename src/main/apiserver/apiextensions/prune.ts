// Pruning: drops, and reports, what the schema does not know.
import { type FieldError, invalidValue } from '../../../shared/machinery/field-error.ts'
import { isObject, type JsonObject, setField } from '../../../shared/machinery/json-object.ts'
import { decodeObject } from '../schema/decode.ts'
import { propertyOf, type Schema, schemaIn } from './schema.ts'

const OWN = new Set(['apiVersion', 'kind', 'metadata'])
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
export function prune(value: unknown, root: Schema, keepNulls = false): Pruned {
  const unknown: string[] = []
  const unknownMetadata: string[] = []
  const errors: FieldError[] = []
  let tooDeep = false

  /** @param schema undefined below a field that preserves what is unknown */
  function walk(given: unknown, schema: Schema | undefined, path: string, depth: number, resource: boolean): unknown {
    if (depth > MAX_DEPTH) {
      tooDeep = true
      return null
    }
    if (Array.isArray(given)) {
      const items = schemaIn(schema?.items)
      const keep = items ?? (schema?.['x-kubernetes-preserve-unknown-fields'] ? undefined : schema && {})
      return given.map((item, i) => walk(item, keep, `${path}[${i}]`, depth + 1, false))
    }
    if (!isObject(given)) return given
    const copy: JsonObject = {}
    const preserve = schema === undefined || schema['x-kubernetes-preserve-unknown-fields'] === true
    const own = resource || schema?.['x-kubernetes-embedded-resource'] === true
    const additional = schema && schemaIn(schema.additionalProperties)
    for (const key of Object.keys(given)) {
      const at = path ? `${path}.${key}` : key
      const known = schema && propertyOf(schema, key)
      // The root's metadata is decoded by whoever asked; an embedded object's follows the same schema.
      const embedded = own && !resource && key === 'metadata' && isObject(given[key])
      const meta = embedded ? decodeObject('meta.v1.ObjectMeta', given[key]) : undefined
      if (meta && meta.errors.length === 0) {
        unknownMetadata.push(...meta.unknown.map(path => `${at}.${path}`))
        setField(copy, key, meta.object)
        continue
      }
      if (!keepNulls && isIdle(given[key], known ?? additional)) continue
      if (own && !resource && OWN.has(key)) errors.push(...unreadable(at, key, given[key], meta?.errors[0]))
      if (own && OWN.has(key)) setField(copy, key, walk(given[key], undefined, at, depth + 1, false))
      else if (known ?? additional) setField(copy, key, walk(given[key], known ?? additional, at, depth + 1, false))
      else if (preserve || schema.additionalProperties === true)
        setField(copy, key, walk(given[key], undefined, at, depth + 1, false))
      else unknown.push(at)
    }
    return copy
  }

  return { value: walk(value, root, '', 0, true), unknown, unknownMetadata, tooDeep, errors }
}
