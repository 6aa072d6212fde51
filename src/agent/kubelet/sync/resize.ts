// Resizing in place. Three amounts may differ for a while: what the spec asks for, what the node has set aside for it
// (allocated), and what the container's cgroup has (actual). The spec becomes allocated when the node has room; allocated
// becomes actual by an update of the running container, or by a restart where the container's policy wants one.
import type { Container, ContainerStatus, Pod, ResourceRequirements } from '../../../shared/api/core/v1.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import type { Shortage } from '../admission/fit.ts'
import type { ContainerLimits, RuntimeContainer, RuntimePod } from '../runtime/contract.ts'
import { initContainers } from '../spec/containers.ts'
import { type NodeLimits, limitsOf } from '../spec/resources.ts'

export interface ResizePending {
  readonly reason: 'Deferred' | 'Infeasible'
  readonly message: string
}

/** Containers whose resources can change while they run. */
export const resizable = (pod: Pod): readonly Container[] => [...initContainers(pod), ...pod.spec.containers]

/** What the node has set aside for each container of one pod. */
export class Allocation {
  readonly #allocated = new Map<string, ResourceRequirements>()

  /** After a restart of the agent, the reported status is the record. */
  constructor(pod: Pod) {
    const { containerStatuses = [], initContainerStatuses = [] } = pod.status
    const reported = new Map([...containerStatuses, ...initContainerStatuses].map(status => [status.name, status]))
    for (const { name, resources = {} } of resizable(pod)) {
      const status = reported.get(name)
      this.#allocated.set(name, status?.resources ? allocatedBy(status, resources) : resources)
    }
  }

  /** @returns the pod with the amounts that it may have now */
  apply(pod: Pod): Pod {
    const own = (container: Container): Container => {
      const resources = this.#allocated.get(container.name)
      return resources === undefined || resources === container.resources ? container : { ...container, resources }
    }
    const { spec } = pod
    const init = spec.initContainers && { initContainers: spec.initContainers.map(own) }
    return { ...pod, spec: { ...spec, containers: spec.containers.map(own), ...init } }
  }

  isChanged(pod: Pod): boolean {
    return resizable(pod).some(
      ({ name, resources = {} }) => !deepEqual(resources, this.#allocated.get(name) ?? {}, { emptyIsAbsent: true }),
    )
  }

  /** Sets aside what the spec asks for. @returns why not, if there is no room */
  take(pod: Pod, shortage: Shortage | undefined): ResizePending | undefined {
    if (shortage) {
      const message = shortage.never
        ? shortage.message.replace('enough resource', 'enough capacity').replace(/ used: \d+,/, '')
        : shortage.message
      return { reason: shortage.never ? 'Infeasible' : 'Deferred', message }
    }
    for (const { name, resources = {} } of resizable(pod)) this.#allocated.set(name, resources)
    return undefined
  }
}

/** Only cpu and memory are ever changed; the rest of the spec is immutable. */
function allocatedBy(
  { resources, allocatedResources }: ContainerStatus,
  spec: ResourceRequirements,
): ResourceRequirements {
  const limits = { ...spec.limits, ...resources?.limits }
  const requests = { ...spec.requests, ...resources?.requests, ...allocatedResources }
  return {
    ...spec,
    ...(Object.keys(limits).length > 0 ? { limits } : {}),
    ...(Object.keys(requests).length > 0 ? { requests } : {}),
  }
}

export interface PendingUpdate {
  readonly container: RuntimeContainer
  readonly spec: Container
  readonly limits: ContainerLimits
  readonly restart: boolean
}

/** @returns what has to be done for running containers to have what is allocated to them */
export function pendingUpdates(pod: Pod, runtime: RuntimePod, node: NodeLimits): PendingUpdate[] {
  return resizable(pod).flatMap(spec => {
    const container = runtime.containers.find(({ name, state }) => name === spec.name && state === 'running')
    if (!container) return []
    const limits = limitsOf(pod, spec, node)
    const changed = differences(container, limits)
    const restart = (spec.resizePolicy ?? []).some(
      ({ resourceName, restartPolicy }) => restartPolicy === 'RestartContainer' && changed.includes(resourceName),
    )
    return changed.length > 0 ? [{ container, spec, limits, restart }] : []
  })
}

function differences({ actual }: RuntimeContainer, limits: ContainerLimits): string[] {
  const cpu = actual.cpuShares !== limits.cpuShares || actual.cpuQuota !== limits.cpuQuota
  const memory = actual.memoryBytes !== limits.memoryBytes
  return [...(cpu ? ['cpu'] : []), ...(memory ? ['memory'] : [])]
}

/** As upstream's events show it. */
export const describeResources = (pod: Pod): string =>
  JSON.stringify({
    containers: resizable(pod).map(({ name, resources = {} }) => ({ name, resources })),
    ...(pod.metadata.generation ? { generation: pod.metadata.generation } : {}),
  })
