// Lists that merge: maps by their merge key, primitives as sets.
import { getField, isObject, type JsonObject } from '../../../../shared/machinery/json-object.ts'
import { badRequest } from '../../../../shared/machinery/status.ts'
import type { FieldFact } from '../../schema/facts.ts'
import { patchTypeOf, SET_ORDER, withoutDirectives } from './directives.ts'
import { type Identity, orderMerged } from './order.ts'
import { encodeJson } from '../../../../shared/machinery/json-text.ts'

export interface ListPatch {
  /** The list in the patch; undefined when only directives touch it. */
  readonly items: readonly unknown[] | undefined
  readonly deletions: readonly unknown[] | undefined
  readonly order: readonly unknown[] | undefined
  /** The field's name, for messages. */
  readonly key: string
}

/** Merges one element; given by the caller, since maps and lists merge each other in turn. */
export type MergeMap = (given: JsonObject, patch: JsonObject, fact: FieldFact | undefined) => JsonObject

const primitiveIdentity: Identity = item => `${typeof item}:${String(item)}`

function mapIdentity(mergeKey: string): Identity {
  return item => {
    const value = isObject(item) ? getField(item, mergeKey) : undefined
    if (value === undefined || value === null) {
      throw badRequest(`map: ${encodeJson(item)} does not contain declared merge key: ${mergeKey}`)
    }
    return String(value)
  }
}

export function mergeList(
  current: readonly unknown[],
  patch: ListPatch,
  fact: FieldFact | undefined,
  mergeMap: MergeMap,
): unknown[] {
  const items = patch.items ?? []
  const isMapList = fact?.mk !== undefined && [...current, ...items].some(isObject)
  const identity = isMapList ? mapIdentity(fact.mk) : primitiveIdentity
  if ([...current, ...items].some(item => isObject(item) !== isMapList)) {
    throw badRequest('list element types are not identical')
  }
  // One element that says `$patch: replace` makes the rest of the patch's list the whole list.
  if (items.some(item => isObject(item) && patchTypeOf(item) === 'replace')) {
    return items.filter(item => !isObject(item) || patchTypeOf(item) === 'merge').map(withoutDirectives)
  }
  if (patch.items && patch.order) checkOrder(patch.items, patch.order, identity, patch.key)

  const merged = isMapList
    ? mergeMaps(current, items, identity, (item, change) => mergeMap(item, change, fact.i))
    : mergePrimitives(current, items, patch.deletions)
  const wanted = patch.order ?? items.filter(item => !isObject(item) || patchTypeOf(item) !== 'delete')
  return orderMerged(merged, wanted, current, identity)
}

function mergePrimitives(current: readonly unknown[], items: readonly unknown[], deletions: readonly unknown[] = []) {
  const deleted = new Set(deletions)
  return [...new Set([...current.filter(item => !deleted.has(item)), ...items])]
}

function mergeMaps(
  current: readonly unknown[],
  items: readonly unknown[],
  identity: Identity,
  mergeItem: (item: JsonObject, change: JsonObject) => JsonObject,
): unknown[] {
  const patches = items as readonly JsonObject[]
  const ordinary = patches.filter(item => patchTypeOf(item) === 'merge')
  const deleted = new Set(patches.filter(item => patchTypeOf(item) === 'delete').map(identity))
  const merged = new Map<string, unknown>()
  const result: unknown[] = []
  const changes = new Map<string, JsonObject[]>()
  for (const item of ordinary) {
    const id = identity(item)
    const same = changes.get(id)
    if (same) same.push(item)
    else changes.set(id, [item])
  }
  for (const item of current) {
    const id = identity(item)
    if (deleted.has(id)) continue
    // Lists may hold a key twice (the schema does not forbid it); only the first one is meant.
    const own = merged.has(id) ? [] : (changes.get(id) ?? [])
    const next = own.reduce((value, change) => mergeItem(value, change), item as JsonObject)
    merged.set(id, next)
    result.push(next)
  }
  for (const [id, list] of changes) {
    if (merged.has(id)) continue
    const [first = {}, ...rest] = list
    const created = rest.reduce((value, change) => mergeItem(value, change), withoutDirectives(first) as JsonObject)
    result.push(created)
  }
  return result
}

/** The patch's own elements must stand in the order that `$setElementOrder` gives. */
function checkOrder(items: readonly unknown[], order: readonly unknown[], identity: Identity, key: string): void {
  const positions = new Map(order.map((item, i) => [identity(item), i]))
  let last = -1
  for (const item of items) {
    if (isObject(item) && patchTypeOf(item) !== 'merge') continue
    const at = positions.get(identity(item))
    if (at === undefined || at < last) {
      const shown = [items, order].map(list => encodeJson(list))
      throw badRequest(`The order in patch list:\n${shown[0]}\n doesn't match ${SET_ORDER}${key} list:\n${shown[1]}\n`)
    }
    last = at
  }
}
