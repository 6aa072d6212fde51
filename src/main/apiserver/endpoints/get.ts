// GET of one object.
import { badRequest, notFound } from '../../../shared/machinery/status.ts'
import { prepareViews, viewOf } from '../keys.ts'
import type { Endpoint } from './parts.ts'
import { answerOne } from './read/answer-one.ts'
import { boolParameter, parseResourceVersion } from './read/list-options.ts'
import { untilReached } from './read/until-reached.ts'

export const get: Endpoint = async (request, resource, parts) => {
  const { info, query } = request
  if (boolParameter(query, 'export') === true)
    throw badRequest('the export parameter, deprecated since v1.14, is no longer supported')
  const asked = query.get('resourceVersion') ?? ''
  const revision = parseResourceVersion(asked)
  if (asked === '') await parts.store.fresh(request)
  await untilReached(revision, parts, request)
  const representation = parts.represent(request, resource)
  const stored = parts.find(resource, info)
  if (!stored) throw notFound(resource.type, info.name)
  await prepareViews(resource, [stored])
  return answerOne(200, viewOf(resource, stored), resource, representation, parts)
}
