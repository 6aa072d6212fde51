// The containers that a pod had under one name, one after the other.
import type { PodStatus } from '../../../shared/api/core/v1.ts'
import type { ContainerRuntime, RuntimePod } from '../runtime/contract.ts'

/** The newest of each name, and the one before it, for its logs. */
const KEPT = 2

/** One more than any attempt that is known, also of containers that were removed behind our back. */
export function nextAttempt(name: string, runtime: RuntimePod, status: PodStatus): number {
  const known = runtime.containers.filter(container => container.name === name).map(({ attempt }) => attempt)
  const statuses = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])]
  const before = statuses.find(status => status.name === name)
  if (before?.containerID) known.push(before.restartCount)
  return known.length === 0 ? 0 : Math.max(...known) + 1
}

export async function removeOldAttempts(
  runtime: Pick<ContainerRuntime, 'remove'>,
  { containers, sandboxes }: RuntimePod,
): Promise<void> {
  const seen = new Map<string, number>()
  for (const { name, id, state } of containers) {
    const count = (seen.get(name) ?? 0) + 1
    seen.set(name, count)
    if (count > KEPT && state !== 'running') await runtime.remove(id)
  }
  for (const { id, state } of sandboxes.slice(1)) if (state !== 'running') await runtime.remove(id)
}
