// Lists that merge: maps by their merge key, primitives as sets.
import { getField, isObject, type JsonObject, setField } from '../../../../shared/machinery/json-object.ts'
import { badRequest } from '../../../../shared/machinery/status.ts'
import type { FieldFact } from '../../schema/facts.ts'
import { itemPatchTypeOf, patchTypeOf, SET_ORDER } from './directives.ts'
import { finish, type Later, soonOrLater } from './later.ts'
import { type Identity, type Merged, orderMerged } from './order.ts'
import { slices } from '../../../pieces/large-json.ts'
import type { Pieces } from '../../../pieces/pacer.ts'
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
export type MergeMap = (given: JsonObject, patch: JsonObject, fact: FieldFact | undefined, later: Later) => JsonObject

type MergeItem = (item: JsonObject | undefined, change: JsonObject, later: Later) => JsonObject

/** A number is not the text of it. */
const identityOf = (value: unknown): string =>
  typeof value === 'object' && value !== null ? encodeJson(value) : `${typeof value}:${String(value)}`

const primitiveIdentity: Identity = identityOf

function mapIdentity(mergeKey: string): Identity {
  return item => {
    const value = isObject(item) ? getField(item, mergeKey) : undefined
    if (value === undefined)
      throw badRequest(`map: ${encodeJson(item)} does not contain declared merge key: ${mergeKey}`)
    return identityOf(value)
  }
}

export function mergeList(
  current: readonly unknown[],
  patch: ListPatch,
  fact: FieldFact | undefined,
  mergeMap: MergeMap,
  later: Later,
): unknown[] {
  const result: unknown[] = []
  const size = current.length + (patch.items ?? patch.order ?? patch.deletions ?? []).length
  soonOrLater(size, mergeInto(result, current, patch, fact, mergeMap, later), later)
  return result
}

function* mergeInto(
  result: unknown[],
  current: readonly unknown[],
  patch: ListPatch,
  fact: FieldFact | undefined,
  mergeMap: MergeMap,
  later: Later,
): Pieces<void> {
  const items = patch.items ?? []
  const isMapList = fact?.mk !== undefined && (current.some(isObject) || items.some(isObject))
  const identity = isMapList ? mapIdentity(fact.mk) : primitiveIdentity
  const isOther = (item: unknown) => isObject(item) !== isMapList
  if (current.some(isOther) || items.some(isOther)) throw badRequest('list element types are not identical')
  // One element that says `$patch: replace` makes the rest of the patch's list the whole list.
  if (isMapList && items.some(item => itemPatchTypeOf(item as JsonObject) === 'replace')) {
    for (const some of slices(items as readonly JsonObject[])) {
      for (const item of some) if (patchTypeOf(item) === 'merge') result.push(item)
      yield
    }
    return
  }
  yield
  if (patch.items && patch.order) yield* checkOrder(patch.items, patch.order, identity, patch.key)

  // A new item is taken as it is.
  const mergeItem: MergeItem = (item, change, rest) => (item ? mergeMap(item, change, fact?.i, rest) : change)
  const merged = isMapList
    ? yield* mergeMaps(current, items, identity, mergeItem, later)
    : mergePrimitives(current, items, patch.deletions)
  const wanted = patch.order ?? items.filter(item => !isObject(item) || patchTypeOf(item) !== 'delete')
  yield
  yield* orderMerged(result, merged, wanted, current, identity)
}

function mergePrimitives(
  current: readonly unknown[],
  items: readonly unknown[],
  deletions: readonly unknown[] = [],
): Merged[] {
  const deleted = new Set(deletions)
  const all = new Set([...current.filter(item => !deleted.has(item)), ...items])
  return [...all].map(item => ({ id: primitiveIdentity(item), item }))
}

function* mergeMaps(
  current: readonly unknown[],
  items: readonly unknown[],
  identity: Identity,
  mergeItem: MergeItem,
  later: Later,
): Pieces<Merged[]> {
  const deleted = new Set<string>()
  const changes = new Map<string, JsonObject[]>()
  for (const some of slices(items as readonly JsonObject[])) {
    for (const item of some) {
      const id = identity(item)
      const same = changes.get(id)
      if (patchTypeOf(item) === 'delete') deleted.add(id)
      else if (same) same.push(item)
      else changes.set(id, [item])
    }
    yield
  }
  const known = new Set<string>()
  const merged: Merged[] = []
  for (const some of slices(current as readonly JsonObject[])) {
    for (const item of some) {
      const id = identity(item)
      if (deleted.has(id)) continue
      // Lists may hold a key twice (the schema does not forbid it); only the first one is meant.
      const own = known.has(id) ? undefined : changes.get(id)
      known.add(id)
      merged.push({ id, item: own ? mergeAll(item, own, mergeItem, later) : item })
    }
    yield
  }
  for (const some of slices([...changes])) {
    for (const [id, own] of some)
      if (!known.has(id)) merged.push({ id, item: mergeAll(undefined, own, mergeItem, later) })
    yield
  }
  return merged
}

/**
 * @param item nothing, for a new one
 * @param changes of a patch that may name an element more than once
 */
function mergeAll(
  item: JsonObject | undefined,
  changes: readonly JsonObject[],
  mergeItem: MergeItem,
  later: Later,
): JsonObject {
  const [first = {}] = changes
  if (changes.length === 1) return mergeItem(item, first, later)
  const result: JsonObject = {}
  later.push(mergeInTurn(result, item, changes, mergeItem))
  return result
}

/** Each change is made to what the one before has come to. */
function* mergeInTurn(
  result: JsonObject,
  item: JsonObject | undefined,
  changes: readonly JsonObject[],
  mergeItem: MergeItem,
): Pieces<void> {
  let merged = item
  for (const change of changes) {
    const later: Later = []
    merged = mergeItem(merged, change, later)
    yield* finish(later)
  }
  for (const key of Object.keys(merged ?? {})) setField(result, key, merged?.[key])
}

/** The patch's own elements must stand in the order that `$setElementOrder` gives. */
function* checkOrder(
  items: readonly unknown[],
  order: readonly unknown[],
  identity: Identity,
  key: string,
): Pieces<void> {
  const positions = new Map<string, number>()
  let count = 0
  for (const some of slices(order)) {
    for (const item of some) positions.set(identity(item), count++)
    yield
  }
  let last = -1
  for (const some of slices(items)) {
    for (const item of some) {
      if (isObject(item) && patchTypeOf(item) !== 'merge') continue
      const at = positions.get(identity(item))
      if (at === undefined || at < last) {
        const shown = [items, order].map(list => encodeJson(list))
        throw badRequest(
          `The order in patch list:\n${shown[0]}\n doesn't match ${SET_ORDER}${key} list:\n${shown[1]}\n`,
        )
      }
      last = at
    }
    yield
  }
}
