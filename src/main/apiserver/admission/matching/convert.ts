// An object in another version of its kind: what `matchPolicy: Equivalent` shows to a rule for that version.
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import type { ResourceDescriptor } from '../../registry/resource.ts'

/** @returns the same object where there is nothing to convert */
export function convertVersion(object: AnyObject, from: ResourceDescriptor, to: ResourceDescriptor): AnyObject {
  if (from === to) return object
  const stored = from.toStorage ? from.toStorage(object) : object
  return to.fromStorage ? to.fromStorage(stored) : stored
}
