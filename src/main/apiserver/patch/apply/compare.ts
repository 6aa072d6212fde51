// What changed between two objects, as sets of fields.
import { deepEqual, sameJson } from '../../../../shared/machinery/deep-equal.ts'
import type { FieldFact } from '../../schema/table.ts'
import { difference, EMPTY, type FieldSet, isEmpty } from './field-set.ts'
import { fieldsOf, type Part, partsOf, shapeOf } from './typed-value.ts'

export interface Comparison {
  /** Fields that are new or have another value. */
  readonly changed: FieldSet
  readonly removed: FieldSet
}

const NOTHING: Comparison = { changed: EMPTY, removed: EMPTY }

const firstByStep = (parts: readonly Part[]): Map<string, Part> => {
  const map = new Map<string, Part>()
  for (const part of parts) if (!map.has(part.step)) map.set(part.step, part)
  return map
}

function whole(part: Part): FieldSet {
  const inner = fieldsOf(part.value, part.fact)
  return part.owned ? { member: true, children: inner.children } : inner
}

export function compare(old: unknown, next: unknown, fact: FieldFact | undefined): Comparison {
  // Most of an object stays as it was: what is the same as a whole need not be taken apart.
  if (sameJson(old, next)) return NOTHING
  const shape = shapeOf(next, fact)
  if (shape === 'leaf' || shapeOf(old, fact) !== shape) {
    if (deepEqual(old, next)) return NOTHING
    const changed = fieldsOf(next, fact)
    return { changed, removed: difference(fieldsOf(old, fact), changed) }
  }
  const before = firstByStep(partsOf(old, fact))
  const after = firstByStep(partsOf(next, fact))
  const changed = new Map<string, FieldSet>()
  const removed = new Map<string, FieldSet>()
  const put = (map: Map<string, FieldSet>, step: string, set: FieldSet) => {
    if (!isEmpty(set)) map.set(step, set)
  }
  for (const [step, part] of before) {
    const now = after.get(step)
    if (!now) {
      put(removed, step, whole(part))
      continue
    }
    const inner = compare(part.value, now.value, now.fact)
    // Whether a map is empty is no change of its own: what came or went inside says it.
    put(changed, step, inner.changed)
    put(removed, step, inner.removed)
  }
  for (const [step, part] of after) if (!before.has(step)) put(changed, step, whole(part))
  return { changed: { member: false, children: changed }, removed: { member: false, children: removed } }
}
