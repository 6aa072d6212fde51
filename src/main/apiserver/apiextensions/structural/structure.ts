// What makes a schema structural: every field has one place in which its type stands, and what junctors say of it comes on
// top of that. With upstream's messages, in the order in which it sorts them.
// @see https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
import {
  describeFieldError,
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
} from '../../../../shared/machinery/field-error.ts'
import { compilePattern } from '../../../../shared/machinery/pattern/pattern.ts'
import { PatternError } from '../../../../shared/machinery/pattern/syntax.ts'
import type { Pieces } from '../../../pieces/pacer.ts'
import { JUNCTORS, propertyOf, type Schema, schemaIn, schemasIn } from '../schema.ts'

type Level = 'root' | 'item' | 'field'

interface Inner {
  readonly schema: Schema
  readonly path: string
}

function junctorsOf(schema: Schema, path: string): Inner[] {
  const inner: Inner[] = JUNCTORS.flatMap(name =>
    (schema[name] ?? []).map((one, i) => ({ schema: one, path: `${path}.${name}[${i}]` })),
  )
  if (schema.not) inner.push({ schema: schema.not, path: `${path}.not` })
  return inner
}

const propertiesOf = (schema: Schema, path: string): Inner[] =>
  Object.entries(schema.properties ?? {}).map(([name, one]) => ({
    schema: one,
    path: `${path}.properties[${name}]`,
  }))

function itemsOf(schema: Schema, path: string): Inner[] {
  const items = schemaIn(schema.items)
  return items ? [{ schema: items, path: `${path}.items` }] : []
}

function additionalOf(schema: Schema, path: string): Inner[] {
  const additional = schemaIn(schema.additionalProperties)
  return additional ? [{ schema: additional, path: `${path}.additionalProperties` }] : []
}

const isSomething = (value: unknown): boolean =>
  typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value)

/** Where a schema asks for what no structural one has, the first of it is told alone. */
const UNKNOWN = [
  'id',
  '$schema',
  '$ref',
  'patternProperties',
  'dependencies',
  'additionalItems',
  'definitions',
] as const

/** @returns why nothing structural can be made of it at all */
export function whyNotStructural(schema: Schema): string | undefined {
  for (const one of schemasIn(schema)) {
    const unknown = UNKNOWN.find(name => isSomething(one[name]))
    if (unknown) return `OpenAPIV3Schema '${unknown === '$schema' ? 'schema' : unknown}' is not supported`
    if (Array.isArray(one.items)) return "OpenAPIV3Schema 'items' must be a schema, but is an array"
  }
  return undefined
}

/** An int-or-string may say so in an anyOf, also in that of its first allOf: the one place where junctors name types. */
const isIntOrString = (anyOf: readonly Schema[] = []): boolean =>
  anyOf.length === 2 &&
  anyOf.every((inner, i) => Object.keys(inner).length === 1 && inner.type === ['integer', 'string'][i])

function patternErrors({ pattern }: Schema, path: string): FieldError[] {
  if (pattern === undefined) return []
  try {
    compilePattern(pattern)
    return []
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    return [invalidValue(`${path}.pattern`, pattern, `must be a valid regular expression, but isn't: ${error.message}`)]
  }
}

interface Spared {
  readonly anyOf?: boolean
  /** The anyOf of the first allOf. */
  readonly first?: boolean
}

function valueErrors(schema: Schema, path: string, spared: Spared = {}): FieldError[] {
  const errors = patternErrors(schema, path)
  for (const inner of junctorsOf(schema, path)) {
    if (spared.anyOf && inner.path.startsWith(`${path}.anyOf[`)) continue
    errors.push(...nestedErrors(inner, { anyOf: spared.first === true && inner.path === `${path}.allOf[0]` }))
  }
  return errors
}

const EMPTY = ['type', 'title', 'description', 'x-kubernetes-list-map-keys', 'x-kubernetes-validations'] as const
const UNDEFINED = ['default', 'x-kubernetes-list-type', 'x-kubernetes-map-type'] as const
const FALSE = [
  'nullable',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-int-or-string',
] as const

/** Of a schema in a junctor, where nothing but what values are to be like may stand. */
function nestedErrors({ schema, path }: Inner, spared: Spared = {}): FieldError[] {
  const must = (name: string, what: string) => forbiddenField(`${path}.${name}`, `must be ${what} to be structural`)
  const errors = valueErrors(schema, path, spared)
  for (const inner of [...itemsOf(schema, path), ...propertiesOf(schema, path)]) errors.push(...nestedErrors(inner))
  for (const name of EMPTY) if (isSomething(schema[name])) errors.push(must(name, 'empty'))
  for (const name of UNDEFINED) if (schema[name] !== undefined) errors.push(must(name, 'undefined'))
  if (schema.additionalProperties !== undefined) errors.push(must('additionalProperties', 'undefined'))
  for (const name of FALSE) if (schema[name]) errors.push(must(name, 'false'))
  if (propertyOf(schema, 'metadata'))
    errors.push(forbiddenField(`${path}.properties[metadata]`, 'must not be specified in a nested context'))
  return errors
}

const TYPE_NEEDED: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
}

function typeErrors(schema: Schema, path: string, level: Level): FieldError[] {
  const at = `${path}.type`
  const errors: FieldError[] = []
  if (schema['x-kubernetes-embedded-resource'] && schema.type !== 'object') {
    const why = 'must be object if x-kubernetes-embedded-resource is true'
    errors.push(schema.type ? invalidValue(at, schema.type, why) : required(at, why))
  } else if (!schema.type && !schema['x-kubernetes-int-or-string'] && !schema['x-kubernetes-preserve-unknown-fields'])
    errors.push(required(at, TYPE_NEEDED[level]))
  if (level === 'root' && schema.type && schema.type !== 'object')
    errors.push(invalidValue(at, schema.type, 'must be object at the root'))
  return errors
}

/** Names are all that a schema may narrow of the metadata. */
const NARROWED = ['name', 'generateName']

function metadataErrors(schema: Schema, path: string, level: Level): FieldError[] {
  const isWhole = level === 'root' || schema['x-kubernetes-embedded-resource'] === true
  const errors: FieldError[] = []
  const typed = (name: string, type: string) => {
    const property = propertyOf(schema, name)
    if (property && property.type !== type)
      errors.push(invalidValue(`${path}.properties[${name}].type`, property.type ?? '', `must be ${type}`))
  }
  if (!isWhole) return errors
  typed('kind', 'string')
  typed('apiVersion', 'string')
  typed('metadata', 'object')
  const metadata = propertyOf(schema, 'metadata')
  if (level !== 'root' || !metadata) return errors
  const { type: _type, default: _default, properties = {}, ...rest } = metadata
  if (Object.values(rest).some(isSomething) || Object.keys(properties).some(name => !NARROWED.includes(name)))
    errors.push(
      forbiddenField(
        `${path}.properties[metadata]`,
        'must not specify anything other than name and generateName, but metadata is implicitly specified',
      ),
    )
  return errors
}

function extensionErrors(schema: Schema, path: string, level: Level): FieldError[] {
  const errors: FieldError[] = []
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true
  const isFree = schema['x-kubernetes-preserve-unknown-fields'] === true
  const additional = `${path}.additionalProperties`
  if (schema.additionalProperties !== undefined && level === 'root')
    errors.push(forbiddenField(additional, 'must not be used at the root'))
  if (schema.additionalProperties !== undefined && isEmbedded)
    errors.push(forbiddenField(additional, 'must not be used if x-kubernetes-embedded-resource is set'))
  if (schema['x-kubernetes-int-or-string'])
    for (const name of ['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const)
      if (schema[name])
        errors.push(invalidValue(`${path}.${name}`, true, 'must be false if x-kubernetes-int-or-string is true'))
  if (isEmbedded && !isFree && !isSomething(schema.properties))
    errors.push(
      required(
        `${path}.properties`,
        'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
      ),
    )
  return errors
}

function invariantErrors(schema: Schema, path: string, level: Level): FieldError[] {
  const errors: FieldError[] = []
  if (schema.type === 'array' && !schemaIn(schema.items)) errors.push(required(`${path}.items`, 'must be specified'))
  for (const inner of itemsOf(schema, path)) errors.push(...invariantErrors(inner.schema, inner.path, 'item'))
  for (const inner of [...propertiesOf(schema, path), ...additionalOf(schema, path)])
    errors.push(...invariantErrors(inner.schema, inner.path, 'field'))
  const spared = { anyOf: isIntOrString(schema.anyOf), first: isIntOrString(schema.allOf?.[0]?.anyOf) }
  return [
    ...errors,
    ...extensionErrors(schema, path, level),
    ...valueErrors(schema, path, spared),
    ...typeErrors(schema, path, level),
    ...metadataErrors(schema, path, level),
  ]
}

/** Whatever a junctor speaks of is to be declared outside of it. */
function completenessErrors(nested: Inner, schema: Schema | undefined, path: string): FieldError[] {
  if (!schema) return [required(path, `because it is defined in ${nested.path}`)]
  const errors = junctorsOf(nested.schema, nested.path).flatMap(inner => completenessErrors(inner, schema, path))
  for (const items of itemsOf(nested.schema, nested.path))
    errors.push(...completenessErrors(items, schemaIn(schema.items), `${path}.items`))
  for (const [name, property] of Object.entries(nested.schema.properties ?? {}))
    errors.push(
      ...completenessErrors(
        { schema: property, path: `${nested.path}.properties[${name}]` },
        propertyOf(schema, name),
        `${path}.properties[${name}]`,
      ),
    )
  return errors
}

/** @param schema of which something structural can be made */
export function* structureErrors(schema: Schema, path: string): Pieces<FieldError[]> {
  const errors = invariantErrors(schema, path, 'root')
  yield
  for (const inner of junctorsOf(schema, path)) {
    errors.push(...completenessErrors(inner, schema, path))
    yield
  }
  const told = new Map(errors.map(error => [error, describeFieldError(error)]))
  const text = (error: FieldError) => told.get(error) ?? ''
  return errors.toSorted((a, b) => (text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0))
}
