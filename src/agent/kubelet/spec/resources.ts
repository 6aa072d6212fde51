// Requests and limits as cgroup settings.
import type { Container, Pod } from '../../../shared/api/core/v1.ts'
import { parseQuantity } from '../../../shared/machinery/quantity.ts'
import type { ContainerLimits } from '../runtime/contract.ts'

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
  if (pod.status.qosClass === 'Guaranteed') return -997
  if (pod.status.qosClass === 'BestEffort') return 1000
  const request = bytes(container.resources?.requests?.memory)
  const score = 1000 - Math.floor((1000 * request) / Math.max(1, nodeMemoryBytes))
  return Math.min(999, Math.max(3, score))
}

export interface NodeLimits {
  readonly memoryBytes: number
  readonly podPidsLimit: number
}

export function limitsOf(pod: Pod, container: Container, node: NodeLimits): ContainerLimits {
  const { requests, limits } = container.resources ?? {}
  const cpuLimit = milli(limits?.cpu)
  const cpuRequest = requests?.cpu === undefined ? cpuLimit : milli(requests.cpu)
  const shares = Math.floor((cpuRequest * SHARES_PER_CPU) / 1000)
  return {
    cpuShares: Math.min(MAX_SHARES, Math.max(MIN_SHARES, shares)),
    cpuPeriod: CPU_PERIOD_US,
    cpuQuota: cpuLimit > 0 ? Math.max(MIN_QUOTA_US, Math.floor((cpuLimit * CPU_PERIOD_US) / 1000)) : 0,
    memoryBytes: bytes(limits?.memory),
    pids: node.podPidsLimit,
    oomScoreAdj: oomScoreAdj(pod, container, node.memoryBytes),
  }
}
