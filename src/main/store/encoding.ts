// Objects to text and back. The stored text has no resourceVersion: the revision is known only when it is durable.
import { getField, isObject, type JsonObject, setField } from '../../shared/machinery/json-object.ts'
import type { AnyObject } from '../../shared/machinery/object.ts'
import { type EngineRecord, MAX_OBJECT_BYTES, type Stored, StoreError } from './contract.ts'
import { parseJson } from '../../shared/machinery/json-text.ts'
import {
  encodeJsonInPieces,
  encodeSmallJson,
  FEW_ENTRIES,
  isLarge,
  mayBeLarge,
  TooLongText,
} from '../pieces/large-json.ts'
import { atOnce, type Pieces } from '../pieces/pacer.ts'

const tooLarge = () => new StoreError('TooLarge', `limit is ${MAX_OBJECT_BYTES}`)

/** @returns the text to be stored. `__proto__` is an ordinary field here and stays one. @throws StoreError `TooLarge` */
export const encodeObject = (object: AnyObject): string => atOnce(encodeObjectInPieces(object))

/** As encodeObject(). */
export function* encodeObjectInPieces(object: AnyObject): Pieces<string> {
  return withinLimit(yield* textOf(withoutVersion(object)))
}

/** As encodeObject(). @returns undefined for an object of many parts, or of long ones */
export function encodeSmallObject(object: AnyObject): string | undefined {
  const text = encodeSmallJson(withoutVersion(object), MAX_OBJECT_BYTES)
  return text === undefined ? undefined : withinLimit(text)
}

function withoutVersion(object: AnyObject): AnyObject {
  if (!('resourceVersion' in object.metadata)) return object
  const { resourceVersion: _, ...metadata } = object.metadata as AnyObject['metadata']
  return { ...object, metadata: metadata as AnyObject['metadata'] }
}

/** @throws StoreError `TooLarge` */
function withinLimit(text: string): string {
  // Only a text near the limit needs its bytes counted: a character takes one to three.
  if (text.length * 3 > MAX_OBJECT_BYTES && Buffer.byteLength(text) > MAX_OBJECT_BYTES) throw tooLarge()
  return text
}

function* textOf(value: object): Pieces<string> {
  try {
    return yield* encodeJsonInPieces(value, MAX_OBJECT_BYTES)
  } catch (error) {
    throw error instanceof TooLongText ? tooLarge() : error
  }
}

/** @returns the object as readers see it: decoded once, with its revision as resourceVersion. */
export function decodeRecord(record: EngineRecord & { readonly value: string }): Stored {
  const object = parseJson(record.value) as AnyObject
  object.metadata.resourceVersion = String(record.revision)
  return { key: record.key, object, revision: record.revision, createRevision: record.createRevision }
}

/**
 * @param written what the record's text was made from
 * @param previous what readers saw before: parts that are the same, such as the spec under a new status, are shared with
 *   it, so that whoever compares the two sees so at once
 * @returns the object as readers see it, as decoding the text would give it, for less; the trees of managedFields, which
 *   nobody changes in place, are shared
 */
export function recordOf(
  { key, revision, createRevision }: EngineRecord,
  written: AnyObject,
  previous?: AnyObject,
): Stored {
  const object: JsonObject = {}
  for (const name in written) {
    const part = written[name]
    if (part === undefined) continue
    const known = previous && getField(previous, name)
    setField(object, name, name === 'metadata' ? metadataOf(written, revision, previous) : partOf(part, known))
  }
  return { key, object: object as AnyObject, revision, createRevision }
}

function metadataOf({ metadata }: AnyObject, revision: number, previous?: AnyObject): JsonObject {
  const known = previous?.metadata as JsonObject | undefined
  const copy: JsonObject = {}
  for (const name in metadata) {
    const value = (metadata as unknown as JsonObject)[name]
    if (value === undefined || name === 'resourceVersion') continue
    if (name === 'managedFields') copy[name] = metadata.managedFields?.map(entry => ({ ...entry }))
    else setField(copy, name, sharedOrCopied(value, known && getField(known, name)))
  }
  copy['resourceVersion'] = String(revision)
  return copy
}

/** Shared as a whole or field by field, and no deeper: each level compares all below it anew. */
function partOf(value: unknown, known: unknown): unknown {
  if (isSame(value, known)) return known
  if (!isObject(value) || !isObject(known)) return copyAsDecoded(value)
  return copyOf(value, (inner, key) => sharedOrCopied(inner, getField(known, key)))
}

const sharedOrCopied = (value: unknown, known: unknown): unknown =>
  isSame(value, known) ? known : copyAsDecoded(value)

/** Whether the text of `written` decodes to `known`, key for key and in its order. */
function isSame(written: unknown, known: unknown): boolean {
  if (written === known) return true
  if (typeof written !== 'object' || written === null || typeof known !== 'object' || known === null) return false
  if (Array.isArray(written)) return Array.isArray(known) && sameItems(written, known)
  if (Array.isArray(known)) return false
  const keys = Object.keys(known)
  let next = 0
  for (const key in written) {
    const inner = (written as JsonObject)[key]
    if (inner === undefined) continue
    if (keys[next++] !== key || !isSame(inner, (known as JsonObject)[key])) return false
  }
  return next === keys.length
}

function sameItems(written: readonly unknown[], known: readonly unknown[]): boolean {
  if (written.length !== known.length) return false
  for (let i = 0; i < written.length; i++) if (!isSame(written[i], known[i])) return false
  return true
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
  return copyOf(value as JsonObject, copyAsDecoded)
}

function copyOf(value: JsonObject, copied: (inner: unknown, key: string) => unknown): JsonObject {
  const copy: JsonObject = {}
  for (const key in value) {
    const inner = value[key]
    if (inner !== undefined) setField(copy, key, copied(inner, key))
  }
  return copy
}

/** What readers will see of a very large object but for its revision: copied before it is written, then only shown. */
export interface ReadersCopy {
  readonly object: AnyObject
}

/**
 * @param text what it is stored as
 * @returns nothing for an object that is copied fast enough once it is written
 */
export function* copyForReaders(written: AnyObject, text: string): Pieces<ReadersCopy | undefined> {
  if (!mayBeLarge(text)) return undefined
  const { managedFields: _managedFields, ...metadata } = written.metadata
  if (!isLarge({ ...written, metadata })) return undefined
  yield
  const object: JsonObject = {}
  for (const name of Object.keys(written)) {
    const part = written[name]
    if (part === undefined) continue
    setField(object, name, name === 'metadata' ? yield* metadataInPieces(written.metadata) : yield* copyInPieces(part))
  }
  return { object: object as AnyObject }
}

function* metadataInPieces(metadata: AnyObject['metadata']): Pieces<JsonObject> {
  const copy: JsonObject = {}
  for (const [name, value] of Object.entries(metadata)) {
    if (value === undefined || name === 'resourceVersion') continue
    const isShared = name === 'managedFields'
    setField(copy, name, isShared ? metadata.managedFields?.map(entry => ({ ...entry })) : yield* copyInPieces(value))
  }
  return copy
}

/** As copyAsDecoded(). */
function* copyInPieces(value: unknown): Pieces<unknown> {
  if (!isLarge(value)) return copyAsDecoded(value)
  yield
  const isList = Array.isArray(value)
  const [list, map]: [unknown[], JsonObject] = [[], {}]
  let count = 0
  for (const part of isList ? value : Object.keys(value)) {
    const inner: unknown = isList ? (part ?? null) : (value as JsonObject)[part as string]
    if (inner === undefined) continue
    const copy = typeof inner === 'object' ? yield* copyInPieces(inner) : copyAsDecoded(inner)
    if (isList) list.push(copy)
    else setField(map, part as string, copy)
    if (++count % FEW_ENTRIES === 0) yield
  }
  return isList ? list : map
}

/** @returns the object as readers see it; the copy is given away */
export function shownAs({ key, revision, createRevision }: EngineRecord, { object }: ReadersCopy): Stored {
  object.metadata.resourceVersion = String(revision)
  return { key, object, revision, createRevision }
}

/** @returns the last state of a deleted object, with the deletion's revision. */
export function deletedAt(last: Stored, revision: number): Stored {
  const metadata = { ...last.object.metadata, resourceVersion: String(revision) }
  return { ...last, object: { ...last.object, metadata }, revision }
}
