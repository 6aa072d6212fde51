// Requests and limits as cgroup settings.
import type { Container, Pod, PodSpec, ResourceRequirements } from '../../../shared/api/core/v1.ts'
import { parseQuantity } from '../../../shared/machinery/quantity.ts'
import { totalOf } from '../../../shared/machinery/quota-pod-usage.ts'
import type { Usage } from '../../../shared/machinery/quota-usage.ts'
import type { CgroupAmounts } from '../cgroups/contract.ts'
import type { ContainerLimits } from '../runtime/contract.ts'
import { kernelName, pageSizeOf } from '../node/huge-pages.ts'
import { isSidecar } from './containers.ts'

const CPU_PERIOD_US = 100_000
const MIN_QUOTA_US = 1_000
const MIN_SHARES = 2
const MAX_SHARES = 262_144
const SHARES_PER_CPU = 1024

const milli = (text: string | number | undefined): number => (text === undefined ? 0 : parseQuantity(text).milli())
const bytes = (text: string | number | undefined): number => (text === undefined ? 0 : parseQuantity(text).value())

/**
 * How readily the kernel kills the container when memory runs out.
 * @see https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/#node-out-of-memory-behavior
 */
export function oomScoreAdj(pod: Pod, container: Container, nodeMemoryBytes: number): number {
  if (pod.status.qosClass === 'Guaranteed' || pod.spec.priorityClassName === 'system-node-critical') return -997
  if (pod.status.qosClass === 'BestEffort') return 1000
  const request = Math.max(requestOf(container), isSidecar(container) ? leastOf(pod.spec.containers) : 0)
  const score = 1000 - Math.floor((1000 * (request + shareOfPodRequest(pod))) / Math.max(1, nodeMemoryBytes))
  return Math.min(999, Math.max(3, score))
}

const requestOf = ({ resources }: Container): number => bytes(resources?.requests?.memory)

/** A sidecar goes no sooner than the containers that it serves. */
const leastOf = (containers: readonly Container[]): number => Math.min(...containers.map(requestOf))

/** What the pod as a whole requests beyond its containers, in equal parts. */
function shareOfPodRequest({ spec }: Pod): number {
  const ofPod = spec.resources?.requests?.memory
  if (ofPod === undefined) return 0
  const lasting = [...spec.containers, ...(spec.initContainers ?? []).filter(isSidecar)]
  const own = lasting.reduce((sum, one) => sum + requestOf(one), 0)
  return Math.max(0, bytes(ofPod) - own) / lasting.length
}

export interface NodeLimits {
  readonly memoryBytes: number
  readonly podPidsLimit: number
}

const sharesOf = (cpuMilli: number): number =>
  Math.min(MAX_SHARES, Math.max(MIN_SHARES, Math.floor((cpuMilli * SHARES_PER_CPU) / 1000)))
const quotaOf = (cpuMilli: number): number =>
  cpuMilli > 0 ? Math.max(MIN_QUOTA_US, Math.floor((cpuMilli * CPU_PERIOD_US) / 1000)) : 0

/**
 * Of the pod as a whole: its weight is that of all its requests. Its limits are those that it asks for itself, else what
 * its containers may use together, if each of them has a limit.
 */
export function podAmountsOf({ spec }: Pod, { podPidsLimit }: Pick<NodeLimits, 'podPidsLimit'>): CgroupAmounts {
  const limits = wholeLimitsOf(spec)
  const own = spec.resources?.limits ?? {}
  return {
    cpuShares: sharesOf(totalOf(spec, 'requests').get('cpu')?.milli() ?? 0),
    cpuPeriod: CPU_PERIOD_US,
    cpuQuota: quotaOf(limits.get('cpu')?.milli() ?? 0),
    memoryBytes: limits.get('memory')?.value() ?? 0,
    pids: podPidsLimit,
    hugePages: new Map(
      [...limits].flatMap(([name, amount]) => {
        const pageBytes = pageSizeOf(name)
        return pageBytes === undefined ? [] : [[kernelName(pageBytes), amount.value()] as const]
      }),
    ),
    mustHold: own.cpu !== undefined || own.memory !== undefined,
  }
}

/** @returns limits of the pod together; none of cpu or memory while one of its containers may use any amount of it */
export function wholeLimitsOf(spec: PodSpec): Usage {
  const limits = totalOf(spec, 'limits')
  const all = [...spec.containers, ...(spec.initContainers ?? [])]
  for (const name of ['cpu', 'memory']) {
    const isSet = (given: ResourceRequirements | undefined) => milli(given?.limits?.[name]) > 0
    if (!isSet(spec.resources) && !all.every(({ resources }) => isSet(resources))) limits.delete(name)
  }
  return limits
}

/** @returns the container's limit, or that of the pod as a whole for one without */
const limitOf = ({ spec }: Pod, { resources }: Container, name: string): string | number | undefined =>
  milli(resources?.limits?.[name]) > 0 ? resources?.limits?.[name] : spec.resources?.limits?.[name]

/** What its cgroup is told of cpu and memory. */
export function amountsOf(
  pod: Pod,
  container: Container,
): Pick<ContainerLimits, 'cpuShares' | 'cpuPeriod' | 'cpuQuota' | 'memoryBytes'> {
  const { requests, limits } = container.resources ?? {}
  return {
    cpuShares: sharesOf(milli(requests?.cpu ?? limits?.cpu)),
    cpuPeriod: CPU_PERIOD_US,
    cpuQuota: quotaOf(milli(limitOf(pod, container, 'cpu'))),
    memoryBytes: bytes(limitOf(pod, container, 'memory')),
  }
}

export function limitsOf(pod: Pod, container: Container, node: NodeLimits): ContainerLimits {
  return {
    ...amountsOf(pod, container),
    pids: node.podPidsLimit,
    oomScoreAdj: oomScoreAdj(pod, container, node.memoryBytes),
  }
}
