// A patch may say whose it is, but not make the object another one.
import { invalidValue } from '../../../../shared/machinery/field-error.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { invalid } from '../../../../shared/machinery/status.ts'
import { type ResourceDescriptor, toldAs } from '../../registry/resource.ts'

/** Of a whole object the uid is a precondition; a patch that brings another one breaks a rule. @throws ApiError 422 */
export function refuseOtherUid(resource: ResourceDescriptor, { metadata }: AnyObject, current: AnyObject): void {
  const { name, uid } = current.metadata
  if (metadata.uid && metadata.uid !== uid)
    throw invalid(toldAs(resource), name, [invalidValue('metadata.uid', metadata.uid, 'field is immutable')])
}
