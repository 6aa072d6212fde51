// Keeps what the server has given out when a client leaves it out, and drops it when the service's type no longer has it.
import type { Service, ServiceSpec } from '../../../../../shared/api/core/v1.ts'
import { deepEqual } from '../../../../../shared/machinery/deep-equal.ts'
import { list } from '../../support/collections.ts'
import {
  allocatesNodePorts,
  externallyAccessible,
  mayHaveNodePort,
  needsClusterIP,
  needsHealthCheckNodePort,
} from './needs.ts'

/** `clusterIP` is the first of `clusterIPs`: a client that knows only one of them means both. */
export function normalizeClusterIPs(service: Service, old?: Service): void {
  const { spec } = service
  if (!old) {
    if (spec.clusterIP && list(spec.clusterIPs).length === 0) spec.clusterIPs = [spec.clusterIP]
    return
  }
  const sameIP = (spec.clusterIP ?? '') === (old.spec.clusterIP ?? '')
  const sameIPs = deepEqual(list(spec.clusterIPs), list(old.spec.clusterIPs))
  // The client cleared or changed the one it knows; the other follows.
  if (!sameIP && sameIPs) {
    if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP]
    else delete spec.clusterIPs
  }
}

const same = (service: Service, old: Service, ...fields: (keyof ServiceSpec)[]) =>
  fields.every(field => deepEqual(service.spec[field], old.spec[field]))

const nodePortsOf = (service: Service) => new Set(list(service.spec.ports).flatMap(port => port.nodePort || []))

/** A value that the old type had and the new one does not goes, unless the client changed it (then validation speaks). */
export function dropFieldsOfOtherTypes(service: Service, old: Service): void {
  const { spec } = service
  if (needsClusterIP(old) && !needsClusterIP(service)) {
    if (same(service, old, 'clusterIP', 'clusterIPs')) {
      delete spec.clusterIP
      delete spec.clusterIPs
    }
    if (same(service, old, 'ipFamilies')) delete spec.ipFamilies
    if (same(service, old, 'ipFamilyPolicy')) delete spec.ipFamilyPolicy
  }
  if (mayHaveNodePort(old) && !mayHaveNodePort(service)) {
    const before = nodePortsOf(old)
    if ([...nodePortsOf(service)].every(port => before.has(port)))
      for (const port of list(spec.ports)) delete port.nodePort
  }
  if (needsHealthCheckNodePort(old) && !needsHealthCheckNodePort(service) && same(service, old, 'healthCheckNodePort'))
    delete spec.healthCheckNodePort
  if (old.spec.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    if (same(service, old, 'allocateLoadBalancerNodePorts')) delete spec.allocateLoadBalancerNodePorts
    if (same(service, old, 'loadBalancerClass')) delete spec.loadBalancerClass
  }
  if (externallyAccessible(old) && !externallyAccessible(service) && same(service, old, 'externalTrafficPolicy'))
    delete spec.externalTrafficPolicy
  if (spec.type !== 'LoadBalancer' && list(service.status.loadBalancer?.ingress).length > 0)
    service.status = { ...service.status, loadBalancer: {} }
}

/** A client that does not know the allocated values (a plain `apply`) keeps them. */
export function carryAllocations(service: Service, old: Service): void {
  const { spec } = service
  if (needsClusterIP(old) && needsClusterIP(service)) {
    if (!spec.clusterIP && old.spec.clusterIP) spec.clusterIP = old.spec.clusterIP
    if (list(spec.clusterIPs).length === 0 && old.spec.clusterIPs) spec.clusterIPs = [...old.spec.clusterIPs]
  }
  if (allocatesNodePorts(old) && allocatesNodePorts(service)) {
    const before = nodePortsOf(old)
    const taken = new Set([...nodePortsOf(service)].filter(port => before.has(port)))
    const byName = new Map(list(old.spec.ports).map(port => [port.name ?? '', port.nodePort]))
    for (const port of list(spec.ports)) {
      const known = byName.get(port.name ?? '')
      if (!port.nodePort && known && !taken.has(known)) port.nodePort = known
    }
  }
  if (needsHealthCheckNodePort(old) && needsHealthCheckNodePort(service) && old.spec.healthCheckNodePort)
    spec.healthCheckNodePort ||= old.spec.healthCheckNodePort
}
