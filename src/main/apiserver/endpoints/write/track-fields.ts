// Keeps metadata.managedFields in step with a write that is not an apply.
import type { ManagedFieldsEntry } from '../../../../shared/api/meta/v1.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { trackInPieces } from '../../patch/apply/track-update.ts'
import { inTurns } from '../../../pieces/pacer.ts'
import { hasPlainStatus, type ResourceDescriptor } from '../../registry/resource.ts'
import type { WriteOptions } from '../contract.ts'

function setFields({ metadata }: AnyObject, managedFields: ManagedFieldsEntry[]): void {
  if (managedFields.length > 0) metadata.managedFields = managedFields
  else delete metadata.managedFields
}

/** Sets `object.metadata.managedFields` in place. @param time RFC 3339 @returns a promise where that takes turns */
export function trackFields(
  resource: ResourceDescriptor,
  object: AnyObject,
  old: AnyObject | undefined,
  options: WriteOptions & { readonly subresource?: string },
  time: string,
): Promise<void> | undefined {
  // Where a pod runs is nobody's, as upstream has it: whoever binds it owns nothing of it.
  if (options.applied || options.subresource === 'binding') return undefined
  const isScale = options.subresource === 'scale'
  const pieces = trackInPieces({
    old,
    object,
    manager: options.fieldManager ?? 'unknown',
    subresource: options.subresource ?? '',
    plainStatus: hasPlainStatus(resource),
    time: isScale ? undefined : time,
    nobodys: isScale && resource.scale?.replicas(object) === 0,
    schemaId: resource.schema,
    fact: resource.custom?.fact,
  })
  const tracked = inTurns(pieces)
  if (tracked instanceof Promise) return tracked.then(managedFields => setFields(object, managedFields))
  setFields(object, tracked)
  return undefined
}
