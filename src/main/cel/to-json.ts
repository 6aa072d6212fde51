// A value of an expression as JSON.
import { type JsonObject, setField } from '../../shared/machinery/json-object.ts'
import { narrow } from '../../shared/machinery/json-text.ts'
import { CelError } from './errors.ts'
import { Duration, showDuration, showTimestamp, Timestamp } from './time.ts'
import { isMap, List, Optional, Uint, type Value } from './values.ts'

/** @throws CelError for what JSON cannot say */
export function toJson(value: Value): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number')
    return value
  if (typeof value === 'bigint') return narrow(value)
  if (value instanceof Uint) return narrow(value.value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Timestamp) return showTimestamp(value)
  if (value instanceof Duration) return showDuration(value)
  if (value instanceof List) return value.toArray().map(toJson)
  if (value instanceof Optional) return value.value === undefined ? null : toJson(value.value)
  if (!isMap(value)) throw new CelError('the value cannot be written as JSON')
  const object: JsonObject = {}
  for (const key of value.keys())
    setField(object, key instanceof Uint ? String(key.value) : String(key), toJson(value.get(key) ?? null))
  return object
}
