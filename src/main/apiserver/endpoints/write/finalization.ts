// When an object that is being deleted really goes: nothing holds it any more.
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import type { ResourceDescriptor } from '../../registry/resource.ts'

/** A namespace is also held by `spec.finalizers`, which its controller empties when all content is gone. */
export function isHeld(resource: ResourceDescriptor, object: AnyObject): boolean {
  if ((object.metadata.finalizers?.length ?? 0) > 0) return true
  if (resource.type.group !== '' || resource.type.plural !== 'namespaces') return false
  const spec = object.spec as { finalizers?: readonly string[] } | undefined
  return (spec?.finalizers?.length ?? 0) > 0
}

/** @returns whether this state is the one in which the object disappears. */
export const isFinished = (resource: ResourceDescriptor, object: AnyObject): boolean =>
  object.metadata.deletionTimestamp !== undefined &&
  (object.metadata.deletionGracePeriodSeconds ?? 0) === 0 &&
  !isHeld(resource, object)
