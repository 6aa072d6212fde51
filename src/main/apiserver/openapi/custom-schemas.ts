// OpenAPI schemas of custom resources: what the definition says, with the parts that every object has.
import type { JSONSchemaProps } from '../../../shared/api/apiextensions/v1.ts'
import { isObject } from '../../../shared/machinery/json-object.ts'
import { listKindOf, type ResourceDescriptor } from '../registry/resource.ts'
import { definitionName, type Descriptions, type Dialect, type JsonSchema } from './type-schemas.ts'

/** The texts of every kind's own fields are the same: those of one stand for all. */
const ANY_KIND = 'core.v1.ConfigMap'
const ANY_LIST = 'core.v1.PodList'
const own = (field: 'apiVersion' | 'kind' | 'metadata', otherwise: string, descriptions: Descriptions): JsonSchema => ({
  description: descriptions[ANY_KIND]?.[field] ?? otherwise,
})

/** Version 2 clients refuse what these allow, so there the values are left open. */
const NOT_IN_V2 = new Set(['oneOf', 'anyOf', 'allOf', 'not', 'nullable', 'default'])
/** What is told of a value whose content is left open. */
const OPEN = [
  'description',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-int-or-string',
  'x-kubernetes-preserve-unknown-fields',
] as const

function forV2(schema: JSONSchemaProps): JsonSchema {
  if (schema['x-kubernetes-preserve-unknown-fields'] || schema['x-kubernetes-int-or-string'])
    return Object.fromEntries(OPEN.flatMap(key => (schema[key] ? [[key, schema[key]]] : [])))
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

/**
 * An object inside an object has the parts of every object. In version 2 not where it may have others than are named:
 * clients would take these for unknown.
 */
function withEmbedded(schema: JsonSchema, parts: JsonSchema, version: Dialect['version']): JsonSchema {
  const result: JsonSchema = { ...schema }
  const { properties, items, additionalProperties, required } = schema
  const inner = (value: unknown) => (isObject(value) ? withEmbedded(value, parts, version) : value)
  if (isObject(properties))
    result['properties'] = Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, inner(value)]))
  if (isObject(items)) result['items'] = inner(items)
  if (isObject(additionalProperties)) result['additionalProperties'] = inner(additionalProperties)
  if (schema['x-kubernetes-embedded-resource'] !== true) return result
  if (version === 2 && schema['x-kubernetes-preserve-unknown-fields'] === true) return result
  result['properties'] = { ...(result['properties'] as JsonSchema | undefined), ...parts }
  result['required'] = [...new Set([...(Array.isArray(required) ? (required as string[]) : []), 'kind', 'apiVersion'])]
  return result
}

/** @returns the kind and its list; none for a kind of the table */
export function customSchemas(
  resource: ResourceDescriptor,
  dialect: Dialect,
  descriptions: Descriptions,
): [string, JsonSchema][] {
  const { custom, schema, type } = resource
  if (!custom) return []
  const apiVersion = {
    ...own('apiVersion', 'The version of the schema that the object follows.', descriptions),
    type: 'string',
  }
  const kindField = { ...own('kind', 'The kind of the object.', descriptions), type: 'string' }
  const metadataText = own('metadata', "Standard object's metadata.", descriptions)
  const listText = { description: descriptions[ANY_LIST]?.['metadata'] ?? 'Standard list metadata.' }
  const { group, version, kind } = type
  // Of what is open, nothing may be named in version 2: clients would take what is not named for unknown.
  const open = dialect.version === 2 && custom.openapi['x-kubernetes-preserve-unknown-fields'] === true
  const name = definitionName(schema)
  const ref = (to: string): JsonSchema => ({ $ref: dialect.refPrefix + to })
  const meta = (id: string, text: JsonSchema): JsonSchema =>
    dialect.version === 3 ? { ...text, allOf: [ref(definitionName(id))] } : { ...text, ...ref(definitionName(id)) }
  const common = { apiVersion, kind: kindField, metadata: meta('meta.v1.ObjectMeta', metadataText) }
  const bare: JsonSchema = dialect.version === 3 ? { ...custom.openapi } : forV2(custom.openapi)
  const said = withEmbedded(bare, common, dialect.version)
  const properties = isObject(said['properties']) ? said['properties'] : {}
  const selectable = Object.keys(resource.selectableFields ?? {}).map(fieldPath => ({ fieldPath }))
  const ofKind = selectable.length > 0 ? { 'x-kubernetes-selectable-fields': selectable } : {}
  const gvk = (of: string) => ({ 'x-kubernetes-group-version-kind': [{ group, version, kind: of }] })
  return [
    [
      name,
      open
        ? { type: 'object', ...gvk(kind), ...ofKind }
        : { ...said, type: 'object', properties: { ...properties, ...common }, ...gvk(kind), ...ofKind },
    ],
    [
      `${name}List`,
      {
        description: `${listKindOf(resource)} is a list of ${kind}`,
        type: 'object',
        required: ['items'],
        properties: {
          apiVersion,
          kind: kindField,
          metadata: meta('meta.v1.ListMeta', listText),
          items: { description: `List of ${type.plural}.`, type: 'array', items: ref(name) },
        },
        ...gvk(listKindOf(resource)),
        ...ofKind,
      },
    ],
  ]
}
