// A custom resource's schema as the other files read it, and the facts that generic code takes from it.
import type { JSONSchemaProps } from '../../../shared/api/apiextensions/v1.ts'
import { isObject } from '../../../shared/machinery/json-object.ts'
import type { FieldFact } from '../schema/table.ts'

export type Schema = JSONSchemaProps

/** @returns the schema in a field that may also hold a boolean or a list. */
export const schemaIn = (value: unknown): Schema | undefined => (isObject(value) ? value : undefined)

/** @returns the schema of a property, never of an inherited one. */
export const propertyOf = ({ properties }: Schema, key: string): Schema | undefined =>
  properties && Object.hasOwn(properties, key) ? properties[key] : undefined

const SCALARS: Readonly<Record<string, FieldFact['t']>> = {
  string: 'string',
  integer: 'integer',
  number: 'number',
  boolean: 'boolean',
}

/** @returns how apply owns and merges a value of this schema. */
export function factOf(schema: Schema, root = false): FieldFact {
  const items = schemaIn(schema.items)
  if (schema.type === 'array') {
    const lt = schema['x-kubernetes-list-type'] as 'atomic' | 'set' | 'map' | undefined
    const lk = schema['x-kubernetes-list-map-keys']
    return {
      t: 'array',
      lt: lt ?? 'atomic',
      ...(lk ? { lk } : {}),
      ...(items ? { i: factOf(items) } : {}),
    }
  }
  if (schema.type !== 'object') return { t: SCALARS[schema.type ?? ''] ?? 'any' }
  const mt = schema['x-kubernetes-map-type'] as 'atomic' | 'granular' | undefined
  const additional = schemaIn(schema.additionalProperties)
  if (additional) return { t: 'map', i: factOf(additional), ...(mt ? { mt } : {}) }
  const fields: Record<string, FieldFact> = Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([name, property]) => [name, factOf(property)]),
  )
  if (root || schema['x-kubernetes-embedded-resource']) {
    fields['apiVersion'] = fields['kind'] = { t: 'string' }
    fields['metadata'] = { t: 'ref', r: 'meta.v1.ObjectMeta' }
  }
  return { t: 'ref', s: { fields, open: true }, ...(mt ? { mt } : {}) }
}
