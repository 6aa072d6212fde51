// A pod with what scheduling asks again and again, computed once.
import type { Container, ContainerPort, Pod, PodSpec, ResourceRequirements } from '../../../shared/api/core/v1.ts'
import { parseQuantity } from '../../../shared/machinery/quantity.ts'
import { hostPortsOf } from '../../../shared/machinery/host-ports.ts'
import { heldSpec } from '../../../shared/machinery/held-resources.ts'

/** Amounts of resources. `scalar` holds the others (hugepages, extended resources), in whole units. */
export interface Resources {
  cpuMilli: number
  memoryBytes: number
  ephemeralStorageBytes: number
  scalar: Map<string, number>
}

/** Of whatever has none, and never written to: most pods and nodes know no others. */
const NO_SCALARS = new Map<string, number>()

export const noResources = (): Resources => ({
  cpuMilli: 0,
  memoryBytes: 0,
  ephemeralStorageBytes: 0,
  scalar: NO_SCALARS,
})

function setScalar(target: Resources, name: string, amount: number): void {
  if (target.scalar === NO_SCALARS) target.scalar = new Map()
  target.scalar.set(name, amount)
}

export function addResources(target: Resources, delta: Resources, sign: 1 | -1 = 1): void {
  target.cpuMilli += sign * delta.cpuMilli
  target.memoryBytes += sign * delta.memoryBytes
  target.ephemeralStorageBytes += sign * delta.ephemeralStorageBytes
  if (delta.scalar.size === 0) return
  for (const [name, amount] of delta.scalar) setScalar(target, name, (target.scalar.get(name) ?? 0) + sign * amount)
}

/** @param list such as `spec.containers[].resources.requests` */
export function parseResources(list: Readonly<Record<string, string | number>> | undefined): Resources {
  const parsed = noResources()
  for (const [name, text] of Object.entries(list ?? {})) {
    const quantity = parseQuantity(text)
    if (name === 'cpu') parsed.cpuMilli = quantity.milli()
    else if (name === 'memory') parsed.memoryBytes = quantity.value()
    else if (name === 'ephemeral-storage') parsed.ephemeralStorageBytes = quantity.value()
    else if (name !== 'pods') setScalar(parsed, name, quantity.value())
  }
  return parsed
}

function raiseTo(target: Resources, least: Resources): void {
  target.cpuMilli = Math.max(target.cpuMilli, least.cpuMilli)
  target.memoryBytes = Math.max(target.memoryBytes, least.memoryBytes)
  target.ephemeralStorageBytes = Math.max(target.ephemeralStorageBytes, least.ephemeralStorageBytes)
  for (const [name, amount] of least.scalar) setScalar(target, name, Math.max(target.scalar.get(name) ?? 0, amount))
}

/** What a container without requests counts as when scores compare nodes, so that such pods spread too. */
const DEFAULT_CPU_MILLI = 100
const DEFAULT_MEMORY_BYTES = 200 << 20

const lacksRequests = ({ resources }: Container): boolean =>
  resources?.requests?.cpu === undefined || resources.requests.memory === undefined

function requestsOf({ resources }: Container, withDefaults: boolean): Resources {
  const requests = parseResources(resources?.requests)
  if (withDefaults) {
    if (resources?.requests?.cpu === undefined) requests.cpuMilli = DEFAULT_CPU_MILLI
    if (resources?.requests?.memory === undefined) requests.memoryBytes = DEFAULT_MEMORY_BYTES
  }
  return requests
}

/**
 * What a pod needs on its node: the sum of its containers and sidecars, or the largest init container beside the
 * sidecars started before it, whichever is more; plus overhead.
 * @see https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers
 */
export function podRequests(spec: PodSpec, withDefaults = false): Resources {
  const total = noResources()
  for (const container of spec.containers) addResources(total, requestsOf(container, withDefaults))
  const sidecars = noResources()
  const starting = noResources()
  for (const container of spec.initContainers ?? []) {
    const requests = requestsOf(container, withDefaults)
    if (container.restartPolicy === 'Always') {
      addResources(total, requests)
      addResources(sidecars, requests)
      raiseTo(starting, sidecars)
    } else {
      addResources(requests, sidecars)
      raiseTo(starting, requests)
    }
  }
  raiseTo(total, starting)
  const podLevel = spec.resources as ResourceRequirements | undefined
  if (podLevel?.requests) {
    const whole = parseResources(podLevel.requests)
    if (podLevel.requests.cpu !== undefined) total.cpuMilli = whole.cpuMilli
    if (podLevel.requests.memory !== undefined) total.memoryBytes = whole.memoryBytes
    for (const [name, amount] of whole.scalar) if (name.startsWith('hugepages-')) setScalar(total, name, amount)
  }
  if (spec.overhead) addResources(total, parseResources(spec.overhead))
  return total
}

const amountsOf = ({ cpuMilli, memoryBytes, ephemeralStorageBytes, scalar }: Resources) => [
  cpuMilli,
  memoryBytes,
  ephemeralStorageBytes,
  ...scalar,
]

/** All that plugins about resources read of a pod. */
export const signResources = ({ requests, scoredRequests }: PodInfo): unknown => [
  amountsOf(requests),
  amountsOf(scoredRequests),
]

export interface PodInfo {
  readonly pod: Pod
  readonly requests: Resources
  /** As `requests`, with defaults for containers that request nothing. */
  readonly scoredRequests: Resources
  readonly hostPorts: readonly ContainerPort[]
  /** The same for pods of one namespace with the same labels. */
  readonly groupKey: string
  /** The same for those of them with the same pod (anti-)affinity; undefined for pods without. */
  readonly affinityKey: string | undefined
}

const known = new WeakMap<Pod, PodInfo>()

/** Worked out once for an object: objects do not change. */
export function podInfoOf(pod: Pod): PodInfo {
  let info = known.get(pod)
  if (!info) known.set(pod, (info = workOut(pod)))
  return info
}

function workOut(pod: Pod): PodInfo {
  const { spec } = pod
  const { namespace, labels } = pod.metadata
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {}
  const held = heldSpec(pod)
  const requests = podRequests(held)
  const hasDefaults = held.containers.some(lacksRequests) || held.initContainers?.some(lacksRequests)
  const groupKey = JSON.stringify([namespace, Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))])
  return {
    pod,
    requests,
    scoredRequests: hasDefaults ? podRequests(held, true) : requests,
    hostPorts: hostPortsOf(spec),
    groupKey,
    affinityKey:
      podAffinity || podAntiAffinity ? `${groupKey}${JSON.stringify([podAffinity, podAntiAffinity])}` : undefined,
  }
}
