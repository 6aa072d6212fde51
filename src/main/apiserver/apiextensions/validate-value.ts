// Validation of a value against its schema, in upstream's words and order.
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import {
  type FieldError,
  invalidValue,
  notSupported,
  required,
  tooMany,
} from '../../../shared/machinery/field-error.ts'
import { getField, isObject, type JsonObject } from '../../../shared/machinery/json-object.ts'
import { Findings } from './findings.ts'
import { propertyOf, type Schema, schemaIn } from './schema.ts'
import { encodeJson } from '../../../shared/machinery/json-text.ts'
import { ofNumber, ofString, typeError } from './validate-scalar.ts'

/** @returns what tells the items of a list by keys apart */
function keyReader(schema: Schema): (item: unknown) => string {
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  return item => encodeJson(isObject(item) ? Object.fromEntries(keys.map(name => [name, getField(item, name)])) : item)
}

function ofArray(found: Findings, value: readonly unknown[], schema: Schema, path: string, old: unknown): void {
  const { minItems, maxItems } = schema
  found.count(2)
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
      if (seen.has(text)) found.add({ type: 'FieldValueDuplicate', field: at, message: `Duplicate value: ${text}` })
      seen.add(text)
    }
    if (items) check(found, item, items, at, before.get(keyOf(item)))
  })
  if (minItems !== undefined && value.length < minItems)
    found.add(invalidValue(path, value.length, `${path} in body should have at least ${minItems} items`))
  if (maxItems !== undefined && value.length > maxItems) found.add(tooMany(path, value.length, maxItems))
}

function ofObject(found: Findings, value: JsonObject, schema: Schema, path: string, old: unknown): void {
  const { minProperties, maxProperties } = schema
  found.count(1)
  const keys = Object.keys(value)
  const at = (key: string) => (path ? `${path}.${key}` : key)
  if (minProperties !== undefined && keys.length < minProperties)
    found.add(invalidValue(path, keys.length, `${path} in body should have at least ${minProperties} properties`))
  if (maxProperties !== undefined && keys.length > maxProperties) found.add(tooMany(path, keys.length, maxProperties))
  const additional = schemaIn(schema.additionalProperties)
  for (const key of keys) {
    const inner = propertyOf(schema, key) ?? additional
    if (inner) check(found, value[key], inner, at(key), isObject(old) ? getField(old, key) : undefined)
  }
  for (const key of schema.required ?? []) if (!Object.hasOwn(value, key)) found.add(required(at(key)))
}

/** Which schema a junctor is about is said by the text alone. */
const ofJunctor = (detail: string): FieldError => invalidValue('<nil>', '', detail)

/** @returns what is found by each of the schemas, on its own */
const findingsBy = (schemas: readonly Schema[], value: unknown, path: string): Findings[] =>
  schemas.map(schema => {
    const found = new Findings()
    check(found, value, schema, path)
    return found
  })

/** Of schemas that all refuse, the one that most of the value has been held against tells why. */
const closest = (all: readonly Findings[]): Findings | undefined =>
  all.reduce<Findings | undefined>((best, each) => (best && best.checks >= each.checks ? best : each), undefined)

function ofJunctors(found: Findings, value: unknown, schema: Schema, path: string): void {
  const { allOf, anyOf, oneOf, not } = schema
  found.count(2)
  if (anyOf?.length) {
    const all = findingsBy(anyOf, value, path)
    const passed = all.find(each => each.isEmpty)
    if (!passed) found.add(ofJunctor(`"${path}" must validate at least one schema (anyOf)`))
    found.merge(passed ?? closest(all))
  }
  if (oneOf?.length) {
    const all = findingsBy(oneOf, value, path)
    const passed = all.filter(each => each.isEmpty)
    const how = passed.length === 0 ? 'Found none valid' : `Found ${passed.length} valid alternatives`
    if (passed.length !== 1) found.add(ofJunctor(`"${path}" must validate one and only one schema (oneOf). ${how}`))
    if (passed.length < 2) found.merge(passed[0] ?? closest(all))
  }
  if (allOf?.length) {
    const all = findingsBy(allOf, value, path)
    for (const each of all) found.merge(each)
    const passed = all.filter(each => each.isEmpty).length
    const none = passed === 0 ? '. None validated' : ''
    if (passed !== all.length) found.add(ofJunctor(`"${path}" must validate all the schemas (allOf)${none}`))
  }
  if (not && findingsBy([not], value, path)[0]?.isEmpty)
    found.add(ofJunctor(`"${path}" must not validate the schema (not)`))
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

/** Those of the type, and those that every value goes through. */
function checksOf(value: unknown, schema: Schema, problem: FieldError | undefined): number {
  if (value === null) return problem ? 0 : 1
  const isTyped = schema.type !== undefined || schema['x-kubernetes-int-or-string'] === true
  return 2 + (isTyped ? (problem ? 1 : 2) : 0)
}

function check(found: Findings, value: unknown, schema: Schema, path: string, old?: unknown): void {
  if (old !== undefined && (deepEqual(value, old, { nullIsValue: true }) || isReordered(value, old, schema))) return
  const problem = typeError(value, schema, path)
  if (problem) found.add(problem)
  found.count(checksOf(value, schema, problem))
  if (value !== null) ofJunctors(found, value, schema, path)
  if (typeof value === 'number' || typeof value === 'bigint') ofNumber(found, value, schema, path)
  else if (typeof value === 'string') ofString(found, value, schema, path)
  else if (Array.isArray(value)) ofArray(found, value, schema, path, old)
  if (schema.enum && !(value === null && schema.nullable) && !schema.enum.some(allowed => deepEqual(allowed, value)))
    found.add(
      notSupported(
        path,
        value,
        schema.enum.map(each => (typeof each === 'string' ? each : encodeJson(each))),
      ),
    )
  if (isObject(value)) ofObject(found, value, schema, path, old)
}

/**
 * @param old the value at the same place before an update: what has not changed is not held against anybody, since the
 *   definition may have become stricter meanwhile
 */
export function validateValue(value: unknown, schema: Schema, path: string, old?: unknown): readonly FieldError[] {
  const found = new Findings()
  check(found, value, schema, path, old)
  return found.errors
}
