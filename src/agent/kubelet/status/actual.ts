// What a container really got: its resources, its user, its mounts.
import type { ContainerStatus, VolumeMountStatus } from '../../../shared/api/core/v1.ts'
import { allContainers } from '../spec/containers.ts'
import { limitsOf } from '../spec/resources.ts'
import { isRecursivelyReadOnly } from '../volumes/container-mounts.ts'
import type { PodStatusInput } from './pod-status.ts'

type Facts = Pick<PodStatusInput, 'pod' | 'runtime' | 'users' | 'nodeLimits' | 'recursiveReadOnlyMounts'>

/** @param before statuses that were reported last */
export function withActual(
  { pod, runtime, users, nodeLimits, recursiveReadOnlyMounts }: Facts,
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
