// JSON values of so many parts that they are worked on piece by piece, so that others get their turn in between.
import { encodeJson, leastTextLength } from '../../shared/machinery/json-text.ts'
import { deepEqual, type DeepEqualOptions } from '../../shared/machinery/deep-equal.ts'
import { cloneJson, getField, isObject, type JsonObject, setField } from '../../shared/machinery/json-object.ts'
import type { Pieces } from './pacer.ts'

/** Keys and items that are worked on in one go: well below a millisecond. */
export const PIECE = 1000
/** Entries between which others may get their turn: each has a piece's parts at most. */
export const FEW_ENTRIES = 100
/** Of a text that is put together in one go. */
const PIECE_CHARACTERS = 64 * 1024

/** @returns the same items, some at a time */
export function* slices<T>(list: readonly T[]): Generator<readonly T[]> {
  if (list.length <= PIECE) yield list
  else for (let at = 0; at < list.length; at += PIECE) yield list.slice(at, at + PIECE)
}

/** Maps that were found to be large: to list very many keys takes as long as all the rest. */
const large = new WeakSet()

/** Of the names and texts that `roomAfter` has passed. */
let characters = 0

const NO_FIELDS: JsonObject = {}
const NO_ITEMS: readonly unknown[] = []

/**
 * @param other what is the same part of both is not looked into
 * @returns how many more parts there may be; below zero once there are too many
 */
function roomAfter(value: object, room: number, other: unknown): number {
  if (Array.isArray(value)) return roomAfterItems(value, room, Array.isArray(other) ? other : NO_ITEMS)
  if (large.has(value)) return -1
  const beside = other !== undefined && isObject(other) ? other : NO_FIELDS
  let left = room
  let count = 0
  for (const key in value) {
    if (++count > PIECE) large.add(value)
    if (--left < 0) return left
    characters += key.length
    const part = (value as JsonObject)[key]
    if (typeof part === 'string') characters += part.length
    if (typeof part !== 'object' || part === null) continue
    const its = beside === NO_FIELDS ? undefined : getField(beside, key)
    if (part !== its) left = roomAfter(part, left, its)
  }
  return left
}

function roomAfterItems(list: readonly unknown[], room: number, others: readonly unknown[]): number {
  let left = room - list.length
  for (let i = 0; i < list.length && left >= 0; i++) {
    const item = list[i]
    if (typeof item === 'string') characters += item.length
    const its = i < others.length ? others[i] : undefined
    if (typeof item === 'object' && item !== null && item !== its) left = roomAfter(item, left, its)
  }
  return left
}

/** Whether it has more parts than are worked on in one go. Costs a few nanoseconds a part. */
export const isLarge = (value: unknown): value is object => isLargeBeside(value, undefined)

/** The same where the two are compared: parts that they share cost nothing then. */
export const isLargeBeside = (value: unknown, other: unknown): boolean =>
  typeof value === 'object' && value !== null && roomAfter(value, PIECE, other) < 0

/** Whether what was made into this text, or comes of it, may be large: a text this short can be seen to be none, for less. */
export const mayBeLarge = (text: string): boolean => text.length > 8 * PIECE

/** A text would be longer than anybody wants: a value may hold one long text many times. */
export class TooLongText extends Error {
  override readonly name = 'TooLongText'
}

/** @param value of few parts, of which each may be a long text, or have a long name */
function encodeAtOnce(value: unknown, most: number): string {
  if (leastTextLength(value, most) > most) throw new TooLongText()
  return encodeJson(value)
}

/** Whether its text is seen to be no longer than that while it is looked into, which costs less than to measure it. */
function isSmall(value: unknown, most: number): boolean {
  if (typeof value !== 'object') return false
  characters = 0
  return !isLarge(value) && characters + 8 * PIECE <= most
}

/** @returns the text that `encodeJson` gives it; undefined for a value that has many parts, or long ones */
export const encodeSmallJson = (value: unknown, most = Infinity): string | undefined =>
  isSmall(value, most) ? encodeJson(value) : undefined

/**
 * @param most characters
 * @returns the text that `encodeJson` gives it
 * @throws TooLongText, as soon as that is seen
 */
export function* encodeJsonInPieces(value: unknown, most = Infinity): Pieces<string> {
  const small = encodeSmallJson(value, most)
  if (small !== undefined) return small
  if (!isLarge(value)) return encodeAtOnce(value, most)
  yield
  const isList = Array.isArray(value)
  const texts: string[] = []
  let text = ''
  let left = most
  for (const part of isList ? value : Object.keys(value)) {
    const inner: unknown = isList ? (part ?? null) : (value as JsonObject)[part as string]
    if (inner === undefined) continue
    const name = isList ? '' : `${JSON.stringify(part)}:`
    text += `${texts.length > 0 || text !== '' ? ',' : ''}${name}${isLarge(inner) ? yield* encodeJsonInPieces(inner, left) : encodeAtOnce(inner, left)}`
    if (text.length < PIECE_CHARACTERS) continue
    left -= text.length
    if (left < 0) throw new TooLongText()
    texts.push(text)
    text = ''
    yield
  }
  const inside = texts.join('') + text
  return isList ? `[${inside}]` : `{${inside}}`
}

/** As cloneJson(). */
export function* cloneInPieces(value: unknown): Pieces<unknown> {
  if (!isLarge(value)) return cloneJson(value)
  yield
  const isList = Array.isArray(value)
  const [list, map]: [unknown[], JsonObject] = [[], {}]
  let count = 0
  for (const part of isList ? (value as unknown[]) : Object.keys(value)) {
    const inner: unknown = isList ? part : (value as JsonObject)[part as string]
    const copy = typeof inner === 'object' ? yield* cloneInPieces(inner) : inner
    if (isList) list.push(copy)
    else setField(map, part as string, copy)
    if (++count % FEW_ENTRIES === 0) yield
  }
  if (count > PIECE) large.add(map)
  return isList ? list : map
}

/** As deepEqual(). */
export function* equalInPieces(a: unknown, b: unknown, options: DeepEqualOptions = {}): Pieces<boolean> {
  if (a === b) return true
  if (!isLargeBeside(a, b) || typeof b !== 'object' || b === null || Array.isArray(a) !== Array.isArray(b))
    return deepEqual(a, b, options)
  yield
  if (Array.isArray(a)) {
    const other = b as unknown[]
    if (a.length !== other.length) return false
    for (const [i, item] of a.entries()) {
      if (!(yield* equalInPieces(item, other[i], options))) return false
      if (i % FEW_ENTRIES === 0) yield
    }
    return true
  }
  const [map, other] = [a as JsonObject, b as JsonObject]
  let count = 0
  for (const key of Object.keys(map)) {
    const [inner, its] = [map[key], Object.hasOwn(other, key) ? other[key] : undefined]
    const isSame =
      typeof inner === 'object' ? yield* equalInPieces(inner, its, options) : deepEqual(inner, its, options)
    if (!isSame) return false
    if (++count % FEW_ENTRIES === 0) yield
  }
  yield
  return Object.keys(other).every(key => Object.hasOwn(map, key) || deepEqual(undefined, other[key], options))
}
