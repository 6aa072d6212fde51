// JSON Merge Patch (RFC 7386).
import { getField, isObject, type JsonObject, setField } from '../../../shared/machinery/json-object.ts'

/**
 * @returns the merged value, with the fields in their order and new ones behind them; neither argument is changed, and
 *   both are shared
 */
export function applyMergePatch(current: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const result: JsonObject = {}
  const before: JsonObject = isObject(current) ? current : {}
  for (const key of Object.keys(before)) {
    const change = getField(patch, key)
    if (change === undefined) setField(result, key, before[key])
    else if (change !== null) setField(result, key, applyMergePatch(before[key], change))
  }
  for (const key of Object.keys(patch)) {
    const change = patch[key]
    if (change !== null && !Object.hasOwn(before, key)) setField(result, key, applyMergePatch(undefined, change))
  }
  return result
}
