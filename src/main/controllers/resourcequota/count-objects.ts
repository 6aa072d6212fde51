// Counts the objects of any served kind, without reading them: the server tells how many follow the first.
import { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../../../shared/api/apps/v1.ts'
import { CronJob, Job } from '../../../shared/api/batch/v1.ts'
import { ConfigMap, ReplicationController, ResourceQuota, Secret } from '../../../shared/api/core/v1.ts'
import { discoverResource } from '../../../shared/client/discovery.ts'
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
  { client }: ControllerContext,
  resource: string,
  namespace: string,
): Promise<number | undefined> {
  const dot = resource.indexOf('.')
  const plural = dot === -1 ? resource : resource.slice(0, dot)
  const group = dot === -1 ? '' : resource.slice(dot + 1)
  try {
    const found = await discoverResource(client, group, plural)
    if (!found?.namespaced || !found.verbs.includes('list')) return undefined
    const query = `${collectionPath(found, namespace)}?limit=1`
    const list = (await client.raw('GET', query)) as { items?: unknown[]; metadata: { remainingItemCount?: number } }
    return (list.items ?? []).length + (list.metadata.remainingItemCount ?? 0)
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}
