// The history of objects over its API: list, read, compare, bring back.
import type { AnyObject, KubeObject } from '../../shared/machinery/object.ts'
import { type ResourceType, collectionPath, groupResourceOf } from '../../shared/machinery/resource-type.ts'
import { connection } from '../api/connection.ts'
import type { ObjectRef } from '../world/world.ts'
import type { Operation } from './summary.ts'

export interface ObjectRevision extends KubeObject {
  readonly of: {
    readonly group: string
    readonly version: string
    readonly kind: string
    readonly resource: string
    readonly namespace?: string
    readonly name: string
  }
  readonly revision: string
  readonly action: 'Created' | 'Updated' | 'Deleted'
  /** Left out of lists. */
  readonly object?: AnyObject
}

const GROUP = { group: 'history.flotilla.dev', version: 'v1' }
export const NamespacedRevision: ResourceType<ObjectRevision> = {
  ...GROUP,
  kind: 'ObjectRevision',
  plural: 'revisions',
  namespaced: true,
}
export const ClusterRevision: ResourceType<ObjectRevision> = {
  ...GROUP,
  kind: 'ClusterObjectRevision',
  plural: 'clusterrevisions',
  namespaced: false,
}

export const typeFor = (namespace: string | undefined) =>
  namespace === undefined ? ClusterRevision : NamespacedRevision
const newestFirst = (a: ObjectRevision, b: ObjectRevision) => Number(b.revision) - Number(a.revision)
const refOf = ({ metadata: { name, namespace } }: ObjectRevision) => ({ name, ...(namespace ? { namespace } : {}) })

/** All kept revisions of one object, newest first; also when it was deleted. */
export async function revisionsOf(
  { type, namespace, name }: ObjectRef,
  signal: AbortSignal,
): Promise<ObjectRevision[]> {
  const { items } = await connection.client.list(typeFor(namespace), {
    ...(namespace ? { namespace } : {}),
    fieldSelector: `of.resource=${groupResourceOf(type)},of.name=${name}`,
    signal,
  })
  return [...items].sort(newestFirst)
}

/** @param namespace undefined = all, and cluster-scoped objects as well */
export async function allRevisions(namespace: string | undefined, signal: AbortSignal): Promise<ObjectRevision[]> {
  const lists = await Promise.all([
    connection.client.list(NamespacedRevision, { ...(namespace ? { namespace } : {}), signal }),
    ...(namespace ? [] : [connection.client.list(ClusterRevision, { signal })]),
  ])
  return lists.flatMap(({ items }) => items).sort(newestFirst)
}

/** With the object as it was then. */
export const readRevision = (revision: ObjectRevision, client = connection.client): Promise<ObjectRevision> =>
  client.get(typeFor(revision.metadata.namespace), refOf(revision))

/** What changed since the revision before. */
export async function changesOf({ metadata: { name, namespace } }: ObjectRevision): Promise<readonly Operation[]> {
  const path = `${collectionPath(typeFor(namespace), namespace)}/${encodeURIComponent(name)}/diff`
  return ((await connection.client.raw('GET', path)) as { changes: readonly Operation[] }).changes
}

/** Makes the object what it was then; creates it when it is gone. */
export const restore = (revision: ObjectRevision, client = connection.client): Promise<unknown> =>
  client.createSubresource(typeFor(revision.metadata.namespace), refOf(revision), 'restore', {})
