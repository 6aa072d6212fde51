// Counts the objects of any served kind, without reading them: the server tells how many follow the first.
import { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../../../shared/api/apps/v1.ts'
import { CronJob, Job } from '../../../shared/api/batch/v1.ts'
import { ConfigMap, ReplicationController, ResourceQuota, Secret } from '../../../shared/api/core/v1.ts'
import type { APIGroup, APIResourceList } from '../../../shared/api/meta/v1.ts'
import type { ControllerContext } from '../../../shared/client/reconciler.ts'
import type { KubeObject } from '../../../shared/machinery/object.ts'
import { type ResourceType, collectionPath } from '../../../shared/machinery/resource-type.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'

/** Kinds of which only the number counts, and that are watched anyway. */
export const COUNTED: readonly ResourceType<KubeObject>[] = [
  ConfigMap,
  Secret,
  ReplicationController,
  ResourceQuota,
  ...[Deployment, ReplicaSet, StatefulSet, DaemonSet, Job, CronJob],
]

/**
 * @param resource such as `deployments.apps` or `configmaps`
 * @returns undefined for a kind that is not served, or not namespaced
 */
export async function countObjects(
  { client, signal }: ControllerContext,
  resource: string,
  namespace: string,
): Promise<number | undefined> {
  const dot = resource.indexOf('.')
  const plural = dot === -1 ? resource : resource.slice(0, dot)
  const group = dot === -1 ? '' : resource.slice(dot + 1)
  try {
    const version = group === '' ? 'v1' : await preferredVersion({ client, signal }, group)
    const path = group === '' ? '/api/v1' : `/apis/${encodeURIComponent(group)}/${version}`
    const { resources } = (await client.raw('GET', path)) as APIResourceList
    const found = resources.find(({ name }) => name === plural)
    if (!found?.namespaced || !found.verbs.includes('list')) return undefined
    const type = { group, version, kind: found.kind, plural, namespaced: true }
    const query = `${collectionPath(type, namespace)}?limit=1`
    const list = (await client.raw('GET', query)) as { items?: unknown[]; metadata: { remainingItemCount?: number } }
    return (list.items ?? []).length + (list.metadata.remainingItemCount ?? 0)
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

async function preferredVersion({ client }: Pick<ControllerContext, 'client' | 'signal'>, group: string) {
  const found = (await client.raw('GET', `/apis/${encodeURIComponent(group)}`)) as APIGroup
  return found.preferredVersion?.version ?? found.versions[0]?.version ?? ''
}
