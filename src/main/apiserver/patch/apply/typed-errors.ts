// What of an applied configuration does not fit its schema, in upstream's words: items of lists are called by their keys.
import { getField, isObject, type JsonObject } from '../../../../shared/machinery/json-object.ts'
import { encodeJson } from '../../../../shared/machinery/json-text.ts'
import { FEW_ENTRIES } from '../../../pieces/large-json.ts'
import type { Pieces } from '../../../pieces/pacer.ts'
import type { FieldFact } from '../../schema/facts.ts'
import { fieldFact, typeOfFact } from '../../schema/table.ts'
import { isSet, keyDefault, listKeys } from './typed-value.ts'

/** As Go's `%#v` prints what JSON can hold. */
function syntaxOf(value: unknown): string {
  if (value === null) return 'interface {}(nil)'
  if (Array.isArray(value)) return `[]interface {}{${value.map(syntaxOf).join(', ')}}`
  if (!isObject(value)) return encodeJson(value)
  const entries = Object.keys(value).sort()
  return `map[string]interface {}{${entries.map(key => `${encodeJson(key)}:${syntaxOf(value[key])}`).join(', ')}}`
}

/** As Go's `%v` prints it. */
function textOf(value: unknown): string {
  if (value === null) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(textOf).join(' ')}]`
  if (!isObject(value)) return typeof value === 'string' ? value : encodeJson(value)
  const entries = Object.keys(value).sort()
  return `map[${entries.map(key => `${key}:${textOf(value[key])}`).join(' ')}]`
}

function goTypeOf(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}'
  return isObject(value) ? 'map[string]interface {}' : typeof value === 'boolean' ? 'bool' : typeof value
}

/** As much of a value as people read. */
const MOST_SHOWN = 1_000
const shown = (text: string): string => (text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text)
const got = (value: unknown): string => `got &{${shown(textOf(value))}}`
const isNumber = (value: unknown): boolean => typeof value === 'number' || typeof value === 'bigint'

/** @returns what is wrong with a value that has no parts */
function scalarError(value: unknown, { t }: FieldFact): string | undefined {
  switch (t) {
    case 'string':
    case 'bytes':
      return typeof value === 'string'
        ? undefined
        : `expected string, got &value.valueUnstructured{Value:${shown(syntaxOf(value))}}`
    case 'integer':
    case 'number':
      return isNumber(value) ? undefined : `expected numeric (int or float), got ${goTypeOf(value)}`
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `expected boolean, ${got(value)}`
    case 'quantity':
    case 'time':
    case 'microTime':
      return typeof value === 'object' ? `expected any scalar, ${got(value)}` : undefined
    default:
      return undefined
  }
}

/** How an item is called, or why it cannot be told from the others. */
type Item = { readonly step: string; readonly why?: undefined } | { readonly why: string }

function keyedItem(item: unknown, keys: readonly string[], fact: FieldFact | undefined): Item {
  if (item === null) return { why: 'associative list with keys may not have a null element' }
  if (!isObject(item)) return { why: 'associative list with keys may not have non-map elements' }
  const named = [...keys].sort().flatMap(key => {
    const value = Object.hasOwn(item, key) ? item[key] : keyDefault(fact, key)
    return value === undefined ? [] : [`${key}=${encodeJson(value)}`]
  })
  if (named.length > 0) return { step: `[${named.join(',')}]` }
  const all = keys.map(key => encodeJson(key)).join(' ')
  const lacks = `omits all key fields [${all}] (and doesn't have default values for any key fields)`
  return { why: `associative list with keys has an element that ${lacks}` }
}

function setItem(item: unknown): Item {
  if (Array.isArray(item)) return { why: 'not supported: associative list with lists as elements' }
  if (isObject(item)) return { why: "associative list without keys has an element that's a map type" }
  if (item === null) return { why: "associative list without keys has an element that's an explicit null" }
  return { step: `[=${encodeJson(item)}]` }
}

/** Nobody reads more, and who sends much that is wrong is not sent more than that. */
const MOST_ERRORS = 100

function* checkList(list: readonly unknown[], fact: FieldFact, path: string, errors: string[]): Pieces<void> {
  const keys = listKeys(fact)
  const isAssociative = keys !== undefined || isSet(fact)
  const seen = new Set<string>()
  for (const [i, value] of list.entries()) {
    if (i % FEW_ENTRIES === FEW_ENTRIES - 1) yield
    if (errors.length >= MOST_ERRORS) return
    const item = keys ? keyedItem(value, keys, fact.i) : isAssociative ? setItem(value) : { step: `[${i}]` }
    if (item.why !== undefined) {
      errors.push(`${path}: element ${i}: ${item.why}`)
      // Nothing behind it is looked at, as upstream has it.
      return
    }
    if (isAssociative && seen.has(item.step)) errors.push(`${path}: duplicate entries for key ${item.step}`)
    seen.add(item.step)
    yield* check(value, fact.i, path + item.step, errors)
  }
}

function* checkStruct(struct: JsonObject, fact: FieldFact, path: string, errors: string[]): Pieces<void> {
  const type = typeOfFact(fact)
  for (const [i, key] of Object.keys(struct).entries()) {
    if (i % FEW_ENTRIES === FEW_ENTRIES - 1) yield
    if (errors.length >= MOST_ERRORS) return
    const of = fieldFact(type, key)
    if (of) yield* check(struct[key], of, `${path}.${key}`, errors)
    else errors.push(`${path}.${key}: field not declared in schema`)
  }
}

function* checkMap(map: JsonObject, fact: FieldFact, path: string, errors: string[]): Pieces<void> {
  for (const [i, key] of Object.keys(map).entries()) {
    if (i % FEW_ENTRIES === FEW_ENTRIES - 1) yield
    if (errors.length >= MOST_ERRORS) return
    yield* check(getField(map, key), fact.i, `${path}.${key}`, errors)
  }
}

function* check(value: unknown, fact: FieldFact | undefined, path: string, errors: string[]): Pieces<void> {
  // Null takes a value away, of whatever type.
  if (value === null || value === undefined || fact === undefined) return
  switch (fact.t) {
    case 'ref':
    case 'map':
      if (!isObject(value)) errors.push(`${path}: expected map, ${got(value)}`)
      else yield* fact.t === 'ref' ? checkStruct(value, fact, path, errors) : checkMap(value, fact, path, errors)
      return
    case 'array':
      if (!Array.isArray(value)) errors.push(`${path}: expected list, ${got(value)}`)
      else yield* checkList(value, fact, path, errors)
      return
    default: {
      const error = scalarError(value, fact)
      if (error !== undefined) errors.push(`${path}: ${error}`)
    }
  }
}

/** @returns what does not fit, each with its path, such as `.spec.containers[name="main"].imagee: …` */
export function* typedErrors(value: unknown, fact: FieldFact): Pieces<string[]> {
  const errors: string[] = []
  yield* check(value, fact, '', errors)
  return errors
}
