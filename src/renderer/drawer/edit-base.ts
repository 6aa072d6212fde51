// What an edit was based on, against what the object is now.
import { deepEqual } from '../../shared/machinery/deep-equal.ts'
import type { AnyObject } from '../../shared/machinery/object.ts'

/** The part of an object that people edit: without its status and the server's bookkeeping. */
function edited({ status: _status, metadata, ...rest }: AnyObject): unknown {
  const {
    resourceVersion: _version,
    managedFields: _managed,
    ...kept
  } = metadata as AnyObject['metadata'] & {
    managedFields?: unknown
  }
  return { ...rest, metadata: kept }
}

/**
 * A status that moved on meanwhile is no conflict, as an update does not write it: the edit then counts as based on
 * the newest version. Any other change keeps the old resourceVersion, so that the server refuses to lose it.
 */
export function rebase(changed: AnyObject, base: AnyObject, live: AnyObject): AnyObject {
  if (changed.metadata.resourceVersion !== base.metadata.resourceVersion) return changed
  if (!deepEqual(edited(base), edited(live))) return changed
  return { ...changed, metadata: { ...changed.metadata, resourceVersion: live.metadata.resourceVersion } }
}
