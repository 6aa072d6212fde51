// A JSON value seen through its schema: what its parts are, and under which step each is owned.
import { getField, isObject, type JsonObject } from '../../../../shared/machinery/json-object.ts'
import { declaredDefault } from '../../openapi/declared-defaults.ts'
import { slices } from '../../../pieces/large-json.ts'
import type { Pieces } from '../../../pieces/pacer.ts'
import { fieldFact, itemFact, typeOfFact } from '../../schema/table.ts'
import type { FieldFact, TypeFact } from '../../schema/facts.ts'
import { isPrinted, isPrintedZero } from '../../schema/printed.ts'
import { EMPTY, type FieldSet, isEmpty, MEMBER } from './field-set.ts'
import { encodeJson } from '../../../../shared/machinery/json-text.ts'

export type Shape = 'leaf' | 'struct' | 'map' | 'set' | 'list'

export interface Part {
  readonly step: string
  readonly value: unknown
  readonly fact: FieldFact | undefined
  /** Map entries and list items are owned themselves, not only what is in them. */
  readonly owned: boolean
  /** A field that its type declares: owned together with anything in it. */
  readonly named?: boolean
}

const ZERO: Partial<Record<FieldFact['t'], unknown>> = { string: '', integer: 0, boolean: false }

/**
 * As upstream's document has it in its newer form: what Go always prints has its type's zero value.
 * @param fact of the item
 * @returns what a key of a list item is that the item does not name
 */
export function keyDefault(fact: FieldFact | undefined, key: string): unknown {
  if (fact?.s) return fieldFact(fact.s, key)?.d
  const id = fact?.r
  if (id === undefined) return undefined
  const declared = declaredDefault(id, key)
  if (declared !== undefined || !isPrinted(id, key)) return declared
  return ZERO[fieldFact(typeOfFact(fact), key)?.t ?? 'any']
}

/** @returns by which fields the items of a list are told from each other; undefined where they are not */
export const listKeys = (fact: FieldFact): readonly string[] | undefined =>
  fact.lt === 'map' ? fact.lk : fact.lt === undefined && fact.ps?.includes('merge') && fact.mk ? [fact.mk] : undefined

/** @returns whether a list is a set of its items */
export const isSet = (fact: FieldFact): boolean =>
  fact.lt === 'set' || (fact.lt === undefined && (fact.ps?.includes('merge') ?? false) && !fact.mk)

/** @returns how a value is owned: as one thing (`leaf`), or part by part. */
export function shapeOf(value: unknown, fact: FieldFact | undefined): Shape {
  if (!fact || fact.mt === 'atomic') return 'leaf'
  switch (fact.t) {
    case 'ref':
      // A field may take apart what its type is one thing of.
      return isObject(value) && (fact.mt === 'granular' || typeOfFact(fact).mt !== 'atomic') ? 'struct' : 'leaf'
    case 'map':
    case 'deduced':
      return isObject(value) ? 'map' : 'leaf'
    case 'array':
      if (!Array.isArray(value)) return 'leaf'
      if (isSet(fact)) return 'set'
      return listKeys(fact) && value.every(isObject) ? 'list' : 'leaf'
    default:
      return 'leaf'
  }
}

const PLAIN: ReadonlySet<string> = new Set(['string', 'bytes', 'quantity', 'boolean', 'integer', 'number'])

export const isEmptyMap = (value: unknown): boolean => isObject(value) && Object.keys(value).length === 0

/** Steps of the fields that schemas name: each would be put together and hashed anew for every object. */
const steps = new Map<string, string>()
/** The built-in kinds have some two thousand; custom resources bring theirs. */
const MOST_STEPS = 20_000

/** @returns the step to a field, or to a key of a map */
export const fieldStep = (name: string): string => steps.get(name) ?? `f:${name}`

function namedStep(name: string): string {
  const known = steps.get(name)
  if (known !== undefined) return known
  const step = `f:${name}`
  if (steps.size < MOST_STEPS) steps.set(name, step)
  return step
}

const MARKUP = /[<>&\u2028\u2029]/
const ALL_MARKUP = new RegExp(MARKUP, 'g')

/** Go's JSON of values that are part of a step has what means something in HTML, and line ends of JavaScript's, as escapes. */
const escaped = (json: string): string =>
  MARKUP.test(json) ? json.replace(ALL_MARKUP, sign => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`) : json

function itemStep(item: JsonObject, keys: readonly string[], fact: FieldFact | undefined): string {
  const [only] = keys
  if (only !== undefined && keys.length === 1) {
    const value = getField(item, only) ?? keyDefault(fact, only)
    return value === undefined ? 'k:{}' : `k:{${JSON.stringify(only)}:${escaped(encodeJson(value))}}`
  }
  const named = [...keys].sort().flatMap(key => {
    const value = getField(item, key) ?? keyDefault(fact, key)
    return value === undefined ? [] : [[key, value] as const]
  })
  return `k:${escaped(encodeJson(Object.fromEntries(named)))}`
}

/** @returns the parts of a value that is not a leaf, in its own order. */
export function partsOf(value: unknown, fact: FieldFact | undefined): Part[] {
  switch (shapeOf(value, fact)) {
    case 'struct': {
      const type = typeOfFact(fact)
      const struct = value as JsonObject
      const parts: Part[] = []
      for (const key of Object.keys(struct)) {
        const inner = struct[key]
        if (inner === undefined) continue
        const named = Object.hasOwn(type.fields, key)
        const owned = isEmptyMap(inner) || !named
        parts.push({ step: fieldStep(key), value: inner, fact: fieldFact(type, key), owned, named })
      }
      return parts
    }
    case 'map': {
      const map = value as JsonObject
      return Object.keys(map).map(key => ({ step: `f:${key}`, value: map[key], fact: itemFact(fact), owned: true }))
    }
    case 'set':
      return (value as unknown[]).map(item => ({
        step: `v:${escaped(encodeJson(item))}`,
        value: item,
        fact: fact?.i,
        owned: true,
      }))
    case 'list': {
      const keys = (fact && listKeys(fact)) ?? []
      return (value as JsonObject[]).map(item => ({
        step: itemStep(item, keys, fact?.i),
        value: item,
        fact: fact?.i,
        owned: true,
      }))
    }
    case 'leaf':
      return []
  }
}

/** As partsOf(), of what is part by part. */
export function* partsInPieces(value: unknown, fact: FieldFact | undefined): Pieces<Part[]> {
  if (!Array.isArray(value)) return partsOf(value, fact)
  const parts: Part[] = []
  for (const some of slices(value)) {
    parts.push(...partsOf(some, fact))
    yield
  }
  return parts
}

function structFields(struct: JsonObject, type: TypeFact, fieldsIn: FieldsIn): FieldSet {
  const children = new Map<string, FieldSet>()
  for (const key of Object.keys(struct)) {
    const value = struct[key]
    if (value === undefined) continue
    const fact = fieldFact(type, key)
    const inner = fieldsIn(value, fact)
    addField(children, key, value, inner, Object.hasOwn(type.fields, key))
  }
  return children.size ? { member: false, children } : EMPTY
}

/** Puts a struct's field to the others. @param isNamed whether its type declares it */
export function addField(
  children: Map<string, FieldSet>,
  key: string,
  value: unknown,
  inner: FieldSet,
  isNamed: boolean,
): void {
  if (!isNamed && !inner.member) children.set(fieldStep(key), { member: true, children: inner.children })
  else if (!isEmpty(inner)) children.set(isNamed ? namedStep(key) : fieldStep(key), inner)
  else if (isEmptyMap(value)) children.set(fieldStep(key), MEMBER)
}

/** Puts an entry of a map, or an item of a list, to the others. */
export function addPart(children: Map<string, FieldSet>, part: Part, inner: FieldSet): void {
  const child = part.owned && !inner.member ? { member: true, children: inner.children } : inner
  // Items with the same key cannot be told apart: they are owned together, and nothing in them.
  if (children.has(part.step)) children.set(part.step, MEMBER)
  else if (!isEmpty(child)) children.set(part.step, child)
}

/** Maps of plain values (labels, data) are by far the largest and the most frequent: no part is made for each entry. */
export const isPlainMap = (shape: Shape, fact: FieldFact | undefined): boolean =>
  shape === 'map' && fact?.i !== undefined && PLAIN.has(fact.i.t)

type FieldsIn = (value: unknown, fact: FieldFact | undefined) => FieldSet

function innerFields(value: unknown, fact: FieldFact | undefined, fieldsIn: FieldsIn): FieldSet {
  const shape = shapeOf(value, fact)
  if (shape === 'leaf') return MEMBER
  if (shape === 'struct') return structFields(value as JsonObject, typeOfFact(fact), fieldsIn)
  const children = new Map<string, FieldSet>()
  if (isPlainMap(shape, fact)) {
    for (const key of Object.keys(value as JsonObject)) children.set(`f:${key}`, MEMBER)
    return children.size ? { member: false, children } : EMPTY
  }
  for (const part of partsOf(value, fact)) addPart(children, part, fieldsIn(part.value, part.fact))
  return children.size ? { member: false, children } : EMPTY
}

/** @returns the set of all fields of a value: what somebody applies who applies it */
export const fieldsOf = (value: unknown, fact: FieldFact | undefined): FieldSet => innerFields(value, fact, fieldsOf)

/** @returns the set of all fields of a value that was not there before: the maps, lists and structs are new as well */
export function newFieldsOf(value: unknown, fact: FieldFact | undefined): FieldSet {
  const inner = innerFields(value, fact, newFieldsOf)
  return inner.member ? inner : { member: true, children: inner.children }
}

/** Whether it is what was there before anything was said; of what is kept as it was given, `{}` was said. */
const holdsNothing = (value: unknown, fact: FieldFact | undefined): boolean =>
  isPrintedZero(value) && !(fact?.t === 'raw' && isObject(value))

/**
 * What is new in a value where there was an empty one of its type: the structs in it that are no pointers in Go were
 * there, and fields of it that hold nothing.
 */
export function filledFieldsOf(value: unknown, fact: FieldFact | undefined): FieldSet {
  const shape = shapeOf(value, fact)
  if (shape !== 'struct') return holdsNothing(value, fact) ? EMPTY : innerFields(value, fact, newFieldsOf)
  const struct = value as JsonObject
  const type = typeOfFact(fact)
  const children = new Map<string, FieldSet>()
  for (const key of Object.keys(struct)) {
    const inner = newFieldOf(struct, key, type, fact?.r)
    if (!isEmpty(inner)) children.set(fieldStep(key), inner)
  }
  return children.size ? { member: false, children } : EMPTY
}

/** @returns what is new of a struct's field that was not there before */
export function newFieldOf(struct: JsonObject, key: string, type: TypeFact, schemaId: string | undefined): FieldSet {
  const value = struct[key]
  if (value === undefined) return EMPTY
  const fact = fieldFact(type, key)
  return isPrinted(schemaId, key) ? filledFieldsOf(value, fact) : newFieldsOf(value, fact)
}
