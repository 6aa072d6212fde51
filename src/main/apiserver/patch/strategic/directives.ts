// The directives that a strategic merge patch may carry beside ordinary fields.
import { isObject, type JsonObject, setField } from '../../../../shared/machinery/json-object.ts'
import { encodeJson } from '../../../../shared/machinery/json-text.ts'
import { badRequest } from '../../../../shared/machinery/status.ts'
import { each, type Later } from './later.ts'

export const PATCH = '$patch'
export const RETAIN_KEYS = '$retainKeys'
export const DELETE_PRIMITIVES = '$deleteFromPrimitiveList/'
export const SET_ORDER = '$setElementOrder/'

export const isDirective = (key: string): boolean =>
  key === PATCH || key === RETAIN_KEYS || key.startsWith(DELETE_PRIMITIVES) || key.startsWith(SET_ORDER)

export type PatchType = 'merge' | 'replace' | 'delete'

const saysHow = (value: unknown): value is JsonObject => isObject(value) && Object.hasOwn(value, PATCH)

/** @returns what `$patch` asks for; to merge is asked for by its absence alone. @throws ApiError 400 for anything else */
export function patchTypeOf(patch: JsonObject): PatchType {
  if (!saysHow(patch)) return 'merge'
  const type = patch[PATCH]
  if (type === 'replace' || type === 'delete') return type
  throw badRequest(
    `unknown patch type: ${typeof type === 'string' ? type : encodeJson(type)} in map: ${encodeJson(patch)}`,
  )
}

/** @returns as patchTypeOf(), of an item of a list that merges. @throws ApiError 400 */
export function itemPatchTypeOf(item: JsonObject): PatchType {
  if (item[PATCH] === 'merge') throw badRequest('merging lists cannot yet be specified in the patch')
  return patchTypeOf(item)
}

/**
 * A copy of a patch's value for a place where nothing is there to be merged with: what says how it is to be merged is left
 * out as a whole, and so is null. Other directives mean nothing there, and are fields that nobody knows.
 */
export function asNew(value: unknown, later: Later): unknown {
  if (Array.isArray(value)) {
    const list: unknown[] = []
    const take = (item: unknown) => {
      if (!saysHow(item)) list.push(asNew(item, later))
    }
    each(value as unknown[], take, later)
    return list
  }
  if (!isObject(value)) return value
  const copy: JsonObject = {}
  const take = (key: string) => {
    if (value[key] !== null && !saysHow(value[key])) setField(copy, key, asNew(value[key], later))
  }
  each(Object.keys(value), take, later)
  return copy
}

/** @returns the patch as what takes the place of what was there */
export function asReplacement(patch: JsonObject): JsonObject {
  const { [PATCH]: _directive, ...rest } = patch
  return rest
}

/** @returns the field's value in an object that does not have it yet, or undefined where the patch makes none */
export const fieldAsNew = (value: unknown, later: Later): unknown => (saysHow(value) ? undefined : asNew(value, later))

/** @returns the list behind a list directive. @throws ApiError 400 when it is none */
export function listDirective(patch: JsonObject, key: string): readonly unknown[] | undefined {
  if (!Object.hasOwn(patch, key)) return undefined
  const list = patch[key]
  if (!Array.isArray(list)) throw badRequest(`invalid patch format: ${key} must be a list`)
  return list as readonly unknown[]
}
