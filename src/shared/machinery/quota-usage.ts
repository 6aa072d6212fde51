// What objects take out of a ResourceQuota: counts of objects, ports and storage.
// @see https://kubernetes.io/docs/concepts/policy/resource-quotas/
import type { PersistentVolumeClaim, Service } from '../api/core/v1.ts'
import type { DeviceSubRequest, ExactDeviceRequest, ResourceClaim } from '../api/resource/v1.ts'
import { Quantity, parseQuantity } from './quantity.ts'
import { MOST_DEVICES } from './resource-claims.ts'

/** Resource name as in `spec.hard` → amount. */
export type Usage = Map<string, Quantity>

export const one = parseQuantity('1')

export function addUsage(target: Usage, delta: Usage): void {
  for (const [name, amount] of delta) target.set(name, target.get(name)?.add(amount) ?? amount)
}

export function serviceUsage({ spec }: Service): Usage {
  const usage: Usage = new Map([
    ['count/services', one],
    ['services', one],
  ])
  const ports = spec.ports ?? []
  const count = (number: number) => parseQuantity(String(number))
  if (spec.type === 'NodePort') usage.set('services.nodeports', count(ports.length))
  if (spec.type === 'LoadBalancer') {
    const given = spec.allocateLoadBalancerNodePorts === false ? ports.filter(port => port.nodePort) : ports
    usage.set('services.nodeports', count(given.length))
    usage.set('services.loadbalancers', one)
  }
  return usage
}

const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class'
const OF_CLASS = 'storageclass.storage.k8s.io'
/** Behind a class's name. */
export const OF_DEVICE_CLASS = 'deviceclass.resource.k8s.io/devices'

export function claimUsage({ metadata, spec, status }: PersistentVolumeClaim): Usage {
  const storageClass = metadata.annotations?.[BETA_CLASS] ?? spec.storageClassName ?? ''
  const usage: Usage = new Map()
  const set = (name: string, amount: Quantity) => {
    usage.set(name, amount)
    if (storageClass) usage.set(`${storageClass}.${OF_CLASS}/${name}`, amount)
  }
  usage.set('count/persistentvolumeclaims', one)
  set('persistentvolumeclaims', one)
  const requested = spec.resources?.requests?.storage
  // A claim that is being made smaller again still holds what it was given.
  const amounts = [requested, status.allocatedResources?.storage].filter(amount => amount !== undefined)
  const most = amounts.map(parseQuantity).reduce((a, b) => (a.compare(b) < 0 ? b : a), new Quantity(0n))
  if (requested !== undefined) set('requests.storage', most)
  return usage
}

/** Devices by class, as many as the claim can get: of alternatives those of the one that takes most. */
export function deviceUsage({ spec }: ResourceClaim): Usage {
  const usage: Usage = new Map([['count/resourceclaims.resource.k8s.io', one]])
  for (const { exactly, firstAvailable = [] } of spec.devices?.requests ?? []) {
    const most = new Map<string, number>()
    const alternatives: (ExactDeviceRequest | DeviceSubRequest)[] = exactly ? [exactly] : firstAvailable
    for (const { deviceClassName, allocationMode, count = 1 } of alternatives) {
      const devices = allocationMode === 'All' ? MOST_DEVICES : count
      most.set(deviceClassName, Math.max(devices, most.get(deviceClassName) ?? 0))
    }
    addUsage(
      usage,
      new Map([...most].map(([name, devices]) => [`${name}.${OF_DEVICE_CLASS}`, parseQuantity(String(devices))])),
    )
  }
  return usage
}
