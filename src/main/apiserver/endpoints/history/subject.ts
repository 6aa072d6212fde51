// Whose revision is meant, and who may see it: the right to the history of an object is the right to the object.
import { formatTime } from '../../../../shared/machinery/clock.ts'
import { apiVersionOf, groupResourceOf } from '../../../../shared/machinery/resource-type.ts'
import { notFound } from '../../../../shared/machinery/status.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import type { HistoryItem, HistoryLog } from '../../../store/history/contract.ts'
import type { AuthorizationAttributes } from '../../authz/contract.ts'
import { assertAllowed } from '../../chain/authorize.ts'
import { keyOf, servedForm } from '../../keys.ts'
import type { ResourceDescriptor } from '../../registry/resource.ts'
import type { ApiRequest } from '../../request.ts'
import type { ObjectRevision } from '../../registry/history/object-revision.ts'
import type { EndpointContext } from '../contract.ts'
import { parseJson } from '../../../../shared/machinery/json-text.ts'

/** An object, whether it exists now or not. */
export interface Subject {
  readonly resource: ResourceDescriptor
  readonly namespace: string
  readonly name: string
  readonly key: string
}

/** `deployments.apps:web:1234`: resource and group, the object's name, its revision. */
export const revisionName = ({ resource, name }: Subject, revision: number): string =>
  `${groupResourceOf(resource.type)}:${name}:${revision}`

/** @throws ApiError 404 */
export function subjectOf(
  request: ApiRequest,
  of: ResourceDescriptor,
  { resources }: EndpointContext,
): { subject: Subject; revision: number } {
  const { name: text, namespace } = request.info
  // The object's own name may hold colons, as those of roles do.
  const parts = /^([^:.]+)\.?([^:]*):(.+):(\d+)$/.exec(text)
  const [, plural = '', group = '', name = '', revision] = parts ?? []
  const resource = resources.byGroup(group, plural)
  if (!resource || resource.virtual || resource.type.namespaced !== of.type.namespaced) throw notFound(of.type, text)
  return { subject: { resource, namespace, name, key: keyOf(resource, namespace, name) }, revision: Number(revision) }
}

export function attributesFor(
  request: ApiRequest,
  { resource, namespace, name }: Subject,
  verb: string,
): AuthorizationAttributes {
  const { group, version, plural } = resource.type
  const { user } = request
  return { isResource: true, verb, group, version, namespace, resource: plural, subresource: '', name, path: '', user }
}

/** @throws ApiError 403, worded for the object itself */
export const requireRight = (request: ApiRequest, subject: Subject, verb: string, context: EndpointContext): void =>
  assertAllowed(attributesFor(request, subject, verb), attributes => context.authorize(attributes))

/** The object at a revision of it, in the version of the subject's resource. @throws ApiError 404 */
export async function objectAt(
  history: HistoryLog,
  { key, resource }: Subject,
  revision: number,
  missing: () => Error,
): Promise<AnyObject> {
  const text = await history.read(key, revision)
  if (text === undefined) throw missing()
  // It may have been stored in a version that was stored then.
  return servedForm(resource, parseJson(text) as AnyObject)
}

/** @param items all kept revisions of the object, oldest first */
export function revisionsOf(
  subject: Subject,
  items: readonly HistoryItem[],
  type: ResourceDescriptor['type'],
): ObjectRevision[] {
  const { resource, namespace, name } = subject
  const { group, version, kind, plural } = resource.type
  return items.map((item, at) => {
    const before = items[at - 1]
    const action = item.deleted ? 'Deleted' : before && !before.deleted ? 'Updated' : 'Created'
    return {
      kind: type.kind,
      apiVersion: apiVersionOf(type),
      metadata: {
        name: revisionName(subject, item.revision),
        ...(namespace ? { namespace } : {}),
        uid: revisionName(subject, item.revision),
        resourceVersion: String(item.revision),
        creationTimestamp: formatTime(item.atMs),
      },
      of: { group, version, kind, resource: plural, ...(namespace ? { namespace } : {}), name },
      revision: String(item.revision),
      action,
    }
  })
}
