// What every cluster has from its first second.
import { ConfigMap, Namespace, Service } from '../../../shared/api/core/v1.ts'
import type { ObjectMeta } from '../../../shared/api/meta/v1.ts'
import { PriorityClass } from '../../../shared/api/scheduling/v1.ts'
import type { KubeObject } from '../../../shared/machinery/object.ts'
import type { ResourceType } from '../../../shared/machinery/resource-type.ts'

export interface SystemObject {
  readonly type: ResourceType<KubeObject>
  /** '' for cluster-scoped kinds. */
  readonly namespace: string
  readonly object: { readonly metadata: ObjectMeta } & Readonly<Record<string, unknown>>
}

export const SYSTEM_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'] as const

export const namespaces: readonly SystemObject[] = SYSTEM_NAMESPACES.map(name => ({
  type: Namespace,
  namespace: '',
  object: { metadata: { name } },
}))

export const priorityClasses: readonly SystemObject[] = [
  {
    type: PriorityClass,
    namespace: '',
    object: {
      metadata: { name: 'system-cluster-critical' },
      value: 2_000_000_000,
      description:
        'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
    },
  },
  {
    type: PriorityClass,
    namespace: '',
    object: {
      metadata: { name: 'system-node-critical' },
      value: 2_000_001_000,
      description: 'Used for system critical pods that must not be moved from their current node.',
    },
  },
]

export const kubernetesService = (clusterIP: string, targetPort: number): SystemObject => ({
  type: Service,
  namespace: 'default',
  object: {
    metadata: { name: 'kubernetes', labels: { component: 'apiserver', provider: 'kubernetes' } },
    spec: {
      type: 'ClusterIP',
      clusterIP,
      sessionAffinity: 'None',
      ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort }],
    },
  },
})

/** The cluster's DNS answers on every node at this address; no pods stand behind the Service. */
export const dnsService = (clusterIP: string): SystemObject => ({
  type: Service,
  namespace: 'kube-system',
  object: {
    metadata: {
      name: 'kube-dns',
      labels: { 'k8s-app': 'kube-dns', 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' },
    },
    spec: {
      type: 'ClusterIP',
      clusterIP,
      ports: [
        { name: 'dns', protocol: 'UDP', port: 53, targetPort: 53 },
        { name: 'dns-tcp', protocol: 'TCP', port: 53, targetPort: 53 },
      ],
    },
  },
})

/** How servers that extend this one learn whom to trust. */
export const extensionAuthentication = (caPem: string): SystemObject => ({
  type: ConfigMap,
  namespace: 'kube-system',
  object: { metadata: { name: 'extension-apiserver-authentication' }, data: { 'client-ca-file': caPem } },
})
