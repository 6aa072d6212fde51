// What is done about managedFields once an object is ready to be stored.
import type { ManagedFieldsEntry } from '../../../../shared/api/meta/v1.ts'
import { decodeManagers } from '../../patch/apply/managers.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { equalInPieces } from '../../../pieces/large-json.ts'
import { atOnce, type Pieces } from '../../../pieces/pacer.ts'
import { StoreError } from '../../../store/contract.ts'

const withoutOwners = ({ metadata: { managedFields: _, ...metadata }, ...content }: AnyObject) => ({
  ...content,
  metadata,
})

/**
 * A write that changed nothing but when its owners are said to have written changes nothing: values that are brought to
 * their common form, or that defaults and plugins bring back, are the same again by now.
 */
export function* keepTimes(object: AnyObject, old: AnyObject, nullIsValue: boolean): Pieces<void> {
  const [owners, before] = [object.metadata.managedFields, old.metadata.managedFields]
  if (!owners || owners.length !== before?.length) return
  if (owners.every(({ time }, i) => time === before[i]?.time)) return
  for (const [i, owner] of owners.entries())
    if (!(yield* equalInPieces({ ...owner, time: before[i]?.time }, before[i]))) return
  if (yield* equalInPieces(withoutOwners(object), withoutOwners(old), { nullIsValue }))
    object.metadata.managedFields = before
}

/** Old webhooks spoil what they do not know: then it is as it was before them. @param before admission was asked */
export function keepReadable(
  { metadata }: AnyObject,
  before: readonly ManagedFieldsEntry[] | undefined,
  warn: (text: string) => void = () => undefined,
): void {
  const given = metadata.managedFields
  if (given === before || atOnce(decodeManagers(given))) return
  if (before) metadata.managedFields = [...before]
  else delete metadata.managedFields
  warn(
    '.metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating admission controller; please fix your requests: error decoding managed fields',
  )
}

/** Stores the object; where it is too large with its owners, without them. */
export async function orWithoutOwners<T>(object: AnyObject, store: () => Promise<T>): Promise<T> {
  try {
    return await store()
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'TooLarge' || !object.metadata.managedFields) throw error
    delete object.metadata.managedFields
    return store()
  }
}
