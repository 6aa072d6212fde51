// The answer that shows one object: as bytes that every reader shares where the object is as it is stored.
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import type { Stored } from '../../../store/contract.ts'
import { keyOf } from '../../keys.ts'
import type { ResourceDescriptor } from '../../registry/resource.ts'
import type { Representation } from '../../representation/representation.ts'
import type { ApiResponse } from '../../request.ts'
import type { EndpointParts } from '../parts.ts'

export function answerOne(
  code: number,
  object: AnyObject,
  resource: ResourceDescriptor,
  representation: Representation,
  parts: EndpointParts,
): ApiResponse {
  const { contentType } = representation
  const answer = { code, object: representation.one(object), contentType }
  if (contentType !== 'application/json' || resource.fromStorage) return answer
  const { namespace = '', name } = object.metadata
  const stored: Stored | undefined = parts.store.get(keyOf(resource, namespace, name))
  // Somebody may have written since, and a dry run stores nothing: then the object is encoded by itself.
  if (stored?.object !== object) return answer
  return { ...answer, json: () => parts.store.json(stored) }
}
