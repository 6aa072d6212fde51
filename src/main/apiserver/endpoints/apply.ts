// Server-side apply: a PATCH with a whole configuration, merged by who owns which field.
import { formatTime } from '../../../shared/machinery/clock.ts'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { badRequest, isAlreadyExists, notFound } from '../../../shared/machinery/status.ts'
import { serverSideApply } from '../patch/apply/server-side-apply.ts'
import type { ApiRequest, ApiResponse } from '../request.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import { answerOne } from './read/answer-one.ts'
import type { EndpointParts } from './parts.ts'
import { boolParameter } from './read/list-options.ts'
import { decodeRequest } from './write/decode-request.ts'
import { writeOptionsOf } from './write/write-options.ts'

/** @see https://kubernetes.io/docs/reference/using-api/server-side-apply/ */
export async function apply(
  request: ApiRequest,
  resource: ResourceDescriptor,
  parts: EndpointParts,
): Promise<ApiResponse> {
  const { info, query } = request
  const representation = parts.represent(request, resource)
  const options = { ...writeOptionsOf(request, 'PatchOptions'), applied: true }
  const applied = await decodeRequest(request, resource.type, resource.custom ?? resource.schema, 'PatchOptions')
  if (!applied.apiVersion || !applied.kind) throw badRequest('apiVersion and kind must be given in an apply patch')
  applied.metadata ??= { name: info.name } as AnyObject['metadata']
  applied.metadata.name ||= info.name
  if (applied.metadata.name !== info.name)
    throw badRequest(
      `the name of the object (${applied.metadata.name}) does not match the name on the URL (${info.name})`,
    )
  if (resource.type.namespaced) applied.metadata.namespace ||= info.namespace
  const merge = (current: AnyObject | undefined) =>
    serverSideApply({
      current,
      applied,
      manager: query.get('fieldManager') ?? '',
      force: boolParameter(query, 'force') ?? false,
      subresource: info.subresource,
      time: formatTime(parts.clock.now()),
      schemaId: resource.schema,
      fact: resource.custom?.fact,
    })

  for (;;) {
    if (parts.find(resource, info)) {
      const { object } = await parts.replace(resource, info, merge, {
        ...options,
        subresource: info.subresource,
        strategy: info.subresource === 'status' ? 'status' : 'main',
      })
      return answerOne(200, object, resource, representation, parts)
    }
    if (info.subresource !== '') throw notFound(resource.type, info.name)
    try {
      const created = await parts.create(resource, info.namespace, merge(undefined), options)
      return answerOne(201, created, resource, representation, parts)
    } catch (error) {
      // Somebody else made it in between: then it is merged into theirs.
      if (!isAlreadyExists(error)) throw error
    }
  }
}
