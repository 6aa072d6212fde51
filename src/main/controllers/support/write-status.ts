// Writes a status: nothing when it is the same, once more on the newest object after a conflict.
import type { ControllerContext } from '../../../shared/client/reconciler.ts'
import { semanticEqual } from '../../../shared/machinery/deep-equal.ts'
import type { KubeObject } from '../../../shared/machinery/object.ts'
import type { ResourceType } from '../../../shared/machinery/resource-type.ts'
import { isConflict } from '../../../shared/machinery/status.ts'

/** @returns the object as the server has it now. @throws ApiError */
export async function writeStatus<T extends KubeObject & { status?: unknown }>(
  { client, signal }: ControllerContext,
  type: ResourceType<T>,
  object: T,
  status: T['status'],
): Promise<T> {
  if (semanticEqual(object.status, status)) return object
  try {
    return await client.updateStatus(type, { ...object, status }, { signal })
  } catch (error) {
    if (!isConflict(error)) throw error
    const live = await client.get(type, object.metadata, { signal })
    if (live.metadata.uid !== object.metadata.uid) throw error
    return await client.updateStatus(type, { ...live, status }, { signal })
  }
}
