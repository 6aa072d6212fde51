// The fields of a very large new object, worked out and written down piece by piece, so that others get their turn
// in between. Both answer what `filledFieldsOf` and `encodeFields` do at once.
import { isObject, type JsonObject, setField } from '../../../../shared/machinery/json-object.ts'
import { fieldFact, typeOfFact } from '../../schema/table.ts'
import type { FieldFact } from '../../schema/facts.ts'
import { isPrinted, isPrintedZero } from '../../schema/printed.ts'
import { isLarge, PIECE, slices } from '../../../pieces/large-json.ts'
import type { Pieces } from '../../../pieces/pacer.ts'
import {
  type Combination,
  combine,
  combinedAtOnce,
  decoded,
  decodeFields,
  decodeSteps,
  EMPTY,
  encodeFields,
  type FieldSet,
  isEmpty,
  isStep,
  MEMBER,
  MOST_NESTED,
  overlaps,
  sameSet,
} from './field-set.ts'
import {
  addField,
  addPart,
  fieldsOf,
  fieldStep,
  filledFieldsOf,
  isPlainMap,
  newFieldsOf,
  partsOf,
  shapeOf,
} from './typed-value.ts'

/**
 * All fields of a value; or what is new in it where there was nothing, the maps, lists and structs as well; or where there
 * was an empty one of its type.
 */
type Asked = 'all' | 'new' | 'filled'
const WHOLE = { all: fieldsOf, new: newFieldsOf, filled: filledFieldsOf }

export function* fieldsInPieces(value: unknown, fact: FieldFact | undefined, asked: Asked): Pieces<FieldSet> {
  if (!isLarge(value)) return WHOLE[asked](value, fact)
  yield
  const shape = shapeOf(value, fact)
  if (asked === 'filled' && shape !== 'struct' && isPrintedZero(value)) return EMPTY
  if (shape === 'leaf') return MEMBER
  const children = new Map<string, FieldSet>()
  if (shape === 'struct') yield* addStruct(children, value as JsonObject, fact, asked)
  else if (isPlainMap(shape, fact)) yield* addKeys(children, value as JsonObject)
  else yield* addParts(children, value as JsonObject | unknown[], fact, asked === 'all' ? 'all' : 'new')
  const inner = children.size > 0 ? { member: false, children } : EMPTY
  return asked === 'new' ? { member: true, children: inner.children } : inner
}

function* addStruct(
  children: Map<string, FieldSet>,
  struct: JsonObject,
  fact: FieldFact | undefined,
  asked: Asked,
): Pieces<void> {
  const type = typeOfFact(fact)
  for (const key of Object.keys(struct)) {
    const value = struct[key]
    if (value === undefined) continue
    const isNew = asked === 'filled' && !isPrinted(fact?.r, key)
    const inner = yield* fieldsInPieces(value, fieldFact(type, key), isNew ? 'new' : asked)
    if (asked !== 'filled') addField(children, key, value, inner, Object.hasOwn(type.fields, key))
    else if (!isEmpty(inner)) children.set(fieldStep(key), inner)
  }
}

function* addKeys(children: Map<string, FieldSet>, map: JsonObject): Pieces<void> {
  for (const key of Object.keys(map)) {
    children.set(`f:${key}`, MEMBER)
    if (children.size % PIECE === 0) yield
  }
}

function* addParts(
  children: Map<string, FieldSet>,
  value: JsonObject | unknown[],
  fact: FieldFact | undefined,
  asked: Asked,
): Pieces<void> {
  for (const some of isObject(value) ? [value] : slices(value)) {
    for (const part of partsOf(some, fact)) addPart(children, part, yield* fieldsInPieces(part.value, part.fact, asked))
    yield
  }
}

/** @returns the set as `fieldsV1` */
export function* encodeInPieces(set: FieldSet): Pieces<JsonObject> {
  if (!isLargeSet(set)) return encodeFields(set)
  const result: JsonObject = {}
  if (set.member && set.children.size) result['.'] = {}
  let count = 0
  for (const step of yield* sortedInPieces([...set.children.keys()])) {
    const child = set.children.get(step)
    if (child) setField(result, step, child.children.size === 0 ? {} : yield* encodeInPieces(child))
    if (++count % PIECE === 0) yield
  }
  return result
}

/** As decodeFields(). */
export function* decodeInPieces(value: unknown, depth = 0): Pieces<FieldSet | undefined> {
  if (!isObject(value) || depth > MOST_NESTED || !isLarge(value)) return decodeFields(value, depth)
  yield
  const children = new Map<string, FieldSet>()
  const steps = Object.keys(value)
  if (steps.length > PIECE) {
    for (const some of slices(steps)) {
      if (!decodeSteps(children, value, some, depth)) return undefined
      yield
    }
  } else
    for (const step of steps) {
      if (step === '.') continue
      const child = isStep(step) ? yield* decodeInPieces(value[step], depth + 1) : undefined
      if (!child) return undefined
      children.set(step, child)
    }
  return decoded(children, value, depth)
}

/** As sameSet(). */
export function* sameSetInPieces(a: FieldSet, b: FieldSet): Pieces<boolean> {
  if (!isLargeSet(a)) return sameSet(a, b)
  if (a.member !== b.member || a.children.size !== b.children.size) return false
  let count = 0
  for (const [step, child] of a.children) {
    const other = b.children.get(step)
    if (!other || !(child === other || (yield* sameSetInPieces(child, other)))) return false
    if (++count % PIECE === 0) yield
  }
  return true
}

const isLargeSet = (set: FieldSet): boolean => setRoomAfter(set, PIECE) < 0

/** As combine(). */
export function* combineInPieces(how: Combination, a: FieldSet, b: FieldSet): Pieces<FieldSet> {
  const whole = combinedAtOnce(how, a, b)
  if (whole) return whole
  if (!isLargeSet(a) && !isLargeSet(b)) return combine(how, a, b)
  yield
  const children = new Map<string, FieldSet>()
  let count = 0
  for (const [step, inA] of a.children) {
    const inB = b.children.get(step)
    const child = inB ? yield* combineInPieces(how, inA, inB) : how.onlyA ? inA : EMPTY
    if (!isEmpty(child)) children.set(step, child)
    if (++count % PIECE === 0) yield
  }
  if (how.onlyB)
    for (const [step, inB] of b.children) {
      if (!a.children.has(step)) children.set(step, inB)
      if (++count % PIECE === 0) yield
    }
  return { member: how.member(a.member, b.member), children }
}

/** As overlaps(). */
export function* overlapsInPieces(a: FieldSet, b: FieldSet): Pieces<boolean> {
  if (!isLargeSet(a) || !isLargeSet(b)) return overlaps(a, b)
  if (a.member && b.member) return true
  yield
  let count = 0
  for (const [step, inA] of a.children) {
    const inB = b.children.get(step)
    if (inB && (yield* overlapsInPieces(inA, inB))) return true
    if (++count % PIECE === 0) yield
  }
  return false
}

function setRoomAfter({ children }: FieldSet, room: number): number {
  let left = room - children.size
  for (const child of children.values()) {
    if (left < 0) return left
    if (child !== MEMBER) left = setRoomAfter(child, left)
  }
  return left
}

/** Runs are sorted, then merged two by two. */
function* sortedInPieces(texts: string[]): Pieces<string[]> {
  let runs: string[][] = []
  for (let at = 0; at < texts.length; at += PIECE) {
    runs.push(texts.slice(at, at + PIECE).sort())
    yield
  }
  while (runs.length > 1) {
    const merged: string[][] = []
    for (let i = 0; i < runs.length; i += 2) merged.push(yield* mergedInPieces(runs[i] ?? [], runs[i + 1] ?? []))
    runs = merged
  }
  return runs[0] ?? []
}

function* mergedInPieces(a: readonly string[], b: readonly string[]): Pieces<string[]> {
  const all: string[] = []
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    const [left, right] = [a[i], b[j]]
    if (right === undefined || (left !== undefined && left <= right)) {
      all.push(left as string)
      i++
    } else {
      all.push(right)
      j++
    }
    if (all.length % (8 * PIECE) === 0) yield
  }
  return all
}
