// When an object that is being deleted really goes: nothing holds it any more.
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import type { ResourceDescriptor } from '../../registry/resource.ts'

/** Whether it is a namespace with `spec.finalizers`, which its controller empties when all content is gone. */
export function hasContent({ storage }: ResourceDescriptor, { spec }: AnyObject): boolean {
  if (storage !== 'core/namespaces') return false
  const { finalizers = [] } = (spec ?? {}) as { readonly finalizers?: readonly string[] }
  return finalizers.length > 0
}

export const isHeld = (resource: ResourceDescriptor, object: AnyObject): boolean =>
  (object.metadata.finalizers?.length ?? 0) > 0 || hasContent(resource, object)

/** @returns whether this state is the one in which the object disappears. */
export const isFinished = (resource: ResourceDescriptor, object: AnyObject): boolean =>
  object.metadata.deletionTimestamp !== undefined &&
  (object.metadata.deletionGracePeriodSeconds ?? 0) === 0 &&
  !isHeld(resource, object)
