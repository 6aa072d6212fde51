// Which allocated values a service has by its type.
import type { Service } from '../../../../../shared/api/core/v1.ts'
import { list } from '../../support/collections.ts'

export const needsClusterIP = ({ spec: { type } }: Service): boolean =>
  type === 'ClusterIP' || type === 'NodePort' || type === 'LoadBalancer'

export const isHeadless = ({ spec }: Service): boolean => (spec.clusterIPs?.[0] ?? spec.clusterIP) === 'None'

/** Whether node ports belong to the type; a load balancer may do without new ones. */
export const mayHaveNodePort = ({ spec: { type } }: Service): boolean => type === 'NodePort' || type === 'LoadBalancer'

/** Whether missing node ports are given out. */
export const allocatesNodePorts = ({ spec }: Service): boolean =>
  spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)

export const needsHealthCheckNodePort = ({ spec }: Service): boolean =>
  spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local'

export const externallyAccessible = ({ spec }: Service): boolean =>
  spec.type === 'NodePort' ||
  spec.type === 'LoadBalancer' ||
  (spec.type === 'ClusterIP' && list(spec.externalIPs).length > 0)
