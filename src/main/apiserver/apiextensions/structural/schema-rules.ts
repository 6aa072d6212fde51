// What the parts of a definition's schema must look like, each for itself, with upstream's messages.
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../../shared/machinery/field-error.ts'
import { ruleTextErrors } from '../rules/definition-errors.ts'
import { JUNCTORS, OF_OBJECTS, type Schema, propertyOf, schemaIn } from '../schema.ts'

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string']
const FORBIDDEN = ['id', 'additionalItems', 'patternProperties', 'definitions', 'dependencies', '$ref'] as const

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
  return listType === 'map' ? [...errors, ...mapErrors(path, keys ?? [], schema.items)] : errors
}

const typeErrors = (path: string, type: string | undefined, why: string): FieldError[] =>
  type ? [invalidValue(`${path}.type`, type, why)] : [required(`${path}.type`, why)]

/** Items of a map are told apart by their keys. */
function mapErrors(path: string, keys: readonly string[], given: unknown): FieldError[] {
  const items = schemaIn(given)
  const at = `${path}.x-kubernetes-list-map-keys`
  const errors: FieldError[] = []
  if (keys.length === 0) errors.push(required(at, 'must not be empty if x-kubernetes-list-type is map'))
  const itemsAt = `${path}.items`
  if (!items)
    return [
      ...errors,
      given === undefined
        ? required(itemsAt, 'must have a schema if x-kubernetes-list-type is map')
        : invalidValue(itemsAt, given, 'must only have a single schema if x-kubernetes-list-type is map'),
    ]
  const scalar = "must be a scalar type if parent array's x-kubernetes-list-type is map"
  if (items.type !== 'object') {
    const why = "must be object if parent array's x-kubernetes-list-type is map"
    errors.push(invalidValue(`${itemsAt}.type`, items.type ?? '', why))
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

/** What stands around a schema. */
interface Around {
  /** Why there may be no defaults. */
  readonly noDefaults?: string
  /** It is part of the type or the metadata of an object. */
  readonly isOfMeta?: boolean
}

function aroundProperty(schema: Schema, name: string, isRoot: boolean, around: Around): Around {
  if (!(isRoot || schema['x-kubernetes-embedded-resource']) || !OF_OBJECTS.has(name)) return around
  return { ...around, isOfMeta: true, ...(isRoot ? { noDefaults: `in top-level ${name}` } : {}) }
}

/** What some fields may not say, wherever they are. */
function ownErrors(schema: Schema, path: string, { noDefaults, isOfMeta }: Around): FieldError[] {
  const errors: FieldError[] = []
  const forbid = (name: string, why: string) => errors.push(forbiddenField(`${path}.${name}`, why))
  if (schema.type && !TYPES.includes(schema.type)) errors.push(notSupported(`${path}.type`, schema.type, TYPES))
  if (schema.default !== undefined && noDefaults) forbid('default', `must not be set ${noDefaults}`)
  for (const name of FORBIDDEN) if (schema[name] !== undefined) forbid(name, `${name} is not supported`)
  if (schema.type === 'null') forbid('type', 'type cannot be set to null, use nullable as an alternative')
  if (Array.isArray(schema.items)) forbid('items', 'items must be a schema object and not an array')
  if (isOfMeta && schema['x-kubernetes-embedded-resource'])
    forbid('x-kubernetes-embedded-resource', 'must not be used inside of resource meta')
  if (schema.uniqueItems)
    forbid('uniqueItems', 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic')
  const { properties = {}, additionalProperties } = schema
  if (additionalProperties !== undefined && additionalProperties !== true && Object.keys(properties).length > 0)
    forbid('additionalProperties', 'additionalProperties and properties are mutual exclusive')
  return errors
}

/** @returns what is wrong with a schema and those within it, in junctors too */
export function schemaErrors(schema: Schema, path: string, around: Around = {}, isRoot = true): FieldError[] {
  const errors: FieldError[] = [
    ...ownErrors(schema, path, around),
    ...extensionErrors(schema, path),
    ...listErrors(schema, path),
  ]
  schema['x-kubernetes-validations']?.forEach((rule, i) =>
    errors.push(...ruleTextErrors(rule, schema, `${path}.x-kubernetes-validations[${i}]`)),
  )
  const within = (inner: unknown, at: string, aroundIt = around) => {
    const one = schemaIn(inner)
    if (one) errors.push(...schemaErrors(one, `${path}.${at}`, aroundIt, false))
  }
  const noDefaults = 'inside additionalProperties applying to object metadata'
  within(schema.additionalProperties, 'additionalProperties', around.isOfMeta ? { ...around, noDefaults } : around)
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    within(property, `properties[${name}]`, aroundProperty(schema, name, isRoot, around))
  within(schema.not, 'not')
  for (const name of JUNCTORS) schema[name]?.forEach((inner, i) => within(inner, `${name}[${i}]`))
  within(schema.items, 'items')
  return errors
}
