// Objects to text and back. The stored text has no resourceVersion: the revision is known only when it is durable.
import type { AnyObject } from '../../shared/machinery/object.ts'
import type { EngineRecord, Stored } from './contract.ts'

/** @returns the text to be stored. `__proto__` is an ordinary field here and stays one. */
export function encodeObject(object: AnyObject): string {
  const { resourceVersion: _, ...metadata } = object.metadata
  return JSON.stringify({ ...object, metadata })
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
