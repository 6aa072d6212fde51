// What a container really got: its resources, its user, its mounts.
import type { ContainerStatus, LinuxContainerUser, Pod, VolumeMountStatus } from '../../../shared/api/core/v1.ts'
import type { RuntimePod } from '../runtime/contract.ts'
import { allContainers } from '../spec/containers.ts'
import { type NodeLimits, limitsOf } from '../spec/resources.ts'
import { isRecursivelyReadOnly } from '../volumes/container-mounts.ts'

/** What there is to know of a pod's containers beside their spec. */
export interface ActualFacts {
  readonly pod: Pod
  readonly runtime: RuntimePod
  /** By container id. */
  readonly users: ReadonlyMap<string, LinuxContainerUser>
  readonly nodeLimits: NodeLimits
  readonly recursiveReadOnlyMounts: boolean
}

/** @param before statuses that were reported last */
export function withActual(
  { pod, runtime, users, nodeLimits, recursiveReadOnlyMounts }: ActualFacts,
  status: ContainerStatus,
  before: readonly ContainerStatus[],
): ContainerStatus {
  const spec = allContainers(pod).find(({ name }) => name === status.name)
  if (!spec) return status
  const id = status.containerID?.replace('docker://', '')
  const container = runtime.containers.find(found => found.id === id)
  const wanted = limitsOf(pod, spec, nodeLimits)
  const differs =
    container?.state === 'running' &&
    (container.actual.cpuShares !== wanted.cpuShares ||
      container.actual.cpuQuota !== wanted.cpuQuota ||
      container.actual.memoryBytes !== wanted.memoryBytes)
  const old = before.find(({ name }) => name === status.name)?.resources
  const user = id === undefined ? undefined : users.get(id)
  const mounts = (spec.volumeMounts ?? []).map((mount): VolumeMountStatus => {
    const { name, mountPath, readOnly } = mount
    const recursiveReadOnly = isRecursivelyReadOnly(mount, recursiveReadOnlyMounts) ? 'Enabled' : 'Disabled'
    return { name, mountPath, ...(readOnly ? { readOnly, recursiveReadOnly } : {}) }
  })
  return {
    ...status,
    resources: differs && old ? old : (spec.resources ?? {}),
    ...(spec.resources?.requests ? { allocatedResources: spec.resources.requests } : {}),
    ...(user ? { user: { linux: user } } : {}),
    ...(mounts.length > 0 ? { volumeMounts: mounts } : {}),
    ...(spec.lifecycle?.stopSignal ? { stopSignal: spec.lifecycle.stopSignal } : {}),
  }
}
