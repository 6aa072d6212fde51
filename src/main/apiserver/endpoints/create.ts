// POST to a collection.
import { decodeRequest } from './write/decode-request.ts'
import { writeOptionsOf } from './write/write-options.ts'
import { answerOne } from './read/answer-one.ts'
import type { Endpoint } from './parts.ts'

export const create: Endpoint = async (request, resource, parts) => {
  const representation = parts.represent(request, resource)
  const options = writeOptionsOf(request, 'CreateOptions')
  const object = await decodeRequest(request, resource.type, resource.custom ?? resource.schema, 'CreateOptions')
  const created = await parts.create(resource, request.info.namespace, object, options)
  return answerOne(201, created, resource, representation, parts)
}
