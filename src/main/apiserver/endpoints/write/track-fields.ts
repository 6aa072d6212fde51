// Keeps metadata.managedFields in step with a write that is not an apply.
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { trackInPieces } from '../../patch/apply/track-update.ts'
import { inTurns } from '../../../pieces/pacer.ts'
import { hasPlainStatus, type ResourceDescriptor } from '../../registry/resource.ts'
import type { WriteOptions } from '../contract.ts'

/** Sets `object.metadata.managedFields` in place. @param time RFC 3339 */
export async function trackFields(
  resource: ResourceDescriptor,
  object: AnyObject,
  old: AnyObject | undefined,
  options: WriteOptions & { readonly subresource?: string },
  time: string,
): Promise<void> {
  // Where a pod runs is nobody's, as upstream has it: whoever binds it owns nothing of it.
  if (options.applied || options.subresource === 'binding') return
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
  const managedFields = await inTurns(pieces)
  if (managedFields.length > 0) object.metadata.managedFields = managedFields
  else delete object.metadata.managedFields
}
