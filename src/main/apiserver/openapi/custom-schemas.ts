// OpenAPI schemas of custom resources: what the definition says, with the parts that every object has.
import type { JSONSchemaProps } from '../../../shared/api/apiextensions/v1.ts'
import { isObject } from '../../../shared/machinery/json-object.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import { definitionName, type Dialect, type JsonSchema } from './type-schemas.ts'

const API_VERSION = { description: 'The version of the schema that the object follows.', type: 'string' }
const KIND = { description: 'The kind of the object.', type: 'string' }
/** Version 2 clients refuse what these allow, so there the values are left open. */
const NOT_IN_V2 = new Set(['oneOf', 'anyOf', 'allOf', 'not', 'nullable'])

function forV2(schema: JSONSchemaProps): JsonSchema {
  if (schema['x-kubernetes-preserve-unknown-fields'] || schema['x-kubernetes-int-or-string']) {
    const { description, type } = schema
    const open = schema['x-kubernetes-int-or-string'] ? { 'x-kubernetes-int-or-string': true } : {}
    return { ...(description ? { description } : {}), ...(type === 'object' ? { type } : {}), ...open }
  }
  const result: JsonSchema = Object.fromEntries(Object.entries(schema).filter(([key]) => !NOT_IN_V2.has(key)))
  if (schema.nullable) delete result['type']
  if (schema.properties)
    result['properties'] = Object.fromEntries(
      Object.entries(schema.properties).map(([key, inner]) => [key, forV2(inner)]),
    )
  if (isObject(schema.items)) result['items'] = forV2(schema.items)
  if (isObject(schema.additionalProperties)) result['additionalProperties'] = forV2(schema.additionalProperties)
  return result
}

/** @returns the kind and its list; none for a kind of the table */
export function customSchemas({ custom, schema, type }: ResourceDescriptor, dialect: Dialect): [string, JsonSchema][] {
  if (!custom) return []
  const { group, version, kind } = type
  const name = definitionName(schema)
  const ref = (to: string): JsonSchema => ({ $ref: dialect.refPrefix + to })
  const meta = (id: string): JsonSchema =>
    dialect.version === 3 ? { allOf: [ref(definitionName(id))], default: {} } : ref(definitionName(id))
  const own: JsonSchema = dialect.version === 3 ? { ...custom.openapi } : forV2(custom.openapi)
  const properties = isObject(own['properties']) ? own['properties'] : {}
  const gvk = (of: string) => ({ 'x-kubernetes-group-version-kind': [{ group, version, kind: of }] })
  return [
    [
      name,
      {
        ...own,
        type: 'object',
        properties: { ...properties, apiVersion: API_VERSION, kind: KIND, metadata: meta('meta.v1.ObjectMeta') },
        ...gvk(kind),
      },
    ],
    [
      `${name}List`,
      {
        type: 'object',
        required: ['items'],
        properties: {
          apiVersion: API_VERSION,
          kind: KIND,
          metadata: meta('meta.v1.ListMeta'),
          items: { type: 'array', items: ref(name) },
        },
        ...gvk(`${kind}List`),
      },
    ],
  ]
}
