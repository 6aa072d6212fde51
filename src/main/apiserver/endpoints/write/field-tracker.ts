// Who owns which field: keeps metadata.managedFields in step with a write.
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import type { ResourceDescriptor } from '../../registry/resource.ts'

export interface TrackedWrite {
  readonly resource: ResourceDescriptor
  /** Undefined on create. */
  readonly old: AnyObject | undefined
  readonly manager: string
  /** '' = the main resource. */
  readonly subresource: string
  /** RFC 3339. */
  readonly time: string
}

export interface FieldTracker {
  /** Sets `object.metadata.managedFields` in place. */
  track(object: AnyObject, write: TrackedWrite): void
}

/** Keeps what is stored: nobody can forge or lose ownership by writing managedFields. */
export const keepingTracker: FieldTracker = {
  track(object, { old }) {
    if (old?.metadata.managedFields) object.metadata.managedFields = old.metadata.managedFields
    else delete object.metadata.managedFields
  },
}
