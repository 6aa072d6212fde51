// Of what the cluster keeps history: of nothing, where it is another Kubernetes.
import { kindKey } from '../api/discovery.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import { useClusterStore } from '../stores/cluster.ts'
import { ClusterRevision, NamespacedRevision } from './revisions.ts'

/** What is told and written all the time. */
const LEFT_OUT = new Set([
  'leases.v1.coordination.k8s.io',
  'events.v1.',
  'events.v1.events.k8s.io',
  'endpoints.v1.',
  'endpointslices.v1.discovery.k8s.io',
])

export const keepsHistory = (): boolean => serves(NamespacedRevision)

export const keepsHistoryOf = (type: ResourceType<unknown>): boolean =>
  serves(type.namespaced ? NamespacedRevision : ClusterRevision) && !LEFT_OUT.has(kindKey(type))

const serves = ({ group, version, plural }: ResourceType<unknown>): boolean =>
  useClusterStore().find(group, version, plural) !== undefined
