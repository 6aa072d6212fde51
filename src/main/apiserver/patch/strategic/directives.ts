// The directives that a strategic merge patch may carry beside ordinary fields.
import { isObject, type JsonObject, setField } from '../../../../shared/machinery/json-object.ts'
import { badRequest } from '../../../../shared/machinery/status.ts'
import { each, type Later } from './later.ts'

export const PATCH = '$patch'
export const RETAIN_KEYS = '$retainKeys'
export const DELETE_PRIMITIVES = '$deleteFromPrimitiveList/'
export const SET_ORDER = '$setElementOrder/'

export const isDirective = (key: string): boolean =>
  key === PATCH || key === RETAIN_KEYS || key.startsWith(DELETE_PRIMITIVES) || key.startsWith(SET_ORDER)

export type PatchType = 'merge' | 'replace' | 'delete'

/** @returns what `$patch` asks for. @throws ApiError 400 for anything else */
export function patchTypeOf(patch: JsonObject): PatchType {
  const type = Object.hasOwn(patch, PATCH) ? patch[PATCH] : 'merge'
  if (type === 'merge' || type === 'replace' || type === 'delete') return type
  throw badRequest(`unknown patch type found: ${String(type)}`)
}

/** A copy of a patch's value as plain data: for places where nothing is there to be merged with. */
export function withoutDirectives(value: unknown, later: Later): unknown {
  if (Array.isArray(value)) {
    const list: unknown[] = []
    const take = (item: unknown) => {
      if (!isObject(item) || patchTypeOf(item) === 'merge') list.push(withoutDirectives(item, later))
    }
    each(value as unknown[], take, later)
    return list
  }
  if (!isObject(value)) return value
  if (patchTypeOf(value) === 'delete') return {}
  const copy: JsonObject = {}
  const take = (key: string) => {
    if (!isDirective(key) && value[key] !== null) setField(copy, key, withoutDirectives(value[key], later))
  }
  each(Object.keys(value), take, later)
  return copy
}

/** @returns the list behind a list directive. @throws ApiError 400 when it is none */
export function listDirective(patch: JsonObject, key: string): readonly unknown[] | undefined {
  if (!Object.hasOwn(patch, key)) return undefined
  const list = patch[key]
  if (!Array.isArray(list)) throw badRequest(`invalid patch format: ${key} must be a list`)
  return list as readonly unknown[]
}
