// Two people changed one object: what each changed counts, and only where both changed the same to different values
// must somebody choose.
import { encodeJson } from '../../shared/machinery/json-text.ts'
import { deepEqual } from '../../shared/machinery/deep-equal.ts'
import { type JsonObject, getField, isObject, setField } from '../../shared/machinery/json-object.ts'
import { type Path, pathText, readForm, removeAt, setAt } from './form-text.ts'
import type { FieldSchema } from './schema.ts'
import { t } from '../i18n/i18n.ts'

export interface MergeConflict {
  readonly path: Path
  /** Undefined = the field was taken away. */
  readonly mine: unknown
  readonly theirs: unknown
}

export interface Merged {
  /** Where there is a conflict it has mine. */
  readonly value: unknown
  readonly conflicts: readonly MergeConflict[]
}

/** @param schema tells which lists are kept by key; without it a list is one value */
export function mergeThreeWay(base: unknown, mine: unknown, theirs: unknown, schema?: FieldSchema): Merged {
  const conflicts: MergeConflict[] = []
  const value = merge({ base, mine, theirs, path: [], schema, conflicts })
  return { value, conflicts }
}

interface Sides {
  readonly base: unknown
  readonly mine: unknown
  readonly theirs: unknown
  readonly path: Path
  readonly schema: FieldSchema | undefined
  readonly conflicts: MergeConflict[]
}

function merge(sides: Sides): unknown {
  const { base, mine, theirs, path, schema, conflicts } = sides
  if (deepEqual(mine, theirs) || deepEqual(base, theirs)) return mine
  if (deepEqual(base, mine)) return theirs
  if (isObject(mine) && isObject(theirs)) return mergeMaps(sides, isObject(base) ? base : {}, mine, theirs)
  const keyed = schema?.shape === 'list' && schema.listKeys.length ? mergeLists(sides, schema) : undefined
  if (keyed) return keyed
  conflicts.push({ path, mine, theirs })
  return mine
}

function mergeMaps(sides: Sides, base: JsonObject, mine: JsonObject, theirs: JsonObject): JsonObject {
  const { path, schema, conflicts } = sides
  const result: JsonObject = {}
  for (const key of new Set([...Object.keys(mine), ...Object.keys(theirs)])) {
    const value = merge({
      base: getField(base, key),
      mine: getField(mine, key),
      theirs: getField(theirs, key),
      path: [...path, key],
      schema: schema?.shape === 'map' ? schema.item : schema?.fields.get(key),
      conflicts,
    })
    if (value !== undefined) setField(result, key, value)
  }
  return result
}

/** @returns undefined when an entry lacks its key or shares it */
function byKey(list: unknown, keys: readonly string[]): Map<string, unknown> | undefined {
  if (list === undefined) return new Map()
  if (!Array.isArray(list)) return undefined
  const found = new Map<string, unknown>()
  for (const entry of list as unknown[]) {
    if (!isObject(entry)) return undefined
    found.set(encodeJson(keys.map(key => entry[key] ?? null)), entry)
  }
  return found.size === list.length ? found : undefined
}

/** In my order; what they added comes last. */
function mergeLists({ path, conflicts, ...sides }: Sides, schema: FieldSchema): unknown[] | undefined {
  const [base, mine, theirs] = [sides.base, sides.mine, sides.theirs].map(list => byKey(list, schema.listKeys))
  if (!base || !mine || !theirs) return undefined
  const result: unknown[] = []
  for (const key of new Set([...mine.keys(), ...theirs.keys()])) {
    const value = merge({
      base: base.get(key),
      mine: mine.get(key),
      theirs: theirs.get(key),
      path: [...path, result.length],
      schema: schema.item,
      conflicts,
    })
    if (value !== undefined) result.push(value)
  }
  return result
}

/** Writes into the text what differs between two values, and nothing else. */
export function writeDifference(text: string, from: unknown, to: unknown, path: Path = []): string {
  if (deepEqual(from, to)) return text
  if (isObject(from) && isObject(to)) {
    let next = text
    for (const key of Object.keys(from)) if (!Object.hasOwn(to, key)) next = removeAt(next, [...path, key])
    for (const [key, value] of Object.entries(to))
      next = writeDifference(next, getField(from, key), value, [...path, key])
    return next
  }
  if (Array.isArray(from) && Array.isArray(to) && from.length === to.length)
    return to.reduce<string>(
      (next, value, index) => writeDifference(next, from[index] as unknown, value, [...path, index]),
      text,
    )
  return setAt(text, path, to)
}

/**
 * What somebody else changed meanwhile, taken over into a text that is being edited.
 *
 * @param was the text that `mine` began as
 * @returns undefined while mine cannot be read; where there is a conflict the text has mine
 */
export function mergeText(
  was: string,
  mine: string,
  theirs: string,
  schema?: FieldSchema,
): { readonly text: string; readonly conflicts: readonly MergeConflict[] } | undefined {
  const read = readForm(mine)
  if (!read) return undefined
  const { value, conflicts } = mergeThreeWay(readForm(was), read, readForm(theirs), schema)
  return { text: writeDifference(mine, read, value), conflicts }
}

export const resolveConflict = (text: string, { path, theirs }: MergeConflict): string =>
  theirs === undefined ? removeAt(text, path) : setAt(text, path, theirs)

export const conflictTitle = ({ path }: MergeConflict): string => pathText(path) || t('The object')
