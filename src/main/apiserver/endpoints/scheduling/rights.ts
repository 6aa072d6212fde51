// Who may ask: the answer names nodes and what is on them.
import { assertAllowed } from '../../chain/authorize.ts'
import type { ApiRequest } from '../../request.ts'
import type { EndpointContext } from '../contract.ts'

/** @throws ApiError 403 */
export function requireList({ user }: ApiRequest, context: EndpointContext, resource: 'nodes' | 'pods'): void {
  const attributes = { isResource: true, verb: 'list', group: '', version: 'v1', namespace: '', subresource: '' }
  assertAllowed({ ...attributes, resource, name: '', path: '', user }, asked => context.authorize(asked))
}
