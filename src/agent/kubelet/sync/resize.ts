// Resizing in place. Three amounts may differ for a while: what the spec asks for, what the node has set aside for it
// (allocated), and what the container's cgroup has (actual). The spec becomes allocated when the node has room; allocated
// becomes actual by an update of the running container, or by a restart where the container's policy wants one.
import type { Container, ContainerStatus, Pod, ResourceRequirements } from '../../../shared/api/core/v1.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { isQuantity, parseQuantity } from '../../../shared/machinery/quantity.ts'
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
  /** For the pod as a whole. */
  #whole: ResourceRequirements | undefined

  /** After a restart of the agent, the reported status is the record. */
  constructor(pod: Pod) {
    const { containerStatuses = [], initContainerStatuses = [] } = pod.status
    const reported = new Map([...containerStatuses, ...initContainerStatuses].map(status => [status.name, status]))
    for (const { name, resources = {} } of resizable(pod)) {
      const status = reported.get(name)
      this.#allocated.set(name, status?.resources ? allocatedBy(status, resources) : resources)
    }
    this.#whole = wholeAllocatedBy(pod)
  }

  /** @returns the pod with the amounts that it may have now */
  apply(pod: Pod): Pod {
    const own = (container: Container): Container => {
      const resources = this.#allocated.get(container.name)
      return resources === undefined || resources === container.resources ? container : { ...container, resources }
    }
    const { spec } = pod
    const init = spec.initContainers && { initContainers: spec.initContainers.map(own) }
    const { resources: _, ...rest } = spec
    const whole = this.#whole && { resources: this.#whole }
    return { ...pod, spec: { ...rest, ...whole, containers: spec.containers.map(own), ...init } }
  }

  /** @returns what is set aside for those of its containers that run, by container id */
  ofRunning(pod: Pod, { containers }: RuntimePod): Map<string, ResourceRequirements> {
    const running = containers.filter(({ state }) => state === 'running')
    return new Map(
      resizable(pod).flatMap(({ name }) => {
        const container = running.find(one => one.name === name)
        return container ? [[container.id, this.#allocated.get(name) ?? {}] as const] : []
      }),
    )
  }

  isChanged(pod: Pod): boolean {
    const differ = (a: ResourceRequirements = {}, b: ResourceRequirements = {}) =>
      !deepEqual(a, b, { emptyIsAbsent: true })
    return (
      differ(pod.spec.resources, this.#whole) ||
      resizable(pod).some(({ name, resources }) => differ(resources, this.#allocated.get(name)))
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
    this.#whole = pod.spec.resources
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

/** The status counts the containers and the overhead as well. */
function wholeAllocatedBy({ spec: { resources, overhead = {} }, status }: Pod): ResourceRequirements | undefined {
  if (!resources || !status.resources) return resources
  const part = (asked: Amounts = {}, given: Amounts = {}) =>
    Object.fromEntries(
      Object.entries(asked).flatMap(([name, amount]) => {
        const now = given[name]
        const more = overhead[name]
        if (!isQuantity(now) || parseQuantity(now).equals(withMore(amount, more))) return [[name, amount]]
        return [[name, more === undefined ? now : parseQuantity(now).sub(parseQuantity(more)).toString()]]
      }),
    )
  return {
    ...resources,
    ...(resources.limits ? { limits: part(resources.limits, status.resources.limits) } : {}),
    ...(resources.requests ? { requests: part(resources.requests, status.allocatedResources) } : {}),
  }
}

type Amounts = Readonly<Record<string, string | number>>
const withMore = (amount: string | number, more: string | number | undefined) =>
  more === undefined ? parseQuantity(amount) : parseQuantity(amount).add(parseQuantity(more))

/** What running containers had set aside for them when a resize began, by container id: cgroups do not tell requests. */
export type Before = ReadonlyMap<string, ResourceRequirements>

export interface PendingUpdate {
  readonly container: RuntimeContainer
  readonly spec: Container
  readonly limits: ContainerLimits
  readonly restart: boolean
}

/** @returns what has to be done for running containers to have what is allocated to them */
export function pendingUpdates(
  pod: Pod,
  runtime: RuntimePod,
  node: NodeLimits,
  before: Before = new Map(),
): PendingUpdate[] {
  return resizable(pod).flatMap(spec => {
    const container = runtime.containers.find(({ name, state }) => name === spec.name && state === 'running')
    if (!container) return []
    const limits = limitsOf(pod, spec, node)
    const changed = differences(container, limits)
    const asked = changedRequests(before.get(container.id), spec.resources)
    const restart = (spec.resizePolicy ?? []).some(
      ({ resourceName, restartPolicy }) =>
        restartPolicy === 'RestartContainer' && (changed.includes(resourceName) || asked.includes(resourceName)),
    )
    return changed.length > 0 || restart ? [{ container, spec, limits, restart }] : []
  })
}

function changedRequests(before: ResourceRequirements | undefined, now: ResourceRequirements = {}): string[] {
  if (!before) return []
  return ['cpu', 'memory'].filter(name => {
    const [a, b] = [before.requests?.[name] ?? 0, now.requests?.[name] ?? 0]
    return !parseQuantity(a).equals(parseQuantity(b))
  })
}

function differences({ actual }: RuntimeContainer, limits: ContainerLimits): string[] {
  const cpu = actual.cpuShares !== limits.cpuShares || actual.cpuQuota !== limits.cpuQuota
  const memory = actual.memoryBytes !== limits.memoryBytes
  return [...(cpu ? ['cpu'] : []), ...(memory ? ['memory'] : [])]
}

/** As upstream's events show it, with what the pod as a whole asks for. */
export function describeResources({ spec, metadata }: Pod, error?: string): string {
  const named = ({ name, resources = {} }: Container) => ({ name, resources })
  return JSON.stringify({
    ...(spec.resources ? { resources: spec.resources } : {}),
    ...(spec.initContainers?.length ? { initContainers: spec.initContainers.map(named) } : {}),
    containers: spec.containers.map(named),
    generation: metadata.generation ?? 0,
    ...(error === undefined ? {} : { error }),
  })
}
