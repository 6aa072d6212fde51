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
import { equalInPieces, FEW_ENTRIES, isLarge } from '../../pieces/large-json.ts'
import { atOnce, type Pieces } from '../../pieces/pacer.ts'
import { Findings } from './findings.ts'
import { propertyOf, type Schema, schemaIn } from './schema.ts'
import { encodeJson } from '../../../shared/machinery/json-text.ts'
import { isLongToMatch, ofNumber, ofString, stringInPieces, typeError } from './validate-scalar.ts'

/** @returns what tells the items of a list by keys apart */
function keyReader(schema: Schema): (item: unknown) => string {
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  return item => encodeJson(isObject(item) ? Object.fromEntries(keys.map(name => [name, getField(item, name)])) : item)
}

/** The items of a list that is checked: which are there twice, and what each is held against. */
class Items {
  /** Undefined where nothing is said of items. */
  readonly schema: Schema | undefined
  readonly #found: Findings
  readonly #type: string | undefined
  readonly #keyOf: (item: unknown) => string
  readonly #seen = new Set<string>()
  /** Only the items of a list by key can be told to be the same as before. */
  readonly #before: ReadonlyMap<string, unknown>

  constructor(found: Findings, schema: Schema, old: unknown) {
    this.schema = schemaIn(schema.items)
    this.#found = found
    this.#type = schema['x-kubernetes-list-type']
    this.#keyOf = keyReader(schema)
    this.#before = new Map(
      this.#type === 'map' && Array.isArray(old) ? old.map(item => [this.#keyOf(item), item as unknown]) : [],
    )
  }

  /** @returns what the item was before */
  see(item: unknown, at: string): unknown {
    if (this.#type === 'set' || (this.#type === 'map' && isObject(item))) {
      const text = this.#type === 'set' ? encodeJson(item) : this.#keyOf(item)
      if (this.#seen.has(text))
        this.#found.add({ type: 'FieldValueDuplicate', field: at, message: `Duplicate value: ${text}` })
      this.#seen.add(text)
    }
    return this.#before.size > 0 ? this.#before.get(this.#keyOf(item)) : undefined
  }
}

function ofItems(found: Findings, { length }: readonly unknown[], { minItems, maxItems }: Schema, path: string): void {
  if (minItems !== undefined && length < minItems)
    found.add(invalidValue(path, length, `${path} in body should have at least ${minItems} items`))
  if (maxItems !== undefined && length > maxItems) found.add(tooMany(path, length, maxItems))
}

function ofArray(found: Findings, value: readonly unknown[], schema: Schema, path: string, old: unknown): void {
  found.count(2)
  const items = new Items(found, schema, old)
  value.forEach((item, i) => {
    const at = `${path}[${i}]`
    const before = items.see(item, at)
    if (items.schema) check(found, item, items.schema, at, before)
  })
  ofItems(found, value, schema, path)
}

/** As ofArray(). */
function* arrayInPieces(
  found: Findings,
  value: readonly unknown[],
  schema: Schema,
  path: string,
  old: unknown,
): Pieces<void> {
  found.count(2)
  const items = new Items(found, schema, old)
  for (const [i, item] of value.entries()) {
    if (i % FEW_ENTRIES === 0) yield
    const at = `${path}[${i}]`
    const before = items.see(item, at)
    if (items.schema) yield* checkInPieces(found, item, items.schema, at, before)
  }
  ofItems(found, value, schema, path)
}

function ofKeys(found: Findings, { length }: readonly string[], schema: Schema, path: string): void {
  const { minProperties, maxProperties } = schema
  found.count(1)
  if (minProperties !== undefined && length < minProperties)
    found.add(invalidValue(path, length, `${path} in body should have at least ${minProperties} properties`))
  if (maxProperties !== undefined && length > maxProperties) found.add(tooMany(path, length, maxProperties))
}

const below = (path: string, key: string) => (path ? `${path}.${key}` : key)
const oldField = (old: unknown, key: string) => (isObject(old) ? getField(old, key) : undefined)

function ofRequired(found: Findings, value: JsonObject, schema: Schema, path: string): void {
  for (const key of schema.required ?? []) if (!Object.hasOwn(value, key)) found.add(required(below(path, key)))
}

function ofObject(found: Findings, value: JsonObject, schema: Schema, path: string, old: unknown): void {
  const keys = Object.keys(value)
  ofKeys(found, keys, schema, path)
  const additional = schemaIn(schema.additionalProperties)
  for (const key of keys) {
    const inner = propertyOf(schema, key) ?? additional
    if (inner) check(found, value[key], inner, below(path, key), oldField(old, key))
  }
  ofRequired(found, value, schema, path)
}

/** As ofObject(). */
function* objectInPieces(found: Findings, value: JsonObject, schema: Schema, path: string, old: unknown): Pieces<void> {
  const keys = Object.keys(value)
  ofKeys(found, keys, schema, path)
  const additional = schemaIn(schema.additionalProperties)
  for (const [i, key] of keys.entries()) {
    if (i % FEW_ENTRIES === 0) yield
    const inner = propertyOf(schema, key) ?? additional
    if (inner) yield* checkInPieces(found, value[key], inner, below(path, key), oldField(old, key))
  }
  ofRequired(found, value, schema, path)
}

/** Which schema a junctor is about is said by the text alone. */
const ofJunctor = (detail: string): FieldError => invalidValue('<nil>', '', detail)

/** @returns what is found by each of the schemas, on its own */
function* findingsBy(schemas: readonly Schema[], value: unknown, path: string): Pieces<Findings[]> {
  const all: Findings[] = []
  for (const schema of schemas) {
    const found = new Findings()
    yield* checkInPieces(found, value, schema, path)
    all.push(found)
  }
  return all
}

/** Of schemas that all refuse, the one that most of the value has been held against tells why. */
const closest = (all: readonly Findings[]): Findings | undefined =>
  all.reduce<Findings | undefined>((best, each) => (best && best.checks >= each.checks ? best : each), undefined)

const hasJunctors = ({ allOf, anyOf, oneOf, not }: Schema) => (allOf ?? anyOf ?? oneOf ?? not) !== undefined

function* junctorsInPieces(found: Findings, value: unknown, schema: Schema, path: string): Pieces<void> {
  const { allOf, anyOf, oneOf, not } = schema
  if (anyOf?.length) {
    const all = yield* findingsBy(anyOf, value, path)
    const passed = all.find(each => each.isEmpty)
    if (!passed) found.add(ofJunctor(`"${path}" must validate at least one schema (anyOf)`))
    found.merge(passed ?? closest(all))
  }
  if (oneOf?.length) {
    const all = yield* findingsBy(oneOf, value, path)
    const passed = all.filter(each => each.isEmpty)
    const how = passed.length === 0 ? 'Found none valid' : `Found ${passed.length} valid alternatives`
    if (passed.length !== 1) found.add(ofJunctor(`"${path}" must validate one and only one schema (oneOf). ${how}`))
    if (passed.length < 2) found.merge(passed[0] ?? closest(all))
  }
  if (allOf?.length) {
    const all = yield* findingsBy(allOf, value, path)
    for (const each of all) found.merge(each)
    const passed = all.filter(each => each.isEmpty).length
    const none = passed === 0 ? '. None validated' : ''
    if (passed !== all.length) found.add(ofJunctor(`"${path}" must validate all the schemas (allOf)${none}`))
  }
  if (not && (yield* findingsBy([not], value, path))[0]?.isEmpty)
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
  return 4 + (isTyped ? (problem ? 1 : 2) : 0)
}

function ofType(found: Findings, value: unknown, schema: Schema, path: string): void {
  const problem = typeError(value, schema, path)
  if (problem) found.add(problem)
  found.count(checksOf(value, schema, problem))
}

/** What is said of a value as a whole. */
function ofWhole(found: Findings, value: unknown, schema: Schema, path: string): void {
  ofType(found, value, schema, path)
  if (value !== null && hasJunctors(schema)) atOnce(junctorsInPieces(found, value, schema, path))
  if (typeof value === 'number' || typeof value === 'bigint') ofNumber(found, value, schema, path)
  else if (typeof value === 'string') ofString(found, value, schema, path)
}

/** As ofWhole(), of what is no number. */
function* wholeInPieces(found: Findings, value: unknown, schema: Schema, path: string): Pieces<void> {
  ofType(found, value, schema, path)
  yield* junctorsInPieces(found, value, schema, path)
  if (typeof value === 'string') yield* stringInPieces(found, value, schema, path)
}

function ofEnum(found: Findings, value: unknown, schema: Schema, path: string): void {
  if (schema.enum && !(value === null && schema.nullable) && !schema.enum.some(allowed => deepEqual(allowed, value)))
    found.add(
      notSupported(
        path,
        value,
        schema.enum.map(each => (typeof each === 'string' ? each : encodeJson(each))),
      ),
    )
}

function check(found: Findings, value: unknown, schema: Schema, path: string, old?: unknown): void {
  if (old !== undefined && (deepEqual(value, old, { nullIsValue: true }) || isReordered(value, old, schema))) return
  ofWhole(found, value, schema, path)
  if (Array.isArray(value)) ofArray(found, value, schema, path, old)
  ofEnum(found, value, schema, path)
  if (isObject(value)) ofObject(found, value, schema, path, old)
}

/** As check(). */
function* checkInPieces(found: Findings, value: unknown, schema: Schema, path: string, old?: unknown): Pieces<void> {
  if (!isLarge(value) && !isLongToMatch(value, schema)) return check(found, value, schema, path, old)
  if (old !== undefined && (yield* equalInPieces(value, old, { nullIsValue: true }))) return
  yield
  if (old !== undefined && isReordered(value, old, schema)) return
  yield* wholeInPieces(found, value, schema, path)
  yield
  if (Array.isArray(value)) yield* arrayInPieces(found, value, schema, path, old)
  ofEnum(found, value, schema, path)
  if (isObject(value)) yield* objectInPieces(found, value, schema, path, old)
}

/**
 * @param old the value at the same place before an update: what has not changed is not held against anybody, since the
 *   definition may have become stricter meanwhile
 */
export const validateValue = (value: unknown, schema: Schema, path: string, old?: unknown): readonly FieldError[] =>
  atOnce(validateInPieces(value, schema, path, old))

/** As validateValue(). */
export function* validateInPieces(
  value: unknown,
  schema: Schema,
  path: string,
  old?: unknown,
): Pieces<readonly FieldError[]> {
  const found = new Findings()
  yield* checkInPieces(found, value, schema, path, old)
  return found.errors
}
