// DELETE of one object.
import type { ResourceDescriptor } from '../registry/resource.ts'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import type { Endpoint } from './parts.ts'
import { deleteOptionsOf, warnOfOrphans } from './write/delete-options.ts'

/** Kinds that answer a finished deletion with the object instead of a Status. */
const ANSWERS_WITH_OBJECT = new Set([
  'core/pods',
  'core/services',
  'core/podtemplates',
  'core/resourcequotas',
  'core/persistentvolumes',
  'core/persistentvolumeclaims',
  'core/serviceaccounts',
  'resource.k8s.io/deviceclasses',
  'resource.k8s.io/resourceclaims',
  'resource.k8s.io/resourceclaimtemplates',
  'resource.k8s.io/resourceslices',
  'storage.k8s.io/csidrivers',
  'storage.k8s.io/csinodes',
  'storage.k8s.io/storageclasses',
  'storage.k8s.io/volumeattachments',
  'storage.k8s.io/volumeattributesclasses',
])

export const answersWithObject = ({ storage }: ResourceDescriptor): boolean => ANSWERS_WITH_OBJECT.has(storage)

const success = (resource: ResourceDescriptor, object: AnyObject) => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  details: {
    name: object.metadata.name,
    ...(resource.type.group ? { group: resource.type.group } : {}),
    kind: resource.type.plural,
    uid: object.metadata.uid,
  },
})

export const remove: Endpoint = async (request, resource, parts) => {
  const representation = parts.represent(request, resource)
  const options = await deleteOptionsOf(request)
  warnOfOrphans(request, resource, options)
  const { object, gone } = await parts.remove(resource, request.info, options)
  if (gone && !answersWithObject(resource)) return { code: 200, object: success(resource, object) }
  const accepted = !gone && options.orphanDependents === false
  return { code: accepted ? 202 : 200, object: representation.one(object), contentType: representation.contentType }
}
