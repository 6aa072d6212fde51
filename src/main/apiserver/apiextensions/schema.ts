// A custom resource's schema as the other files read it, and the facts that generic code takes from it.
import type { JSONSchemaProps } from '../../../shared/api/apiextensions/v1.ts'
import { isObject } from '../../../shared/machinery/json-object.ts'
import type { FieldFact } from '../schema/facts.ts'

export type Schema = JSONSchemaProps

/** What every object says of itself. */
export const OF_OBJECTS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata'])

/** Fields that hold several schemas for the same value. */
export const JUNCTORS = ['allOf', 'anyOf', 'oneOf'] as const

/** @returns the schema in a field that may also hold a boolean or a list. */
export const schemaIn = (value: unknown): Schema | undefined => (isObject(value) ? value : undefined)

/** @returns the schema of a property, never of an inherited one. */
export const propertyOf = ({ properties }: Schema, key: string): Schema | undefined =>
  properties && Object.hasOwn(properties, key) ? properties[key] : undefined

/** @returns the schema itself and all within it */
export function* schemasIn(schema: Schema): Generator<Schema> {
  yield schema
  const inner = [
    schemaIn(schema.items),
    ...JUNCTORS.flatMap(name => schema[name] ?? []),
    schema.not,
    ...Object.values(schema.properties ?? {}),
    schemaIn(schema.additionalProperties),
  ]
  for (const one of inner) if (one) yield* schemasIn(one)
}

const SCALARS: Readonly<Record<string, FieldFact['t']>> = {
  string: 'string',
  integer: 'integer',
  number: 'number',
  boolean: 'boolean',
}

const DEDUCED: FieldFact = { t: 'deduced' }

/**
 * @param root it is the object itself
 * @param open something around it preserves unknown fields
 * @returns how apply owns and merges a value of this schema
 */
export function factOf(schema: Schema, root = false, open = false): FieldFact {
  const preserves = open || schema['x-kubernetes-preserve-unknown-fields'] === true
  const items = schemaIn(schema.items)
  if (schema.type === 'array') {
    const lt = schema['x-kubernetes-list-type'] as 'atomic' | 'set' | 'map' | undefined
    const lk = schema['x-kubernetes-list-map-keys']
    return {
      t: 'array',
      lt: lt ?? 'atomic',
      ...(lk ? { lk } : {}),
      ...(items ? { i: factOf(items, false, preserves) } : {}),
    }
  }
  if (schema.type !== undefined && schema.type !== 'object')
    return { t: SCALARS[schema.type] ?? 'any', ...(schema.default === undefined ? {} : { d: schema.default }) }
  const mt = schema['x-kubernetes-map-type'] as 'atomic' | 'granular' | undefined
  const additional = schemaIn(schema.additionalProperties)
  if (additional) return { t: 'map', i: factOf(additional, false, preserves), ...(mt ? { mt } : {}) }
  const fields: Record<string, FieldFact> = Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([name, property]) => [name, factOf(property, false, preserves)]),
  )
  const isFree = Object.keys(fields).length === 0 || schema.additionalProperties === true || preserves
  if (root || schema['x-kubernetes-embedded-resource']) {
    fields['apiVersion'] = fields['kind'] = { t: 'string' }
    fields['metadata'] = { t: 'ref', r: 'meta.v1.ObjectMeta' }
  }
  if (isFree && Object.keys(fields).length === 0) return { ...DEDUCED, ...(mt ? { mt } : {}) }
  return { t: 'ref', s: { fields, ...(isFree ? { rest: DEDUCED } : {}) }, ...(mt ? { mt } : {}) }
}
