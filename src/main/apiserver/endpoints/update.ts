// PUT of an object or of its status.
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { badRequest } from '../../../shared/machinery/status.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import type { ObjectName } from './contract.ts'
import { answerOne } from './read/answer-one.ts'
import type { Endpoint } from './parts.ts'
import { copyObject } from './write/copy-object.ts'
import { decodeRequest } from './write/decode-request.ts'
import { writeOptionsOf } from './write/write-options.ts'

/** @throws ApiError 400 when the body names another object than the URL */
export function assertSameName(resource: ResourceDescriptor, object: AnyObject, { namespace, name }: ObjectName): void {
  const { metadata } = object
  if (!metadata?.name)
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`)
  if (metadata.name !== name)
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`)
  if (resource.type.namespaced && metadata.namespace && metadata.namespace !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
}

export const update: Endpoint = async (request, resource, parts) => {
  const { info } = request
  const representation = parts.represent(request, resource)
  const options = writeOptionsOf(request, 'UpdateOptions')
  const object = await decodeRequest(request, resource.type, resource.custom ?? resource.schema, 'UpdateOptions')
  assertSameName(resource, object, info)
  const { object: updated } = await parts.replace(resource, info, () => copyObject(object), {
    ...options,
    subresource: info.subresource,
    strategy: info.subresource === 'status' ? 'status' : 'main',
  })
  return answerOne(200, updated, resource, representation, parts)
}
