// Lays an applied configuration over the live object, and takes out what its manager no longer applies.
import { cloneJson, type JsonObject, setField } from '../../../../shared/machinery/json-object.ts'
import { badRequest } from '../../../../shared/machinery/status.ts'
import type { FieldFact } from '../../schema/facts.ts'
import { type FieldSet, showPath } from './field-set.ts'
import { type Part, partsOf, shapeOf } from './typed-value.ts'

/** @param which object it is about @throws ApiError 400 when an associative list holds a key twice */
export function refuseDuplicates(
  value: unknown,
  fact: FieldFact | undefined,
  which: string,
  path: readonly string[] = [],
): void {
  const seen = new Set<string>()
  for (const part of partsOf(value, fact)) {
    if (seen.has(part.step)) {
      const where = showPath(path)
      throw badRequest(
        `failed to create typed patch object (${which}): ${where}: duplicate entries for key ${showPath([part.step])}`,
      )
    }
    seen.add(part.step)
    refuseDuplicates(part.value, part.fact, which, [...path, part.step])
  }
}

/** @returns a new value; list items that both have stand in the configuration's order. */
export function mergeApplied(live: unknown, applied: unknown, fact: FieldFact | undefined): unknown {
  const shape = shapeOf(applied, fact)
  // Of what is owned part by part, null says nothing of the parts that others brought.
  if (applied === null && fact?.t !== 'deduced' && shapeOf(live, fact) !== 'leaf') return cloneJson(live)
  if (shape === 'leaf' || live === undefined || shapeOf(live, fact) !== shape) return cloneJson(applied)
  const there = partsOf(live, fact)
  const given = partsOf(applied, fact)
  if (shape === 'set' || shape === 'list') return mergeItems(there, given)
  const result: JsonObject = {}
  const before = new Map(there.map(part => [part.step, part]))
  for (const part of there) setField(result, part.step.slice(2), cloneJson(part.value))
  for (const part of given) {
    setField(result, part.step.slice(2), mergeApplied(before.get(part.step)?.value, part.value, part.fact))
  }
  return result
}

/**
 * Walks both lists at once. Items that both have come in the configuration's order; those that only the server has
 * keep their place before the shared item that follows them.
 */
function mergeItems(there: readonly Part[], given: readonly Part[]): unknown[] {
  const inLive = new Map<string, Part>()
  for (const part of there) if (!inLive.has(part.step)) inLive.set(part.step, part)
  const inGiven = new Set(given.map(part => part.step))
  const shared = given.map(part => part.step).filter(step => inLive.has(step))
  const done = new Set<string>()
  const result: unknown[] = []
  let [l, r, s] = [0, 0, 0]
  const take = (part: Part) => {
    done.add(part.step)
    result.push(mergeApplied(inLive.get(part.step)?.value, part.value, part.fact))
    if (shared[s] === part.step) s += 1
    r += 1
  }
  while (l < there.length || r < given.length) {
    const left = there[l]
    const right = given[r]
    if (left && !inGiven.has(left.step)) {
      result.push(cloneJson(left.value))
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
export const prune = (value: unknown, fact: FieldFact | undefined, last: FieldSet, owned: FieldSet): unknown =>
  withoutAbandoned(value, fact, { last, owned, isOurs: false, isAbandoned: false })

interface Place {
  readonly last: FieldSet
  readonly owned: FieldSet | undefined
  /** The manager owned this, or what it is in. */
  readonly isOurs: boolean
  /** And nobody does now. */
  readonly isAbandoned: boolean
}

const isMember = (set: FieldSet | undefined, { named }: Part): boolean =>
  set !== undefined && (set.member || (named === true && set.children.size > 0))

function withoutAbandoned(value: unknown, fact: FieldFact | undefined, place: Place): unknown {
  const shape = shapeOf(value, fact)
  if (shape === 'leaf') return value
  const kept = partsOf(value, fact).flatMap(part => {
    const last = place.last.children.get(part.step)
    if (!last) return [part]
    const owned = place.owned?.children.get(part.step)
    const wasOurs = isMember(last, part)
    const isOurs = place.isOurs || wasOurs
    const isAbandoned = place.isAbandoned || (isOurs && !isMember(owned, part))
    if (wasOurs && isAbandoned) return []
    return [{ ...part, value: withoutAbandoned(part.value, part.fact, { last, owned, isOurs, isAbandoned }) }]
  })
  if (shape === 'set' || shape === 'list') return kept.map(part => part.value)
  const result: JsonObject = {}
  for (const part of kept) setField(result, part.step.slice(2), part.value)
  return result
}
