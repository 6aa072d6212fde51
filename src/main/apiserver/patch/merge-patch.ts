// JSON Merge Patch (RFC 7386).
import { getField, isObject, type JsonObject, setField } from '../../../shared/machinery/json-object.ts'

/** @returns the merged value; neither argument is changed, and both are shared. */
export function applyMergePatch(current: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const result: JsonObject = {}
  if (isObject(current)) {
    for (const key of Object.keys(current)) {
      if (!Object.hasOwn(patch, key)) setField(result, key, current[key])
    }
  }
  for (const key of Object.keys(patch)) {
    const change = patch[key]
    if (change === null) continue
    setField(result, key, applyMergePatch(isObject(current) ? getField(current, key) : undefined, change))
  }
  return result
}
