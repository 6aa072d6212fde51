// Server-side apply: merges a manager's whole intent into the object, field by field, by ownership.
//
// @see https://kubernetes.io/docs/reference/using-api/server-side-apply/
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { required } from '../../../../shared/machinery/field-error.ts'
import { isObject, type JsonObject } from '../../../../shared/machinery/json-object.ts'
import { badRequest, invalid } from '../../../../shared/machinery/status.ts'
import { equalInPieces } from '../../../pieces/large-json.ts'
import { atOnce, type Pieces } from '../../../pieces/pacer.ts'
import type { KeptMetadata } from '../../registry/resource.ts'
import type { FieldFact } from '../../schema/facts.ts'
import { applyConflict } from './conflicts.ts'
import { besides, compareInPieces } from './compare.ts'
import { type FieldSet, difference, intersection, isEmpty, UNION } from './field-set.ts'
import { keepLastApplied, leftByClientSideApply } from './last-applied.ts'
import {
  capUpdaters,
  decodeManagers,
  encodeManagers,
  IDENTITY,
  identityOf,
  type Manager,
  type Managers,
  fieldApart,
  trackable,
  UNTRACKED_FIELDS,
} from './managers.ts'
import { combineInPieces, fieldsInPieces } from './in-pieces.ts'
import { mergeInPieces, pruneInPieces } from './merge.ts'
import { takeFromOthers } from './track-update.ts'

export interface Apply {
  /** The stored object; undefined when apply creates it. Not changed. */
  readonly current: AnyObject | undefined
  /** The configuration, which fits its schema, decoded. Not changed. */
  readonly applied: AnyObject
  readonly manager: string
  /** Takes over fields that other managers own instead of answering with a conflict. */
  readonly force: boolean
  readonly subresource: string
  /** Its status is no subresource, but a field like any other. */
  readonly plainStatus?: boolean
  /** Fields of the metadata that this path may not write. */
  readonly keptMetadata?: readonly KeptMetadata[] | undefined
  /** How conflicts name the version in which others wrote, where it is not theirs. */
  readonly shownVersion?: string
  /** RFC 3339, seconds. */
  readonly time: string
  readonly schemaId: string
  /** The schema, where it is not in the table. */
  readonly fact?: FieldFact | undefined
}

/**
 * What the path may not write of the metadata has no place in the configuration, nor has what nobody can own where it is
 * null: programs write `creationTimestamp: null` of what they have not made yet.
 */
function writable({ applied, keptMetadata = [], subresource, plainStatus }: Apply): AnyObject {
  const copy: AnyObject = { ...applied, metadata: { ...applied.metadata } }
  const metadata = copy.metadata as unknown as JsonObject
  for (const field of UNTRACKED_FIELDS) if (metadata[field] === null) delete metadata[field]
  const apart = fieldApart(subresource, plainStatus)
  if (apart && copy[apart] === null) delete copy[apart]
  for (const field of keptMetadata) delete copy.metadata[field]
  delete copy.metadata.managedFields
  return copy
}

/** Who owns what is written anew in any case, and is the largest part of many objects. */
function withoutManagers(object: AnyObject): AnyObject {
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata }
}

/** An object that nobody has tracked so far belongs to whoever wrote it before. */
function* managersOf(
  { current, subresource, plainStatus, keptMetadata = [] }: Apply,
  fact: FieldFact,
): Pieces<Managers> {
  const managers = (yield* decodeManagers(current?.metadata.managedFields)) ?? new Map<string, Manager>()
  if (!current || managers.size) return managers
  const written = { ...current, metadata: { ...current.metadata } }
  for (const field of keptMetadata) delete written.metadata[field]
  const set = trackable(yield* fieldsInPieces(written, fact, 'filled'), fieldApart(subresource, plainStatus))
  const before: Manager = {
    manager: 'before-first-apply',
    operation: 'Update',
    apiVersion: current.apiVersion,
    subresource,
    time: current.metadata.creationTimestamp,
    set,
  }
  if (!isEmpty(set)) managers.set(identityOf(before), before)
  return managers
}

/**
 * @returns the object to be stored, with its managedFields, before defaulting; equal to `current` when nothing changes
 * @throws ApiError 400 for a configuration that carries managedFields, 409 for conflicts, 422 without a manager's name
 */
export const serverSideApply = (apply: Apply): AnyObject => atOnce(applyInPieces(apply))

/** As serverSideApply(). */
export function* applyInPieces(apply: Apply): Pieces<AnyObject> {
  const { current, manager, force, subresource, time, schemaId } = apply
  if (apply.applied.metadata.managedFields) throw badRequest('metadata.managedFields must be nil')
  if (!manager)
    throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
      required('fieldManager', 'is required for apply patch'),
    ])
  if (current && apply.applied.apiVersion !== current.apiVersion) {
    throw badRequest(
      `Incorrect version specified in apply patch. Specified patch version: ${apply.applied.apiVersion}, expected: ${current.apiVersion}`,
    )
  }
  const fact: FieldFact = apply.fact ?? { t: 'ref', r: schemaId }
  const applied = writable(apply)
  const managers = yield* managersOf(apply, fact)
  const own = { manager, operation: 'Apply', apiVersion: applied.apiVersion, subresource } as const
  const id = identityOf(own)
  const last = managers.get(id)
  const set = trackable(yield* fieldsInPieces(applied, fact, 'all'), fieldApart(subresource, apply.plainStatus))
  managers.set(id, { ...own, time: last?.time, set })
  yield
  const live = current ? withoutManagers(current) : {}
  let merged = yield* mergeInPieces(live, applied, fact)
  yield
  if (last) merged = yield* pruneInPieces(merged, fact, last.set, yield* ownedBy(managers))
  const comparison = besides(fieldApart(subresource, apply.plainStatus), yield* compareInPieces(live, merged, fact))
  yield
  if (!force) {
    const taken = difference(comparison.changed, leftByClientSideApply(current, manager, fact))
    refuseConflicts(managers, id, taken, apply.shownVersion)
  }
  yield* takeFromOthers(managers, comparison, id)
  yield
  if (isEmpty(set)) managers.delete(id)
  // The time says when its manager last changed the object, if only to a null that is not kept; scaling is never dated.
  else if (subresource !== 'scale' && !(yield* equalInPieces(live, merged, { nullIsValue: true })))
    managers.set(id, { ...own, time, set })
  capUpdaters(managers)

  if (!isObject(merged)) throw badRequest('the applied configuration is not an object')
  const result = merged as AnyObject
  keepLastApplied(result, manager, apply.applied)
  yield
  const entries = yield* encodeManagers(managers)
  if (entries.length > 0) result.metadata.managedFields = entries
  return result
}

/** Everything that anybody owns, and what belongs to the object itself. */
function* ownedBy(managers: Managers): Pieces<FieldSet> {
  let all = IDENTITY
  for (const { set } of managers.values()) {
    all = yield* combineInPieces(UNION, all, set)
    yield
  }
  return all
}

function refuseConflicts(managers: Managers, own: string, changed: FieldSet, shownVersion?: string): void {
  const conflicts = [...managers].flatMap(([id, manager]) => {
    const set = id === own ? undefined : intersection(manager.set, changed)
    return set && !isEmpty(set) ? [{ ...manager, apiVersion: shownVersion ?? manager.apiVersion, set }] : []
  })
  if (conflicts.length) throw applyConflict(conflicts)
}
