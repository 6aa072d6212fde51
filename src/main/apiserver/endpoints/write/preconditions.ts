// What a write may demand of the object that it meets: its uid, its version.
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { groupResourceOf } from '../../../../shared/machinery/resource-type.ts'
import { conflict, staleVersion } from '../../../../shared/machinery/status.ts'
import { type ResourceDescriptor, toldAs } from '../../registry/resource.ts'
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

/** Upstream names the kind where it names the resource elsewhere. */
function kindConflict(resource: ResourceDescriptor, name: string, why: string) {
  const { group, kind } = toldAs(resource)
  return conflict({ group, plural: kind }, name, why)
}

/** What is emptied before it goes is deleted in a way of its own, which has the words of other writes. */
const EMPTIED = new Set(['namespaces', 'customresourcedefinitions.apiextensions.k8s.io'])

/** The same of a deletion, which is checked earlier and answered in other words. @throws ApiError 409 */
export function checkDeletePreconditions(
  resource: ResourceDescriptor,
  object: AnyObject,
  wanted?: Preconditions,
): void {
  if (EMPTIED.has(groupResourceOf(resource.type))) return checkPreconditions(resource, object, wanted)
  const { name, uid, resourceVersion } = object.metadata
  if (wanted?.uid !== undefined && wanted.uid !== uid)
    throw kindConflict(
      resource,
      name,
      `the UID in the precondition (${wanted.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    )
  if (wanted?.resourceVersion !== undefined && wanted.resourceVersion !== resourceVersion)
    throw kindConflict(
      resource,
      name,
      `the ResourceVersion in the precondition (${wanted.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    )
}

/** An empty version writes unconditionally; any other must be the stored one. @throws ApiError 409 */
export function checkVersion(resource: ResourceDescriptor, given: string | undefined, stored: AnyObject): void {
  if (given && given !== '0' && given !== stored.metadata.resourceVersion)
    throw staleVersion(resource.type, stored.metadata.name)
}
