// A copy of an object, to be changed.
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { cloneInPieces } from '../../../pieces/large-json.ts'
import type { Pieces } from '../../../pieces/pacer.ts'

/** Nobody else holds it, but for the trees of managedFields, which are never changed in place. */
export function* copyObject(object: AnyObject): Pieces<AnyObject> {
  const { managedFields } = object.metadata
  if (!managedFields) return (yield* cloneInPieces(object)) as AnyObject
  const metadata = { ...object.metadata, managedFields: undefined }
  const copy = (yield* cloneInPieces({ ...object, metadata })) as AnyObject
  copy.metadata.managedFields = managedFields.map(entry => ({ ...entry }))
  return copy
}
