// What objects take out of a ResourceQuota: counts of objects, ports and storage.
// @see https://kubernetes.io/docs/concepts/policy/resource-quotas/
import type { PersistentVolumeClaim, Service } from '../api/core/v1.ts'
import { Quantity, parseQuantity } from './quantity.ts'

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
