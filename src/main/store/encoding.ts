// Objects to text and back. The stored text has no resourceVersion: the revision is known only when it is durable.
import { type JsonObject, setField } from '../../shared/machinery/json-object.ts'
import type { AnyObject } from '../../shared/machinery/object.ts'
import { type EngineRecord, MAX_OBJECT_BYTES, type Stored, StoreError } from './contract.ts'
import { encodeJson, parseJson } from '../../shared/machinery/json-text.ts'

/** @returns the text to be stored. `__proto__` is an ordinary field here and stays one. @throws StoreError `TooLarge` */
export function encodeObject(object: AnyObject): string {
  const { resourceVersion: _, ...metadata } = object.metadata
  const text = encodeJson({ ...object, metadata })
  // Only a text near the limit needs its bytes counted: a character takes one to three.
  if (text.length * 3 > MAX_OBJECT_BYTES && Buffer.byteLength(text) > MAX_OBJECT_BYTES)
    throw new StoreError('TooLarge', `limit is ${MAX_OBJECT_BYTES}`)
  return text
}

/** @returns the object as readers see it: decoded once, with its revision as resourceVersion. */
export function decodeRecord(record: EngineRecord & { readonly value: string }): Stored {
  const object = parseJson(record.value) as AnyObject
  object.metadata.resourceVersion = String(record.revision)
  return { key: record.key, object, revision: record.revision, createRevision: record.createRevision }
}

/**
 * @param written what the record's text was made from
 * @returns the object as readers see it, as decoding the text would give it, for less; the trees of managedFields, which
 *   nobody changes in place, are shared
 */
export function recordOf({ key, revision, createRevision }: EngineRecord, written: AnyObject): Stored {
  const object: JsonObject = {}
  for (const name of Object.keys(written)) {
    if (written[name] === undefined) continue
    setField(object, name, name === 'metadata' ? metadataOf(written, revision) : copyAsDecoded(written[name]))
  }
  return { key, object: object as AnyObject, revision, createRevision }
}

function metadataOf({ metadata }: AnyObject, revision: number): JsonObject {
  const copy: JsonObject = {}
  for (const [name, value] of Object.entries(metadata)) {
    if (value === undefined || name === 'resourceVersion') continue
    if (name === 'managedFields') copy[name] = metadata.managedFields?.map(entry => ({ ...entry }))
    else setField(copy, name, copyAsDecoded(value))
  }
  copy['resourceVersion'] = String(revision)
  return copy
}

/** A copy as JSON text keeps it: no undefined fields, no numbers that are none. */
function copyAsDecoded(value: unknown): unknown {
  // The sum makes a negative zero positive.
  if (typeof value === 'number') {
    // A double of so many digits is read as a whole number.
    if (Math.abs(value) > Number.MAX_SAFE_INTEGER) return parseJson(JSON.stringify(value))
    return Number.isFinite(value) ? value + 0 : null
  }
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(item => (item === undefined ? null : copyAsDecoded(item)))
  const copy: JsonObject = {}
  for (const key of Object.keys(value)) {
    const inner = (value as JsonObject)[key]
    if (inner !== undefined) setField(copy, key, copyAsDecoded(inner))
  }
  return copy
}

/** @returns the last state of a deleted object, with the deletion's revision. */
export function deletedAt(last: Stored, revision: number): Stored {
  const metadata = { ...last.object.metadata, resourceVersion: String(revision) }
  return { ...last, object: { ...last.object, metadata }, revision }
}
