// What makes a definition's schema structural, with upstream's messages.
import type { CustomResourceDefinition } from '../../../shared/api/apiextensions/v1.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../shared/machinery/field-error.ts'
import { compilePattern } from '../../../shared/machinery/pattern/pattern.ts'
import { PatternError } from '../../../shared/machinery/pattern/syntax.ts'
import { ruleErrors, ruleTextErrors } from './rules/definition-errors.ts'
import { type Schema, propertyOf, schemaIn } from './schema.ts'
import { validateValue } from './validate-value.ts'

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string']
const FORBIDDEN = [
  '$ref',
  'definitions',
  'dependencies',
  'patternProperties',
  'additionalItems',
  'id',
  '$schema',
] as const
const FLAGS = [
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-int-or-string',
] as const
const NOT_IN_JUNCTORS = ['type', 'default', 'additionalProperties', 'nullable', 'title', 'description'] as const

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

/** Items of a set are compared as a whole. */
function setErrors(path: string, items: Schema | undefined): FieldError[] {
  const field = items?.type === 'object' ? 'map' : items?.type === 'array' ? 'list' : undefined
  if (!items || field === undefined) return []
  const own = items[`x-kubernetes-${field}-type`]
  return own === 'atomic' || (own === undefined && field === 'list')
    ? []
    : [
        invalidValue(
          `${path}.items.x-kubernetes-${field}-type`,
          own ?? null,
          'must be atomic as item of a list with x-kubernetes-list-type=set',
        ),
      ]
}

function extensionErrors(schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = []
  const mapType = schema['x-kubernetes-map-type']
  if (mapType !== undefined && schema.type !== 'object')
    errors.push(...typeErrors(path, schema.type, 'must be object if x-kubernetes-map-type is specified'))
  if (mapType !== undefined && mapType !== 'atomic' && mapType !== 'granular')
    errors.push(notSupported(`${path}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']))
  const preserve = schema['x-kubernetes-preserve-unknown-fields']
  if (preserve === false)
    errors.push(invalidValue(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'))
  if (schema['x-kubernetes-embedded-resource'] && !preserve && Object.keys(schema.properties ?? {}).length === 0)
    errors.push(
      required(
        `${path}.properties`,
        'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
      ),
    )
  return errors
}

function listErrors(schema: Schema, path: string): FieldError[] {
  const listType = schema['x-kubernetes-list-type']
  const keys = schema['x-kubernetes-list-map-keys']
  if (listType === undefined)
    return keys
      ? [required(`${path}.x-kubernetes-list-type`, 'must be map if x-kubernetes-list-map-keys is non-empty')]
      : []
  const at = `${path}.x-kubernetes-list-type`
  const errors =
    schema.type === 'array'
      ? listType === 'set'
        ? setErrors(path, schemaIn(schema.items))
        : []
      : typeErrors(path, schema.type, 'must be array if x-kubernetes-list-type is specified')
  if (!['atomic', 'set', 'map'].includes(listType)) errors.push(notSupported(at, listType, ['atomic', 'set', 'map']))
  if (keys?.length && listType !== 'map')
    errors.push(invalidValue(at, listType, 'must be map if x-kubernetes-list-map-keys is non-empty'))
  if (listType !== 'atomic' && schemaIn(schema.items)?.nullable)
    errors.push(
      forbiddenField(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`),
    )
  return listType === 'map' ? [...errors, ...mapErrors(path, keys ?? [], schemaIn(schema.items))] : errors
}

const typeErrors = (path: string, type: string | undefined, why: string): FieldError[] =>
  type ? [invalidValue(`${path}.type`, type, why)] : [required(`${path}.type`, why)]

/** Items of a map are told apart by their keys. */
function mapErrors(path: string, keys: readonly string[], items: Schema | undefined): FieldError[] {
  const at = `${path}.x-kubernetes-list-map-keys`
  const errors: FieldError[] = []
  if (keys.length === 0) errors.push(required(at, 'must not be empty if x-kubernetes-list-type is map'))
  if (!items) return [...errors, required(`${path}.items`, 'must have a schema if x-kubernetes-list-type is map')]
  const scalar = "must be a scalar type if parent array's x-kubernetes-list-type is map"
  if (items.type !== 'object') {
    const why = "must be object if parent array's x-kubernetes-list-type is map"
    errors.push(invalidValue(`${path}.items.type`, items.type ?? '', why))
  } else
    for (const [i, key] of keys.entries()) {
      const property = propertyOf(items, key)
      if (!property) errors.push(invalidValue(at, keys, 'entries must all be names of item properties'))
      else if (property.type === 'array' || property.type === 'object')
        errors.push(invalidValue(`${path}.items.properties[${key}].type`, items.type, scalar))
      if (keys.indexOf(key) < i) errors.push(invalidValue(at, keys, 'must not contain duplicate entries'))
    }
  for (const key of keys) {
    const property = propertyOf(items, key)
    const where = `${path}.items.properties[${key}]`
    const it = 'this property is in x-kubernetes-list-map-keys, so it'
    if (property && !items.required?.includes(key) && property.default === undefined)
      errors.push(required(`${where}.default`, `${it} must have a default or be a required property`))
    if (property?.nullable) errors.push(forbiddenField(`${where}.nullable`, `${it} cannot be nullable`))
  }
  return errors
}

/** @returns which schemas lack a type, in upstream's words */
const whereOf = (path: string, root: boolean): string =>
  root ? 'at the root' : path.endsWith('.items') ? 'for specified array items' : 'for specified object fields'

const isIntOrString = (anyOf: readonly Schema[] = []): boolean =>
  anyOf.length === 2 &&
  anyOf.every((inner, i) => Object.keys(inner).length === 1 && inner.type === ['integer', 'string'][i])

/** A default is told apart by where it stands; within, its parts are named as those of a value. */
const defaultErrors = (schema: Schema, path: string): FieldError[] =>
  validateValue(schema.default, schema, '').map(error => ({
    ...error,
    field: error.field === '' || error.field === '<nil>' ? path : `${path}.${error.field}`,
  }))

/** An int-or-string may say so in an anyOf, also in that of its first allOf: the one place where junctors name types. */
function withoutTypes({ allOf, anyOf, oneOf }: Schema): Schema {
  if (isIntOrString(anyOf)) return { ...(allOf ? { allOf } : {}), ...(oneOf ? { oneOf } : {}) }
  const [{ anyOf: inner, ...first } = {}, ...rest] = allOf ?? []
  return {
    ...(allOf ? { allOf: isIntOrString(inner) ? [first, ...rest] : allOf } : {}),
    ...(anyOf ? { anyOf } : {}),
    ...(oneOf ? { oneOf } : {}),
  }
}

/** @param inside a junctor such as anyOf, where only value validations may stand */
function schemaErrors(schema: Schema, path: string, inside: boolean, root: boolean): FieldError[] {
  const errors: FieldError[] = [
    ...patternErrors(schema, path),
    ...listErrors(schema, path),
    ...extensionErrors(schema, path),
  ]
  for (const name of FORBIDDEN)
    if (schema[name] !== undefined) errors.push(forbiddenField(`${path}.${name}`, `${name} is not supported`))
  if (schema.uniqueItems)
    errors.push(
      forbiddenField(
        `${path}.uniqueItems`,
        'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ),
    )
  schema['x-kubernetes-validations']?.forEach((rule, i) =>
    errors.push(...ruleTextErrors(rule, schema, `${path}.x-kubernetes-validations[${i}]`)),
  )
  if (inside) {
    for (const name of NOT_IN_JUNCTORS)
      if (schema[name] !== undefined) errors.push(forbiddenField(`${path}.${name}`, 'must be empty to be structural'))
    for (const name of FLAGS)
      if (schema[name]) errors.push(forbiddenField(`${path}.${name}`, 'must be false to be structural'))
  } else {
    const intOrString = schema['x-kubernetes-int-or-string'] === true
    const preserve = schema['x-kubernetes-preserve-unknown-fields'] === true
    if (schema.type === undefined && !intOrString && !preserve)
      errors.push(required(`${path}.type`, `must not be empty ${whereOf(path, root)}`))
    else if (root && schema.type !== 'object')
      errors.push(invalidValue(`${path}.type`, schema.type ?? '', 'must be object at the root'))
    if (root && schema.nullable) errors.push(forbiddenField(`${path}.nullable`, 'nullable cannot be true at the root'))
    if (schema.type !== undefined && !TYPES.includes(schema.type))
      errors.push(notSupported(`${path}.type`, schema.type, TYPES))
    if (intOrString)
      for (const name of FLAGS.slice(0, 2))
        if (schema[name])
          errors.push(invalidValue(`${path}.${name}`, true, 'must be false if x-kubernetes-int-or-string is true'))
    if (schema.type === 'array' && schema.items === undefined)
      errors.push(required(`${path}.items`, 'must be specified'))
    if (schema.properties && schema.additionalProperties !== undefined && schema.additionalProperties !== true)
      errors.push(
        forbiddenField(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'),
      )
    if (schema.additionalProperties !== undefined && root)
      errors.push(forbiddenField(`${path}.additionalProperties`, 'must not be used at the root'))
    if (schema.additionalProperties !== undefined && schema['x-kubernetes-embedded-resource'])
      errors.push(
        forbiddenField(`${path}.additionalProperties`, 'must not be used if x-kubernetes-embedded-resource is set'),
      )
    if (schema['x-kubernetes-embedded-resource'] && schema.type !== 'object')
      errors.push(...typeErrors(path, schema.type, 'must be object if x-kubernetes-embedded-resource is true'))
    if (schema.default !== undefined && errors.length === 0) errors.push(...defaultErrors(schema, `${path}.default`))
  }
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    errors.push(...schemaErrors(property, `${path}.properties[${name}]`, inside, false))
  const items = schemaIn(schema.items)
  if (items) errors.push(...schemaErrors(items, `${path}.items`, inside, false))
  const additional = schemaIn(schema.additionalProperties)
  if (additional && !inside) errors.push(...schemaErrors(additional, `${path}.additionalProperties`, inside, false))
  if (Array.isArray(schema.items))
    errors.push(forbiddenField(`${path}.items`, 'items must be a schema object and not an array'))
  const { allOf, anyOf, oneOf } = schema['x-kubernetes-int-or-string'] && !inside ? withoutTypes(schema) : schema
  for (const [name, list] of Object.entries({ allOf, anyOf, oneOf }))
    list?.forEach((inner, i) => errors.push(...schemaErrors(inner, `${path}.${name}[${i}]`, true, false)))
  if (schema.not) errors.push(...schemaErrors(schema.not, `${path}.not`, true, false))
  return errors
}

export function validateSchemas({ metadata, spec }: CustomResourceDefinition): FieldError[] {
  const errors = (spec.versions ?? []).flatMap((version, i) => {
    const at = `spec.versions[${i}]`
    const schema = version.schema?.openAPIV3Schema
    const found = schema ? schemaErrors(schema, `${at}.schema.openAPIV3Schema`, false, true) : []
    if (schema && found.length === 0) found.push(...ruleErrors(schema, `${at}.schema.openAPIV3Schema`))
    return found
  })
  const approval = metadata.annotations?.['api-approved.kubernetes.io']
  if (/(^|\.)(k8s|kubernetes)\.io$/.test(spec.group ?? '') && !approval)
    errors.push(
      required(
        'metadata.annotations[api-approved.kubernetes.io]',
        'protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
      ),
    )
  return errors
}
