// What a write may demand of the object that it meets: its uid, its version.
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { conflict, staleVersion } from '../../../../shared/machinery/status.ts'
import type { ResourceDescriptor } from '../../registry/resource.ts'
import type { Preconditions } from '../contract.ts'

/** @throws ApiError 409 in upstream's words */
export function checkPreconditions(resource: ResourceDescriptor, object: AnyObject, wanted?: Preconditions): void {
  const { name, uid, resourceVersion } = object.metadata
  if (wanted?.uid !== undefined && wanted.uid !== uid)
    throw conflict(
      resource.type,
      name,
      `Precondition failed: UID in precondition: ${wanted.uid}, UID in object meta: ${uid}`,
    )
  if (wanted?.resourceVersion !== undefined && wanted.resourceVersion !== resourceVersion)
    throw conflict(
      resource.type,
      name,
      `Precondition failed: ResourceVersion in precondition: ${wanted.resourceVersion}, ResourceVersion in object meta: ${resourceVersion}`,
    )
}

/** An empty version writes unconditionally; any other must be the stored one. @throws ApiError 409 */
export function checkVersion(resource: ResourceDescriptor, given: string | undefined, stored: AnyObject): void {
  if (given && given !== '0' && given !== stored.metadata.resourceVersion)
    throw staleVersion(resource.type, stored.metadata.name)
}
