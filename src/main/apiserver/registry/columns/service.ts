// How `kubectl get services` shows a service.
import type { LoadBalancerIngress, Service, ServicePort } from '../../../../shared/api/core/v1.ts'
import { list } from '../support/collections.ts'
import type { Column } from '../resource.ts'
import { NONE, ageColumn, labelsText, nameColumn, text, wide } from './common.ts'

/** Addresses, or host names where there is no address: sorted, each once. */
export const ingressText = (ingress: readonly Pick<LoadBalancerIngress, 'ip' | 'hostname'>[] | undefined): string =>
  [...new Set(list(ingress).flatMap(({ ip, hostname }) => ip || hostname || []))].sort().join(',')

function externalAddress(service: Service): string {
  const own = list(service.spec.externalIPs)
  switch (service.spec.type) {
    case 'ClusterIP':
    case 'NodePort':
      return own.join(',') || NONE
    case 'LoadBalancer':
      return [ingressText(service.status.loadBalancer?.ingress), ...own].filter(Boolean).join(',') || '<pending>'
    case 'ExternalName':
      return service.spec.externalName ?? ''
    default:
      return '<unknown>'
  }
}

const portText = ({ port, nodePort, protocol }: ServicePort) => `${port}${nodePort ? `:${nodePort}` : ''}/${protocol}`

export const serviceColumns: readonly Column<Service>[] = [
  nameColumn,
  text('Type', 'How the service is exposed.', service => service.spec.type),
  text('Cluster-IP', 'Virtual address inside the cluster.', service => list(service.spec.clusterIPs)[0] ?? NONE),
  text('External-IP', 'Addresses outside the cluster.', externalAddress),
  text('Port(s)', 'Ports, node ports and protocols.', service => {
    return list(service.spec.ports).map(portText).join(',') || NONE
  }),
  ageColumn,
  wide(text('Selector', 'Labels that select the pods.', service => labelsText(service.spec.selector))),
]
