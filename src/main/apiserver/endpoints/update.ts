// PUT of an object or of its status.
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { invalidValue } from '../../../shared/machinery/field-error.ts'
import { type ApiError, badRequest, conflict, invalid, isNotFound } from '../../../shared/machinery/status.ts'
import { assertAllowed } from '../chain/authorize.ts'
import { inTurns } from '../../pieces/pacer.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import type { ObjectName } from './server-view.ts'
import { answerOne } from './read/answer-one.ts'
import type { Endpoint } from './parts.ts'
import { copyObject } from './write/copy-object.ts'
import { decodeRequest } from './write/decode-request.ts'
import { inNamespace } from './write/in-namespace.ts'
import { dropSameOwners } from './write/owner-references.ts'
import { writeOptionsOf } from './write/write-options.ts'

export const nameless = (name: string): ApiError =>
  badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`)

/** @throws ApiError 400 when the body names another object than the URL */
export function assertSameName(resource: ResourceDescriptor, object: AnyObject, { namespace, name }: ObjectName): void {
  const { metadata } = object
  if (resource.type.namespaced) inNamespace(metadata ?? {}, namespace)
  if (!metadata?.name) throw nameless(name)
  if (metadata.name !== name)
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`)
}

/** @throws ApiError 422, in upstream's words */
export function assertVersion({ type, updatesNeedVersion }: ResourceDescriptor, { metadata }: AnyObject): void {
  if (!updatesNeedVersion || (metadata.resourceVersion && metadata.resourceVersion !== '0')) return
  throw invalid({ group: type.group, kind: type.plural }, metadata.name, [
    invalidValue('metadata.resourceVersion', 0, 'must be specified for an update'),
  ])
}

export const update: Endpoint = async (request, resource, parts) => {
  const { info } = request
  const representation = parts.represent(request, resource)
  const options = writeOptionsOf(request, 'UpdateOptions')
  let otherKind: ApiError | undefined
  const schema = resource.custom ?? resource.schema
  const object = await decodeRequest(request, resource.type, schema, 'UpdateOptions', error => (otherKind = error))
  assertSameName(resource, object, info)
  dropSameOwners(object, options.warn)
  const replacement = () => {
    assertVersion(resource, object)
    if (otherKind) throw otherKind
    return inTurns(copyObject(object))
  }
  try {
    const { object: updated } = await parts.replace(resource, info, replacement, {
      ...options,
      subresource: info.subresource,
      strategy: info.subresource === 'status' ? 'status' : 'main',
    })
    return answerOne(200, updated, resource, representation, parts)
  } catch (error) {
    const isNew = resource.createdByUpdates && info.subresource === '' && isNotFound(error)
    if (!isNew) throw error
    // Whoever names a uid means an object that was there.
    const { uid, name } = object.metadata
    if (uid)
      throw conflict(resource.type, name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: `)
    assertAllowed({ ...info, verb: 'create', user: request.user }, attributes => parts.authorize(attributes))
    const { resourceVersion: _version, ...metadata } = object.metadata
    const made = { ...(await inTurns(copyObject(object))), metadata: metadata as AnyObject['metadata'] }
    const created = await parts.create(resource, info.namespace, made, options)
    return answerOne(201, created, resource, representation, parts)
  }
}
