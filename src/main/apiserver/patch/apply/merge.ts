// Lays an applied configuration over the live object, and takes out what its manager no longer applies.
import { cloneJson, type JsonObject, setField } from '../../../../shared/machinery/json-object.ts'
import { cloneInPieces, FEW_ENTRIES, isLarge, PIECE, slices } from '../../../pieces/large-json.ts'
import { atOnce, type Pieces } from '../../../pieces/pacer.ts'
import type { FieldFact } from '../../schema/facts.ts'
import type { FieldSet } from './field-set.ts'
import { isPlainMap, type Part, partsInPieces, partsOf, type Shape, shapeOf } from './typed-value.ts'

const isList = (shape: Shape): boolean => shape === 'set' || shape === 'list'
const nameOf = ({ step }: Part): string => step.slice(2)

/** Of what is owned part by part, null says nothing of the parts that others brought. */
const leavesAll = (live: unknown, applied: unknown, fact: FieldFact | undefined): boolean =>
  applied === null && fact?.t !== 'deduced' && shapeOf(live, fact) !== 'leaf'

/** @returns a new value; list items that both have stand in the configuration's order. */
export function mergeApplied(live: unknown, applied: unknown, fact: FieldFact | undefined): unknown {
  const shape = shapeOf(applied, fact)
  if (leavesAll(live, applied, fact)) return cloneJson(live)
  if (shape === 'leaf' || live === undefined || shapeOf(live, fact) !== shape) return cloneJson(applied)
  if (isPlainMap(shape, fact)) {
    const merged: JsonObject = {}
    for (const map of [live, applied] as JsonObject[]) layPlain(merged, map, Object.keys(map))
    return merged
  }
  const pairs = atOnce(pairsOf(partsOf(live, fact), partsOf(applied, fact), shape))
  const merge = ({ left, right }: Pair) =>
    right ? mergeApplied(left?.value, right.value, right.fact) : cloneJson(left?.value)
  if (isList(shape)) return pairs.map(merge)
  const result: JsonObject = {}
  for (const pair of pairs) setField(result, pair.name, merge(pair))
  return result
}

/** As mergeApplied(). */
export function* mergeInPieces(live: unknown, applied: unknown, fact: FieldFact | undefined): Pieces<unknown> {
  if (!isLarge(live) && !isLarge(applied)) return mergeApplied(live, applied, fact)
  yield
  const shape = shapeOf(applied, fact)
  if (leavesAll(live, applied, fact)) return yield* cloneInPieces(live)
  if (shape === 'leaf' || live === undefined || shapeOf(live, fact) !== shape) return yield* cloneInPieces(applied)
  const [list, map]: [unknown[], JsonObject] = [[], {}]
  if (isPlainMap(shape, fact)) {
    for (const from of [live, applied] as JsonObject[])
      for (const keys of slices(Object.keys(from))) {
        layPlain(map, from, keys)
        yield
      }
    return map
  }
  const there = yield* partsInPieces(live, fact)
  const given = yield* partsInPieces(applied, fact)
  const pairs = yield* pairsOf(there, given, shape)
  for (const [i, { name, left, right }] of pairs.entries()) {
    if (i % FEW_ENTRIES === 0) yield
    const merged = right
      ? yield* mergeInPieces(left?.value, right.value, right.fact)
      : yield* cloneInPieces(left?.value)
    if (isList(shape)) list.push(merged)
    else setField(map, name, merged)
  }
  return isList(shape) ? list : map
}

/** Values that are one thing each, by far the most of the largest objects: no parts are made of them. */
function layPlain(onto: JsonObject, map: JsonObject, keys: readonly string[]): void {
  for (const key of keys) setField(onto, key, cloneJson(map[key]))
}

/** What comes to stand in one place of the merged value: of the live object, of the configuration, or of both. */
interface Pair {
  readonly name: string
  readonly left: Part | undefined
  readonly right: Part | undefined
}

function* pairsOf(there: readonly Part[], given: readonly Part[], shape: Shape): Pieces<Pair[]> {
  if (isList(shape)) return yield* pairItems(there, given)
  const after = new Map(given.map(part => [part.step, part]))
  const before = new Set(there.map(({ step }) => step))
  return [
    ...there.map(left => ({ name: nameOf(left), left, right: after.get(left.step) })),
    ...given.filter(({ step }) => !before.has(step)).map(right => ({ name: nameOf(right), left: undefined, right })),
  ]
}

/**
 * Walks both lists at once. Items that both have come in the configuration's order; those that only the server has
 * keep their place before the shared item that follows them.
 */
function* pairItems(there: readonly Part[], given: readonly Part[]): Pieces<Pair[]> {
  const inLive = new Map<string, Part>()
  for (const part of there) if (!inLive.has(part.step)) inLive.set(part.step, part)
  yield
  const inGiven = new Set(given.map(part => part.step))
  const shared = given.map(part => part.step).filter(step => inLive.has(step))
  const done = new Set<string>()
  const result: Pair[] = []
  let [l, r, s] = [0, 0, 0]
  let count = 0
  const take = (part: Part) => {
    done.add(part.step)
    result.push({ name: '', left: inLive.get(part.step), right: part })
    if (shared[s] === part.step) s += 1
    r += 1
  }
  while (l < there.length || r < given.length) {
    if (++count % PIECE === 0) yield
    const left = there[l]
    const right = given[r]
    if (left && !inGiven.has(left.step)) {
      result.push({ name: '', left, right: undefined })
      l += 1
    } else if (left && (done.has(left.step) || (right && left.step !== right.step && left.step !== shared[s]))) {
      // Already merged, or to be merged later, where the configuration has it.
      l += 1
    } else if (right) {
      if (left?.step === right.step) l += 1
      take(right)
    }
  }
  return result
}

/**
 * Removes fields that the manager applied last time and that nobody owns now. An item of a list, or an entry of a map,
 * goes with everything in it, whosever that is, once nobody owns the item itself.
 * @param last what the manager owned before
 * @param owned what all managers own now, this one's new configuration included
 */
export const pruneInPieces = (
  value: unknown,
  fact: FieldFact | undefined,
  last: FieldSet,
  owned: FieldSet,
): Pieces<unknown> => abandonedLeftOut(value, fact, { last, owned, isOurs: false, isAbandoned: false })

interface Place {
  readonly last: FieldSet
  readonly owned: FieldSet | undefined
  /** The manager owned this, or what it is in. */
  readonly isOurs: boolean
  /** And nobody does now. */
  readonly isAbandoned: boolean
}

const isMember = (set: FieldSet | undefined, named: boolean | undefined): boolean =>
  set !== undefined && (set.member || (named === true && set.children.size > 0))

/** @returns where a part's own parts are; nothing for one that goes */
function placeIn(place: Place, step: string, inner: FieldSet, named?: boolean): Place | undefined {
  const now = place.owned?.children.get(step)
  const wasOurs = isMember(inner, named)
  const isOurs = place.isOurs || wasOurs
  const isAbandoned = place.isAbandoned || (isOurs && !isMember(now, named))
  return wasOurs && isAbandoned ? undefined : { last: inner, owned: now, isOurs, isAbandoned }
}

function withoutAbandoned(value: unknown, fact: FieldFact | undefined, place: Place): unknown {
  const shape = shapeOf(value, fact)
  if (shape === 'leaf') return value
  const [list, map]: [unknown[], JsonObject] = [[], {}]
  if (isPlainMap(shape, fact)) {
    keepPlain(map, value as JsonObject, Object.keys(value as JsonObject), place)
    return map
  }
  for (const part of partsOf(value, fact)) {
    const inner = place.last.children.get(part.step)
    const within = inner && placeIn(place, part.step, inner, part.named)
    if (inner && !within) continue
    const kept = within ? withoutAbandoned(part.value, part.fact, within) : part.value
    if (isList(shape)) list.push(kept)
    else setField(map, nameOf(part), kept)
  }
  return isList(shape) ? list : map
}

/** As withoutAbandoned(). */
function* abandonedLeftOut(value: unknown, fact: FieldFact | undefined, place: Place): Pieces<unknown> {
  if (!isLarge(value)) return withoutAbandoned(value, fact, place)
  yield
  const shape = shapeOf(value, fact)
  if (shape === 'leaf') return value
  const [list, map]: [unknown[], JsonObject] = [[], {}]
  if (isPlainMap(shape, fact)) {
    for (const keys of slices(Object.keys(value))) {
      keepPlain(map, value as JsonObject, keys, place)
      yield
    }
    return map
  }
  for (const [i, part] of (yield* partsInPieces(value, fact)).entries()) {
    if (i % FEW_ENTRIES === 0) yield
    const inner = place.last.children.get(part.step)
    const within = inner && placeIn(place, part.step, inner, part.named)
    if (inner && !within) continue
    const kept = within ? yield* abandonedLeftOut(part.value, part.fact, within) : part.value
    if (isList(shape)) list.push(kept)
    else setField(map, nameOf(part), kept)
  }
  return isList(shape) ? list : map
}

function keepPlain(kept: JsonObject, map: JsonObject, keys: readonly string[], place: Place): void {
  for (const key of keys) {
    const inner = place.last.children.get(`f:${key}`)
    if (!inner || placeIn(place, `f:${key}`, inner)) setField(kept, key, map[key])
  }
}
