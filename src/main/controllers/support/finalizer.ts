// Adds and removes one finalizer.
import type { ControllerContext } from '../../../shared/client/reconciler.ts'
import type { KubeObject } from '../../../shared/machinery/object.ts'
import type { ResourceType } from '../../../shared/machinery/resource-type.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'

/** Fails with Conflict when the object has changed since it was read; one that is gone is fine. @throws ApiError */
export async function setFinalizer<T extends KubeObject>(
  { client, signal }: ControllerContext,
  type: ResourceType<T>,
  object: T,
  finalizer: string,
  present: boolean,
): Promise<void> {
  const others = (object.metadata.finalizers ?? []).filter(name => name !== finalizer)
  const finalizers = present ? [...others, finalizer] : others
  try {
    await client.update(type, { ...object, metadata: { ...object.metadata, finalizers } }, { signal })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
