// What the EndpointSlices of hand-written Endpoints look like.
import {
  type EndpointAddress,
  type EndpointPort as LegacyPort,
  type EndpointSubset,
  Endpoints,
} from '../../../shared/api/core/v1.ts'
import type { Endpoint, EndpointPort, EndpointSlice } from '../../../shared/api/discovery/v1.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { groupBy } from '../../../shared/machinery/group-by.ts'
import type { Draft } from '../../../shared/machinery/object.ts'
import { controllerRef } from '../../../shared/machinery/owner.ts'
import type { IPFamily } from '../../../shared/machinery/ip-address.ts'
import { endpointKey, portsKey } from '../endpointslice/endpoints.ts'
import { MANAGED_BY, SERVICE_NAME } from '../endpointslice/slice.ts'
import { TRIGGER_TIME } from '../support/trigger-times.ts'

export const MIRROR_MANAGER = 'endpointslicemirroring-controller.k8s.io'
/** More of one subset are left out. */
export const MAX_PER_SUBSET = 1_000
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

export const mirrorLabels = ({ metadata }: Endpoints): Record<string, string> => ({
  ...metadata.labels,
  [SERVICE_NAME]: metadata.name,
  [MANAGED_BY]: MIRROR_MANAGER,
})

export function mirrorAnnotations({ metadata }: Endpoints): Record<string, string> {
  const { [LAST_APPLIED]: _applied, [TRIGGER_TIME]: _time, ...annotations } = metadata.annotations ?? {}
  return annotations
}

/** A slice that there should be. */
export interface Mirror {
  readonly addressType: IPFamily
  readonly ports: readonly EndpointPort[]
  readonly endpoints: readonly Endpoint[]
}

interface Repacked {
  readonly ports: EndpointPort[]
  /** Address → whether it is ready. */
  readonly addresses: Map<EndpointAddress, boolean>
}

/**
 * Ports that have the same addresses belong together. Of an address that is named several times, what was said first
 * counts, and of one port, that it is not ready. Ports of the same subsets are looked at once, however many they are.
 */
function repack(subsets: readonly EndpointSubset[]): Repacked[] {
  const known = new Map<string, EndpointAddress>()
  const firstOf = (address: EndpointAddress) => {
    const id = `${address.ip} ${address.targetRef?.uid ?? ''}`
    const first = known.get(id) ?? address
    known.set(id, first)
    return first
  }
  const told = subsets.map(({ addresses = [], notReadyAddresses = [] }) => [
    ...addresses.map(address => [firstOf(address), true] as const),
    ...notReadyAddresses.map(address => [firstOf(address), false] as const),
  ])
  const byPort = new Map<string, { readonly named: EndpointPort[]; readonly within: Set<number> }>()
  for (const [i, { ports = [] }] of subsets.entries())
    for (const port of ports.length > 0 ? ports : [undefined]) {
      const named = port ? [portOf(port)] : []
      const key = portsKey(named)
      const found = byPort.get(key) ?? { named, within: new Set<number>() }
      byPort.set(key, found)
      found.within.add(i)
    }
  const bySubsets = groupBy(byPort.values(), ({ within }) => [...within].join())
  const ids = new Map([...known.values()].map((address, i) => [address, i]))
  const groups = new Map<string, Repacked>()
  for (const [first, ...others] of bySubsets.values()) {
    if (!first) continue
    const ports = [first, ...others].flatMap(({ named }) => named)
    const addresses = new Map<EndpointAddress, boolean>()
    for (const i of first.within)
      for (const [address, ready] of told[i] ?? []) addresses.set(address, ready && addresses.get(address) !== false)
    const key = [...addresses].map(([address, ready]) => `${ids.get(address)} ${ready}`).sort().join() // prettier-ignore
    const group = groups.get(key)
    if (group) group.ports.push(...ports)
    else groups.set(key, { ports, addresses })
  }
  return [...groups.values()]
}

const portOf = ({ name = '', port, protocol = 'TCP', appProtocol }: LegacyPort): EndpointPort => ({
  ...(appProtocol ? { appProtocol } : {}),
  name,
  port,
  protocol,
})

/** @returns a slice for each family of a subset's addresses, and how many addresses were too many */
export function mirrorsOf({ subsets = [] }: Endpoints): { mirrors: Mirror[]; skipped: number } {
  let skipped = 0
  const mirrors: Mirror[] = []
  for (const { ports, addresses } of repack(subsets)) {
    const sorted = [...addresses].sort(([, a], [, b]) => Number(b) - Number(a))
    skipped += Math.max(0, sorted.length - MAX_PER_SUBSET)
    const endpoints = sorted.slice(0, MAX_PER_SUBSET).map(([address, ready]) => endpointOf(address, ready))
    for (const addressType of ['IPv4', 'IPv6'] as const) {
      const own = endpoints.filter(({ addresses: [ip = ''] }) => ip.includes(':') === (addressType === 'IPv6'))
      if (own.length > 0) mirrors.push({ addressType, ports, endpoints: own })
    }
  }
  return { mirrors, skipped }
}

export interface MirrorPlan {
  readonly create: Mirror[]
  readonly update: { readonly slice: EndpointSlice; readonly mirror: Mirror }[]
  readonly delete: EndpointSlice[]
}

/** A slice whose ports are the same stays what it is; others become what is missing of their family. */
export function planMirrors(
  endpoints: Endpoints,
  present: readonly EndpointSlice[],
  mirrors: readonly Mirror[],
): MirrorPlan {
  const plan: MirrorPlan = { create: [], update: [], delete: [] }
  const keyOf = ({ addressType, ports }: Pick<EndpointSlice | Mirror, 'addressType' | 'ports'>) =>
    `${addressType} ${portsKey(ports)}`
  const byPorts = groupBy(present, keyOf)
  const missing = mirrors.filter(mirror => {
    const slice = byPorts.get(keyOf(mirror))?.pop()
    if (slice && !isAsWanted(endpoints, slice, mirror)) plan.update.push({ slice, mirror })
    return !slice
  })
  const byFamily = groupBy([...byPorts.values()].flat(), ({ addressType }) => addressType)
  for (const mirror of missing) {
    const slice = byFamily.get(mirror.addressType)?.pop()
    if (slice) plan.update.push({ slice, mirror })
    else plan.create.push(mirror)
  }
  plan.delete.push(...[...byFamily.values()].flat())
  return plan
}

function isAsWanted(endpoints: Endpoints, { metadata, endpoints: present = [] }: EndpointSlice, mirror: Mirror) {
  const byKey = new Map(present.map(endpoint => [endpointKey(endpoint), endpoint]))
  return (
    deepEqual(metadata.labels, mirrorLabels(endpoints)) &&
    deepEqual(metadata.annotations, mirrorAnnotations(endpoints), { emptyIsAbsent: true }) &&
    metadata.ownerReferences?.some(({ uid }) => uid === endpoints.metadata.uid) === true &&
    present.length === mirror.endpoints.length &&
    mirror.endpoints.every(each => deepEqual(byKey.get(endpointKey(each)), each, { emptyIsAbsent: true }))
  )
}

const endpointOf = ({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint => ({
  addresses: [ip],
  conditions: { ready },
  ...(hostname ? { hostname } : {}),
  ...(nodeName ? { nodeName } : {}),
  ...(targetRef ? { targetRef } : {}),
})

export const mirrorSlice = (
  endpoints: Endpoints,
  { addressType, ports, endpoints: items }: Mirror,
): Draft<EndpointSlice> => ({
  metadata: {
    namespace: endpoints.metadata.namespace,
    generateName: `${endpoints.metadata.name}-`,
    labels: mirrorLabels(endpoints),
    annotations: mirrorAnnotations(endpoints),
    ownerReferences: [controllerRef(Endpoints, endpoints)],
  },
  addressType,
  ports: [...ports],
  endpoints: [...items],
})
