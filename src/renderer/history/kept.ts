// Of what the cluster keeps history: of nothing, where it is another Kubernetes, and of nothing that another server keeps.
import { WITHOUT_HISTORY } from '../../shared/machinery/kept-history.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import { useClusterStore } from '../stores/cluster.ts'
import { ClusterRevision, NamespacedRevision } from './revisions.ts'

const EVENTS_GROUP = 'events.k8s.io'
const isLeftOut = ({ group, plural }: ResourceType<unknown>): boolean =>
  WITHOUT_HISTORY.some(kind => kind.plural === plural && kind.group === (group === EVENTS_GROUP ? '' : group))

export const keepsHistory = (): boolean => serves(NamespacedRevision)

export const keepsHistoryOf = (type: ResourceType<unknown>): boolean =>
  serves(type.namespaced ? NamespacedRevision : ClusterRevision) &&
  !isLeftOut(type) &&
  !useClusterStore().isAggregated(type)

const serves = ({ group, version, plural }: ResourceType<unknown>): boolean =>
  useClusterStore().find(group, version, plural) !== undefined
