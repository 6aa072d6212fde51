// Objects to text and back. The stored text has no resourceVersion: the revision is known only when it is durable.
import type { AnyObject } from '../../shared/machinery/object.ts'
import { type EngineRecord, MAX_OBJECT_BYTES, type Stored, StoreError } from './contract.ts'

/** @returns the text to be stored. `__proto__` is an ordinary field here and stays one. @throws StoreError `TooLarge` */
export function encodeObject(object: AnyObject): string {
  const { resourceVersion: _, ...metadata } = object.metadata
  const text = JSON.stringify({ ...object, metadata })
  // Only a text near the limit needs its bytes counted: a character takes one to three.
  if (text.length * 3 > MAX_OBJECT_BYTES && Buffer.byteLength(text) > MAX_OBJECT_BYTES)
    throw new StoreError('TooLarge', `limit is ${MAX_OBJECT_BYTES}`)
  return text
}

/** @returns the object as readers see it: decoded once, with its revision as resourceVersion. */
export function decodeRecord(record: EngineRecord & { readonly value: string }): Stored {
  const object = JSON.parse(record.value) as AnyObject
  object.metadata.resourceVersion = String(record.revision)
  return { key: record.key, object, revision: record.revision, createRevision: record.createRevision }
}

/** @returns the last state of a deleted object, with the deletion's revision. */
export function deletedAt(last: Stored, revision: number): Stored {
  const metadata = { ...last.object.metadata, resourceVersion: String(revision) }
  return { ...last, object: { ...last.object, metadata }, revision }
}
