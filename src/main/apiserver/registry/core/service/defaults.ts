// Defaults of services.
import type { Service } from '../../../../../shared/api/core/v1.ts'
import { list } from '../../support/collections.ts'
import { ensureStructs } from '../../support/strategy.ts'
import { externallyAccessible } from './needs.ts'

const POLICIES = ['Cluster', 'Local']

/** Three hours. */
const AFFINITY_TIMEOUT_SECONDS = 10_800

export function setServiceDefaults(service: Service): void {
  ensureStructs(service, 'spec', 'status')
  service.status.loadBalancer ??= {}
  const { spec } = service
  spec.sessionAffinity ||= 'None'
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig
  if (spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined)
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: AFFINITY_TIMEOUT_SECONDS } }
  spec.type ||= 'ClusterIP'
  for (const port of list(spec.ports)) {
    port.protocol ||= 'TCP'
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port
  }
  if (externallyAccessible(service)) spec.externalTrafficPolicy ||= 'Cluster'
  if (spec.type === 'NodePort' || spec.type === 'LoadBalancer' || spec.type === 'ClusterIP')
    spec.internalTrafficPolicy ??= 'Cluster'
  // Older clients say it of others as well; nobody is told of it.
  else if (POLICIES.includes(spec.internalTrafficPolicy ?? '')) delete spec.internalTrafficPolicy
  if (spec.type === 'LoadBalancer') {
    spec.allocateLoadBalancerNodePorts ??= true
    for (const ingress of list(service.status.loadBalancer.ingress)) if (ingress.ip) ingress.ipMode ??= 'VIP'
  }
}
