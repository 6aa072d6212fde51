// A copy of an object, to be changed.
import { cloneJson } from '../../../../shared/machinery/json-object.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'

/** Nobody else holds it, but for the trees of managedFields, which are never changed in place. */
export function copyObject(object: AnyObject): AnyObject {
  const { managedFields } = object.metadata
  if (!managedFields) return cloneJson(object)
  const copy = cloneJson({ ...object, metadata: { ...object.metadata, managedFields: undefined } }) as AnyObject
  copy.metadata.managedFields = managedFields.map(entry => ({ ...entry }))
  return copy
}
