// What changed between two objects, as sets of fields.
import { deepEqual, sameJson } from '../../../../shared/machinery/deep-equal.ts'
import { getField, type JsonObject } from '../../../../shared/machinery/json-object.ts'
import { fieldFact, itemFact, typeOfFact } from '../../schema/table.ts'
import type { FieldFact, TypeFact } from '../../schema/facts.ts'
import { equalInPieces, FEW_ENTRIES, isLargeBeside } from '../../../pieces/large-json.ts'
import type { Pieces } from '../../../pieces/pacer.ts'
import { difference, EMPTY, type FieldSet, isEmpty, MEMBER } from './field-set.ts'
import {
  fieldsOf,
  fieldStep,
  newFieldOf,
  newFieldsOf,
  type Part,
  partsInPieces,
  partsOf,
  shapeOf,
} from './typed-value.ts'

export interface Comparison {
  /** Fields that are new or have another value. */
  readonly changed: FieldSet
  readonly removed: FieldSet
}

/** @returns what of a comparison is not about a field that is written by another path: what one says of it changes nothing */
export function besides(apart: 'spec' | 'status' | undefined, comparison: Comparison): Comparison {
  if (!apart) return comparison
  const without = (set: FieldSet): FieldSet =>
    set.children.has(`f:${apart}`)
      ? { ...set, children: new Map([...set.children].filter(([step]) => step !== `f:${apart}`)) }
      : set
  return { changed: without(comparison.changed), removed: without(comparison.removed) }
}

const NOTHING: Comparison = { changed: EMPTY, removed: EMPTY }

const byStep = (parts: readonly Part[]): Map<string, Part[]> => {
  const map = new Map<string, Part[]>()
  for (const part of parts) {
    const same = map.get(part.step)
    if (same) same.push(part)
    else map.set(part.step, [part])
  }
  return map
}

const whole = (part: Part | undefined): FieldSet => (part ? newFieldsOf(part.value, part.fact) : EMPTY)

const samePart = (one: Part, other: Part | undefined) => deepEqual(one.value, other?.value, { nullIsValue: true })

/**
 * Items with the same key cannot be told apart: they are one thing, and what is in them belongs to nobody.
 * @returns nothing where there is one of each, which are to be compared
 */
function compareGroups(before: readonly Part[], after: readonly Part[]): Comparison | undefined {
  const [old, next] = [before[0], after[0]]
  if (before.length > 1 && after.length > 1) {
    const isSame = before.length === after.length && before.every((part, i) => samePart(part, after[i]))
    return isSame ? NOTHING : { changed: MEMBER, removed: EMPTY }
  }
  if (before.length > 1) return { changed: whole(next), removed: MEMBER }
  if (after.length > 1) return { changed: MEMBER, removed: whole(old) }
  return old && next ? undefined : { changed: whole(next), removed: whole(old) }
}

const compareItems = (before: readonly Part[], after: readonly Part[]): Comparison =>
  compareGroups(before, after) ?? compare(before[0]?.value, after[0]?.value, after[0]?.fact)

function* compareItemsInPieces(before: readonly Part[], after: readonly Part[]): Pieces<Comparison> {
  return compareGroups(before, after) ?? (yield* compareInPieces(before[0]?.value, after[0]?.value, after[0]?.fact))
}

/** What differs so far; most comparisons find nothing, and make no map for it. */
class Differences {
  #changed: Map<string, FieldSet> | undefined
  #removed: Map<string, FieldSet> | undefined

  change(step: string, set: FieldSet): void {
    if (!isEmpty(set)) (this.#changed ??= new Map<string, FieldSet>()).set(step, set)
  }

  remove(step: string, set: FieldSet): void {
    if (!isEmpty(set)) (this.#removed ??= new Map<string, FieldSet>()).set(step, set)
  }

  add(step: string, { changed, removed }: Comparison): void {
    this.change(step, changed)
    this.remove(step, removed)
  }

  get found(): Comparison {
    if (!this.#changed && !this.#removed) return NOTHING
    const setOf = (children: Map<string, FieldSet> | undefined) => (children ? { member: false, children } : EMPTY)
    return { changed: setOf(this.#changed), removed: setOf(this.#removed) }
  }
}

/** Structs and maps, key by key: steps are only made for what differs. */
class Fields extends Differences {
  readonly #type: TypeFact | undefined
  readonly #fact: FieldFact | undefined

  constructor(fact: FieldFact | undefined, isStruct: boolean) {
    super()
    this.#fact = fact
    this.#type = isStruct ? typeOfFact(fact) : undefined
  }

  factOf(key: string): FieldFact | undefined {
    return this.#type ? fieldFact(this.#type, key) : itemFact(this.#fact)
  }

  #whole(of: JsonObject, key: string): FieldSet {
    return this.#type ? newFieldOf(of, key, this.#type, this.#fact?.r) : newFieldsOf(of[key], itemFact(this.#fact))
  }

  /** What is only there now, or was only there before. */
  come(next: JsonObject, key: string): void {
    this.change(fieldStep(key), this.#whole(next, key))
  }
  gone(old: JsonObject, key: string): void {
    this.remove(fieldStep(key), this.#whole(old, key))
  }

  /** Whether a map is empty is no change of its own: what came or went inside says it. */
  inside(key: string, inner: Comparison): void {
    if (inner !== NOTHING) this.add(fieldStep(key), inner)
  }
}

function compareFields(old: JsonObject, next: JsonObject, fact: FieldFact | undefined, isStruct: boolean): Comparison {
  const fields = new Fields(fact, isStruct)
  for (const key of Object.keys(old)) {
    const [before, after] = [old[key], getField(next, key)]
    if (before === undefined || before === after) continue
    if (after === undefined) fields.gone(old, key)
    else fields.inside(key, compare(before, after, fields.factOf(key)))
  }
  for (const key of Object.keys(next))
    if (next[key] !== undefined && getField(old, key) === undefined) fields.come(next, key)
  return fields.found
}

/** As compare(). */
export function* compareInPieces(old: unknown, next: unknown, fact: FieldFact | undefined): Pieces<Comparison> {
  if (old === next) return NOTHING
  if (!isLargeBeside(next, old) && !isLargeBeside(old, next)) return compare(old, next, fact)
  yield
  const shape = shapeOf(next, fact)
  if (shape === 'leaf' || shapeOf(old, fact) !== shape)
    return (yield* equalInPieces(old, next, { nullIsValue: true })) ? NOTHING : compare(old, next, fact)
  return shape === 'struct' || shape === 'map'
    ? yield* compareFieldsInPieces(old as JsonObject, next as JsonObject, fact, shape === 'struct')
    : yield* compareListsInPieces(old, next, fact)
}

/** As compareFields(). */
function* compareFieldsInPieces(
  old: JsonObject,
  next: JsonObject,
  fact: FieldFact | undefined,
  isStruct: boolean,
): Pieces<Comparison> {
  const fields = new Fields(fact, isStruct)
  for (const [i, key] of Object.keys(old).entries()) {
    if (i % FEW_ENTRIES === 0) yield
    const [before, after] = [old[key], getField(next, key)]
    if (before === undefined || before === after) continue
    if (after === undefined) fields.gone(old, key)
    else if (typeof after !== 'object') fields.inside(key, compare(before, after, fields.factOf(key)))
    else fields.inside(key, yield* compareInPieces(before, after, fields.factOf(key)))
  }
  for (const [i, key] of Object.keys(next).entries()) {
    if (i % FEW_ENTRIES === 0) yield
    if (next[key] !== undefined && getField(old, key) === undefined) fields.come(next, key)
  }
  return fields.found
}

function* compareListsInPieces(old: unknown, next: unknown, fact: FieldFact | undefined): Pieces<Comparison> {
  if (yield* equalInPieces(old, next, { nullIsValue: true })) return NOTHING
  const before = byStep(yield* partsInPieces(old, fact))
  yield
  const after = byStep(yield* partsInPieces(next, fact))
  yield
  const differences = new Differences()
  for (const [i, step] of stepsOf(before, after).entries()) {
    if (i % FEW_ENTRIES === 0) yield
    differences.add(step, yield* compareItemsInPieces(before.get(step) ?? [], after.get(step) ?? []))
  }
  return differences.found
}

const stepsOf = (before: Map<string, Part[]>, after: Map<string, Part[]>): string[] => [
  ...before.keys(),
  ...[...after.keys()].filter(step => !before.has(step)),
]

export function compare(old: unknown, next: unknown, fact: FieldFact | undefined): Comparison {
  if (old === next) return NOTHING
  const shape = shapeOf(next, fact)
  const isSame = shape !== 'leaf' && shapeOf(old, fact) === shape
  if (isSame && (shape === 'struct' || shape === 'map'))
    return compareFields(old as JsonObject, next as JsonObject, fact, shape === 'struct')
  // Most lists stay as they were: what is the same as a whole need not be taken apart.
  if (sameJson(old, next)) return NOTHING
  if (!isSame) {
    if (deepEqual(old, next, { nullIsValue: true })) return NOTHING
    const inner = fieldsOf(next, fact)
    // What becomes something else altogether is changed itself, besides what is in it now.
    const isOther = fact?.t === 'deduced' && old !== null && next !== null
    const changed = isOther ? { ...inner, member: true } : inner
    return { changed, removed: difference(fieldsOf(old, fact), changed) }
  }
  const differences = new Differences()
  const before = byStep(partsOf(old, fact))
  const after = byStep(partsOf(next, fact))
  for (const step of stepsOf(before, after))
    differences.add(step, compareItems(before.get(step) ?? [], after.get(step) ?? []))
  return differences.found
}
