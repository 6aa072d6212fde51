// Strategic merge patch: a merge patch that knows from the schema which lists merge element by element.
//
// @see https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/
import { getField, isObject, type JsonObject, setField } from '../../../../shared/machinery/json-object.ts'
import { cannotUnmarshal } from '../../codec/go-json.ts'
import { badRequest } from '../../../../shared/machinery/status.ts'
import type { Pieces } from '../../../pieces/pacer.ts'
import { isPrinted } from '../../schema/printed.ts'
import { fieldFact, typeFact } from '../../schema/table.ts'
import type { FieldFact } from '../../schema/facts.ts'
import {
  asReplacement,
  DELETE_PRIMITIVES,
  fieldAsNew,
  isDirective,
  listDirective,
  patchTypeOf,
  RETAIN_KEYS,
  SET_ORDER,
} from './directives.ts'
import { each, finish, type Later } from './later.ts'
import { mergeList, type MergeMap } from './merge-list.ts'

/** @returns the fact of a field inside a value of this fact; unknown where the schema ends. */
function factInside(parent: FieldFact | undefined, key: string): FieldFact | undefined {
  if (parent?.t === 'ref') return fieldFact(typeFact(parent.r ?? ''), key)
  return parent?.t === 'map' ? parent.i : undefined
}

/** Structs that Go prints though they are empty are there to be merged with. */
const emptyStruct = (
  parent: FieldFact | undefined,
  key: string,
  fact: FieldFact | undefined,
): JsonObject | undefined => (fact?.t === 'ref' && parent?.t === 'ref' && isPrinted(parent.r, key) ? {} : undefined)

const strategies = (fact: FieldFact | undefined): readonly string[] => fact?.ps?.split(',') ?? []

/** Drops the fields that `$retainKeys` does not name: how one member of a union takes the place of another. */
function retainKeys(original: JsonObject, patch: JsonObject): JsonObject {
  const list = listDirective(patch, RETAIN_KEYS)
  if (!list) return original
  const keys = new Set(list)
  for (const key of Object.keys(patch)) {
    if (!isDirective(key) && patch[key] !== null && !keys.has(key)) {
      throw badRequest(`${RETAIN_KEYS} doesn't contain all the fields present in the patch: ${key} is missing`)
    }
  }
  const kept: JsonObject = {}
  for (const key of Object.keys(original)) if (keys.has(key)) setField(kept, key, original[key])
  return kept
}

/**
 * @returns the merged map, with the fields in their order and new ones behind them; neither argument is changed, and what
 *   the patch leaves alone is shared
 */
const mergeMap: MergeMap = (given, patch, fact, later) => {
  const type = patchTypeOf(patch)
  if (type === 'delete') return {}
  if (type === 'replace') return asReplacement(patch)
  const original = retainKeys(given, patch)
  const touched = touchedKeys(patch)
  const result: JsonObject = {}
  const merge = (key: string) => {
    if (!touched.has(key)) return setField(result, key, original[key])
    const merged = mergeField(original, patch, key, fact, later)
    if (merged !== undefined) setField(result, key, merged)
  }
  const keys = Object.keys(original)
  for (const key of touched) if (!Object.hasOwn(original, key)) keys.push(key)
  each(keys, merge, later)
  return result
}

function touchedKeys(patch: JsonObject): Set<string> {
  const keys = new Set<string>()
  for (const key of Object.keys(patch)) {
    if (key.startsWith(DELETE_PRIMITIVES)) keys.add(key.slice(DELETE_PRIMITIVES.length))
    else if (key.startsWith(SET_ORDER)) keys.add(key.slice(SET_ORDER.length))
    else if (!isDirective(key)) keys.add(key)
  }
  return keys
}

/** @returns the field's new value, or undefined when it goes. */
function mergeField(
  original: JsonObject,
  patch: JsonObject,
  key: string,
  parent: FieldFact | undefined,
  later: Later,
): unknown {
  const fact = factInside(parent, key)
  const change = getField(patch, key)
  const current = getField(original, key) ?? emptyStruct(parent, key, fact)
  if (change === null) return undefined
  const deletions = listDirective(patch, DELETE_PRIMITIVES + key)
  const order = listDirective(patch, SET_ORDER + key)
  if (Array.isArray(current) && (Array.isArray(change) || change === undefined)) {
    if (!strategies(fact).includes('merge')) return change ?? current
    return mergeList(current, { items: change as unknown[] | undefined, deletions, order, key }, fact, mergeMap, later)
  }
  if (change === undefined) return current
  if (isObject(current) && isObject(change)) {
    return strategies(fact).includes('replace') ? change : mergeMap(current, change, fact, later)
  }
  return fieldAsNew(change, later)
}

/**
 * @param schemaId the type of the object
 * @throws ApiError 400 for malformed directives and list elements without their merge key
 */
export function* strategicMergeInPieces(schemaId: string, current: unknown, patch: unknown): Pieces<unknown> {
  if (patch === null) return current
  if (!isObject(patch)) throw badRequest(cannotUnmarshal(patch))
  const later: Later = []
  const merged = mergeMap(isObject(current) ? current : {}, patch, { t: 'ref', r: schemaId }, later)
  if (later.length > 0) yield* finish(later)
  return merged
}
