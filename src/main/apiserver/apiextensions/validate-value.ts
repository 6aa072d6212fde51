// Validation of a value against its schema, in upstream's words.
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import {
  type FieldError,
  invalidValue,
  notSupported,
  required,
  tooLong,
  tooMany,
} from '../../../shared/machinery/field-error.ts'
import { getField, isObject, type JsonObject } from '../../../shared/machinery/json-object.ts'
import { formatFits } from './formats.ts'
import { compilePattern } from '../../../shared/machinery/pattern/pattern.ts'
import { propertyOf, type Schema, schemaIn } from './schema.ts'
import { encodeJson } from '../../../shared/machinery/json-text.ts'

const typeOf = (value: unknown): string =>
  value === null
    ? 'null'
    : Array.isArray(value)
      ? 'array'
      : typeof value === 'number' || typeof value === 'bigint'
        ? typeof value === 'bigint' || Number.isInteger(value)
          ? 'integer'
          : 'number'
        : typeof value

const fits = (type: string, wanted: string) => type === wanted || (wanted === 'number' && type === 'integer')

const wrongType = (path: string, given: string, wanted: string): FieldError => ({
  ...invalidValue(path, given, `${path} in body must be of type ${wanted}: "${given}"`),
  type: 'FieldValueTypeInvalid',
})

function ofNumber(value: number | bigint, schema: Schema, path: string): FieldError[] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema
  const errors: FieldError[] = []
  const fail = (detail: string) => errors.push(invalidValue(path, value, `${path} in body should be ${detail}`))
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum))
    fail(exclusiveMinimum ? `greater than ${minimum}` : `greater than or equal to ${minimum}`)
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum))
    fail(exclusiveMaximum ? `less than ${maximum}` : `less than or equal to ${maximum}`)
  if (multipleOf !== undefined) {
    const times = Number(value) / Number(multipleOf)
    if (Math.abs(times - Math.round(times)) > 1e-9) fail(`a multiple of ${multipleOf}`)
  }
  return errors
}

/** The first of its bounds that a text does not keep. */
function boundOf(value: string, { minLength, maxLength, pattern }: Schema, path: string): FieldError | undefined {
  const length = minLength === undefined && maxLength === undefined ? 0 : [...value].length
  if (maxLength !== undefined && length > maxLength) return tooLong(path, maxLength)
  if (minLength !== undefined && length < minLength)
    return invalidValue(path, value, `${path} in body should be at least ${minLength} chars long`)
  if (pattern !== undefined && !compilePattern(pattern).fits(value))
    return invalidValue(path, value, `${path} in body should match '${pattern}'`)
  return undefined
}

function ofString(value: string, schema: Schema, path: string): FieldError[] {
  const { format } = schema
  const bound = boundOf(value, schema, path)
  const errors = bound ? [bound] : []
  if (format !== undefined && !formatFits(format, value))
    errors.push({
      ...invalidValue(path, value, `${path} in body must be of type ${format}: ${JSON.stringify(value)}`),
      type: 'FieldValueTypeInvalid',
    })
  return errors
}

/** @returns what tells the items of a list by keys apart */
function keyReader(schema: Schema): (item: unknown) => string {
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  return item => encodeJson(isObject(item) ? Object.fromEntries(keys.map(name => [name, getField(item, name)])) : item)
}

function ofArray(value: readonly unknown[], schema: Schema, path: string, old: unknown): FieldError[] {
  const { minItems, maxItems } = schema
  const errors: FieldError[] = []
  if (minItems !== undefined && value.length < minItems)
    errors.push(invalidValue(path, value.length, `${path} in body should have at least ${minItems} items`))
  if (maxItems !== undefined && value.length > maxItems) errors.push(tooMany(path, value.length, maxItems))
  const listType = schema['x-kubernetes-list-type']
  const seen = new Set<string>()
  const items = schemaIn(schema.items)
  const keyOf = keyReader(schema)
  // Only the items of a list by key can be told to be the same as before.
  const before = new Map(
    listType === 'map' && Array.isArray(old) ? old.map(item => [keyOf(item), item as unknown]) : [],
  )
  value.forEach((item, i) => {
    const at = `${path}[${i}]`
    if (listType === 'set' || (listType === 'map' && isObject(item))) {
      const text = listType === 'set' ? encodeJson(item) : keyOf(item)
      if (seen.has(text)) errors.push({ type: 'FieldValueDuplicate', field: at, message: `Duplicate value: ${text}` })
      seen.add(text)
    }
    if (items) errors.push(...validateValue(item, items, at, before.get(keyOf(item))))
  })
  return errors
}

function ofObject(value: JsonObject, schema: Schema, path: string, old: unknown): FieldError[] {
  const { minProperties, maxProperties } = schema
  const keys = Object.keys(value)
  const at = (key: string) => (path ? `${path}.${key}` : key)
  const errors: FieldError[] = (schema.required ?? [])
    .filter(key => !Object.hasOwn(value, key))
    .map(key => required(at(key)))
  if (minProperties !== undefined && keys.length < minProperties)
    errors.push(invalidValue(path, keys.length, `${path} in body should have at least ${minProperties} properties`))
  if (maxProperties !== undefined && keys.length > maxProperties) errors.push(tooMany(path, keys.length, maxProperties))
  const additional = schemaIn(schema.additionalProperties)
  for (const key of keys) {
    const inner = propertyOf(schema, key) ?? additional
    if (inner) errors.push(...validateValue(value[key], inner, at(key), isObject(old) ? getField(old, key) : undefined))
  }
  return errors
}

function ofJunctors(value: unknown, schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = []
  const fail = (detail: string) => errors.push(invalidValue(path, value, detail))
  const passing = (list: readonly Schema[]) => list.filter(inner => validateValue(value, inner, path).length === 0)
  const { allOf, anyOf, oneOf, not } = schema
  for (const inner of allOf ?? []) errors.push(...validateValue(value, inner, path))
  if (anyOf?.length && passing(anyOf).length === 0) {
    fail(`"${path}" must validate at least one schema (anyOf)`)
    errors.push(...validateValue(value, anyOf[0] ?? {}, path))
  }
  if (oneOf?.length) {
    const count = passing(oneOf).length
    const found = count === 0 ? 'Found none valid' : `Found ${count} valid alternatives`
    if (count !== 1) fail(`"${path}" must validate one and only one schema (oneOf). ${found}`)
  }
  if (not && validateValue(value, not, path).length === 0) fail(`"${path}" must not validate the schema (not)`)
  return errors
}

/** Items that are told apart by keys are the same in any order. */
function isReordered(value: unknown, old: unknown, schema: Schema): boolean {
  if (schema['x-kubernetes-list-type'] !== 'map' || !Array.isArray(value) || !Array.isArray(old)) return false
  if (value.length !== old.length) return false
  const keyOf = keyReader(schema)
  const before = new Map(old.map(item => [keyOf(item), item as unknown]))
  return (
    before.size === old.length && value.every(item => deepEqual(item, before.get(keyOf(item)), { nullIsValue: true }))
  )
}

/**
 * @param old the value at the same place before an update: what has not changed is not held against anybody, since the
 *   definition may have become stricter meanwhile
 */
export function validateValue(value: unknown, schema: Schema, path: string, old?: unknown): FieldError[] {
  if (old !== undefined && (deepEqual(value, old, { nullIsValue: true }) || isReordered(value, old, schema))) return []
  const type = typeOf(value)
  if (value === null && schema.nullable) return []
  const intOrString = schema['x-kubernetes-int-or-string'] === true
  if (intOrString && type !== 'integer' && type !== 'string') return [wrongType(path, type, 'integer,string')]
  if (schema.type && !fits(type, schema.type)) return [wrongType(path, type, schema.type)]
  const errors: FieldError[] = []
  if (schema.enum && !schema.enum.some(allowed => deepEqual(allowed, value)))
    errors.push(notSupported(path, value, schema.enum.map(String)))
  if (typeof value === 'number' || typeof value === 'bigint') errors.push(...ofNumber(value, schema, path))
  else if (typeof value === 'string') errors.push(...ofString(value, schema, path))
  else if (Array.isArray(value)) errors.push(...ofArray(value, schema, path, old))
  else if (isObject(value)) errors.push(...ofObject(value, schema, path, old))
  return [...errors, ...ofJunctors(value, schema, path)]
}
