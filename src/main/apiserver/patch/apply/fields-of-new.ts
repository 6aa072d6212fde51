// The fields that somebody owns who makes an object. Many objects are made as one before was, from one template: they
// differ in values and have the same fields, and to see that costs a third of working the fields out.
import { isObject, type JsonObject } from '../../../../shared/machinery/json-object.ts'
import { sameJson } from '../../../../shared/machinery/deep-equal.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import type { Pieces } from '../../../pieces/pacer.ts'
import type { FieldFact } from '../../schema/facts.ts'
import { isPrintedZero } from '../../schema/printed.ts'
import type { FieldSet } from './field-set.ts'
import { fieldsInPieces } from './in-pieces.ts'
import { fieldApart, trackable } from './managers.ts'
import { filledFieldsOf } from './typed-value.ts'

/** Of values outside of lists, all that matters; of lists, whose items may be known by what is in them, a copy. */
type Outline = 'absent' | 'zero' | 'value' | Items | Inner
interface Items {
  readonly items: readonly unknown[]
}
interface Inner {
  readonly keys: readonly string[]
  readonly outlines: readonly Outline[]
}

interface Known {
  readonly outline: Outline
  readonly set: FieldSet
}

/** Of one kind: those that came last. */
const MOST_ALIKE = 8
/** Larger objects are rarely alike, and not remembered: keys, items and texts of lists, these by length. */
const MOST_PARTS = 500
const CHARACTERS_A_PART = 32

/** By schema and subresource: as many as there are kinds. */
const known = new Map<string, Known[]>()

/** @returns what its maker owns of a new object of a built-in kind, which says nothing of managers */
export function* fieldsOfNew(object: AnyObject, schemaId: string, subresource: string): Pieces<FieldSet> {
  const kind = `${schemaId}/${subresource}`
  const alike = known.get(kind) ?? []
  const at = alike.findIndex(({ outline }) => fits(outline, object))
  const [found] = at < 0 ? [remember(object, schemaId, subresource)] : alike.splice(at, 1)
  if (!found) {
    yield
    const all = yield* fieldsInPieces(object, { t: 'ref', r: schemaId }, 'filled')
    return trackable(all, fieldApart(subresource))
  }
  alike.unshift(found)
  if (alike.length > MOST_ALIKE) alike.pop()
  known.set(kind, alike)
  return found.set
}

/** As it is, whatever came before. */
export const workedOut = (object: AnyObject, fact: FieldFact, subresource: string, plainStatus = false): FieldSet =>
  trackable(filledFieldsOf(object, fact), fieldApart(subresource, plainStatus))

function remember(object: AnyObject, schemaId: string, subresource: string): Known | undefined {
  const room = { parts: MOST_PARTS }
  const outline = outlineOf(object, room)
  return room.parts < 0 ? undefined : { outline, set: workedOut(object, { t: 'ref', r: schemaId }, subresource) }
}

const markOf = (value: unknown): Outline => (value === undefined ? 'absent' : isPrintedZero(value) ? 'zero' : 'value')

interface Room {
  parts: number
}

function outlineOf(value: unknown, room: Room): Outline {
  if (Array.isArray(value)) return { items: value.map(item => copyOf(item, room)) }
  if (!isObject(value) || --room.parts < 0) return markOf(value)
  const keys = Object.keys(value)
  room.parts -= keys.length
  return { keys, outlines: room.parts < 0 ? [] : keys.map(key => outlineOf(value[key], room)) }
}

function copyOf(value: unknown, room: Room): unknown {
  room.parts -= typeof value === 'string' ? 1 + value.length / CHARACTERS_A_PART : 1
  if (room.parts < 0 || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(item => copyOf(item, room))
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copyOf(inner, room)]))
}

/** Whether the value has the same fields, in the same order, and the same lists. */
function fits(outline: Outline, value: unknown): boolean {
  if (typeof outline === 'string') return (typeof value !== 'object' || value === null) && markOf(value) === outline
  if ('items' in outline) return sameJson(outline.items, value)
  return isObject(value) && fitsInside(outline, value)
}

function fitsInside({ keys, outlines }: Inner, value: JsonObject): boolean {
  const given = Object.keys(value)
  if (given.length !== keys.length) return false
  return given.every((key, i) => key === keys[i] && fits(outlines[i] ?? 'absent', value[key]))
}
