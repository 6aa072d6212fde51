// Ownership after a write that is not an apply: whoever changes a field owns it, alone.
import type { ManagedFieldsEntry } from '../../../../shared/api/meta/v1.ts'
import { equalInPieces } from '../../../pieces/large-json.ts'
import { atOnce, type Pieces } from '../../../pieces/pacer.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import type { FieldFact } from '../../schema/facts.ts'
import { besides, compareInPieces, type Comparison } from './compare.ts'
import { fieldsOfNew } from './fields-of-new.ts'
import { DIFFERENCE, EMPTY, isEmpty, UNION } from './field-set.ts'
import { combineInPieces, fieldsInPieces, overlapsInPieces, sameSetInPieces } from './in-pieces.ts'
import {
  capUpdaters,
  decodeManagers,
  encodeManager,
  encodeManagers,
  fieldApart,
  identityOf,
  type Managers,
  trackable,
} from './managers.ts'

export interface UpdateToTrack {
  /** The stored object; undefined on create. */
  readonly old: AnyObject | undefined
  /** The object as it will be stored; its managedFields are those that the client sent. */
  readonly object: AnyObject
  readonly manager: string
  readonly subresource: string
  /** Its status is no subresource, but a field like any other. */
  readonly plainStatus?: boolean
  /** RFC 3339, seconds; scaling is never dated. */
  readonly time: string | undefined
  /** What is written holds nothing that Go prints: it is taken from its owners, and nobody's. */
  readonly nobodys?: boolean
  readonly schemaId: string
  /** The schema, where it is not in the table. */
  readonly fact?: FieldFact | undefined
}

/** An empty list clears it as well, but for a custom resource, whose kind nobody has made a type of. */
const isReset = (entries: readonly ManagedFieldsEntry[], isCustom: boolean) =>
  entries.length === 0 ? !isCustom : entries.length === 1 && Object.keys(entries[0] ?? {}).length === 0

/** The client's own list counts, except where it says nothing, cannot be read, or on a subresource. */
function* startingPoint({ old, object, subresource, fact }: UpdateToTrack): Pieces<Managers> {
  const known = old?.metadata.managedFields
  const sent = object.metadata.managedFields
  // Most clients send back what they were told.
  const isKept = sent === undefined || subresource !== '' || (yield* equalInPieces(sent, known, { nullIsValue: true }))
  if (!isKept && isReset(sent, fact !== undefined)) return new Map()
  const given = isKept || sent.length === 0 ? undefined : yield* decodeManagers(sent)
  return given ?? (yield* decodeManagers(known)) ?? new Map()
}

/** Takes changed and removed fields away from everybody but `except`. */
export function* takeFromOthers(managers: Managers, { changed, removed }: Comparison, except: string): Pieces<void> {
  for (const [id, manager] of managers) {
    if (id === except) continue
    if (!(yield* overlapsInPieces(changed, manager.set)) && !(yield* overlapsInPieces(removed, manager.set))) continue
    const left = yield* combineInPieces(DIFFERENCE, manager.set, changed)
    const set = yield* combineInPieces(DIFFERENCE, left, removed)
    if (isEmpty(set)) managers.delete(id)
    else managers.set(id, { ...manager, set })
    yield
  }
}

/**
 * @returns what `metadata.managedFields` becomes
 * @see https://kubernetes.io/docs/reference/using-api/server-side-apply/
 */
export const trackUpdate = (update: UpdateToTrack): ManagedFieldsEntry[] => atOnce(trackInPieces(update))

/** As trackUpdate(). */
export function* trackInPieces(update: UpdateToTrack): Pieces<ManagedFieldsEntry[]> {
  const { old, object, manager, subresource, plainStatus, time, schemaId } = update
  const fact: FieldFact = update.fact ?? { t: 'ref', r: schemaId }
  const own = { manager, operation: 'Update', apiVersion: object.apiVersion, subresource } as const
  // Who makes an object that says nothing of managers owns all of it.
  if (!old && object.metadata.managedFields === undefined) {
    const set = update.fact
      ? trackable(yield* fieldsInPieces(object, update.fact, 'filled'), fieldApart(subresource, plainStatus))
      : yield* fieldsOfNew(object, schemaId, subresource)
    yield
    return isEmpty(set) ? [] : [yield* encodeManager({ ...own, time, set })]
  }
  const managers = yield* startingPoint(update)
  yield
  // Nobody owns anything of it: so it stays until the first apply, which says who wrote it before.
  if (old && managers.size === 0) return []
  const all = old
    ? yield* compareInPieces(old, object, fact)
    : { changed: yield* fieldsInPieces(object, fact, 'filled'), removed: EMPTY }
  yield
  const comparison = besides(fieldApart(subresource, plainStatus), all)
  const id = identityOf(own)
  yield* takeFromOthers(managers, comparison, id)
  yield

  const before = managers.get(id)
  const gone = update.nobodys ? comparison.changed : comparison.removed
  const kept = before ? yield* combineInPieces(DIFFERENCE, before.set, gone) : undefined
  const changed = update.nobodys ? EMPTY : trackable(comparison.changed, fieldApart(subresource, plainStatus))
  const set = kept ? yield* combineInPieces(UNION, kept, changed) : changed
  if (isEmpty(set)) managers.delete(id)
  // The time says when the entry last changed, or when its manager last changed a value of its own.
  else if (!before || !(yield* sameSetInPieces(before.set, set)) || !isEmpty(changed))
    managers.set(id, { ...own, time, set })
  capUpdaters(managers)
  yield
  return yield* encodeManagers(managers)
}
