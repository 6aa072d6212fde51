// Creates and deletes pods for a controller, with the events that upstream's controllers record about it.
import { Pod, type PodTemplateSpec } from '../../../shared/api/core/v1.ts'
import type { ControllerContext } from '../../../shared/client/reconciler.ts'
import type { Draft, NamespacedMeta, KubeObject } from '../../../shared/machinery/object.ts'
import { controllerRef } from '../../../shared/machinery/owner.ts'
import type { ResourceType } from '../../../shared/machinery/resource-type.ts'
import { ApiError, isNamespaceTerminating, isNotFound } from '../../../shared/machinery/status.ts'

export type PodOwner = KubeObject & { metadata: NamespacedMeta }

const MAX_PREFIX = 253 - 5

/** @returns a pod made from the template, controlled by the owner and named after it. */
export function podFromTemplate<T extends PodOwner>(
  template: PodTemplateSpec,
  type: ResourceType<T>,
  owner: T,
): Draft<Pod> {
  const { labels, annotations, finalizers } = template.metadata ?? {}
  return {
    metadata: {
      namespace: owner.metadata.namespace,
      generateName: `${owner.metadata.name.slice(0, MAX_PREFIX)}-`,
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
      ...(finalizers ? { finalizers } : {}),
      ownerReferences: [controllerRef(type, owner)],
    },
    spec: template.spec,
  }
}

/** @throws ApiError after recording FailedCreate, except when the namespace goes away */
export async function createPod(
  { client, events, signal }: ControllerContext,
  owner: PodOwner,
  pod: Draft<Pod>,
): Promise<Pod> {
  try {
    const created = await client.create(Pod, pod, { signal })
    events.event(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${created.metadata.name}`)
    return created
  } catch (error) {
    if (!isNamespaceTerminating(error) && error instanceof ApiError)
      events.event(owner, 'Warning', 'FailedCreate', `Error creating: ${error.message}`)
    throw error
  }
}

/** Deletes this very pod; one that is gone already is fine. @throws ApiError after recording FailedDelete */
export async function deletePod(
  { client, events, signal }: ControllerContext,
  owner: PodOwner,
  pod: Pod,
): Promise<void> {
  const { namespace, name, uid } = pod.metadata
  try {
    await client.delete(Pod, { namespace, name }, { preconditions: { uid }, signal })
  } catch (error) {
    if (isNotFound(error)) throw error
    const why = error instanceof Error ? error.message : String(error)
    events.event(owner, 'Warning', 'FailedDelete', `Error deleting: ${why}`)
    throw error
  }
  events.event(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`)
}
