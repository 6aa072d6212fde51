// Which kinds the Create menu offers; every other one that people make is in the palette and in its own list.
import { groupResourceOf } from '../../shared/machinery/resource-type.ts'
import type { ServedKind } from '../api/discovery.ts'

const OFFERED = [
  'Pod',
  'StatefulSet',
  'DaemonSet',
  'Job',
  'CronJob',
  'HorizontalPodAutoscaler',
  'PodDisruptionBudget',
  'Service',
  'Ingress',
  'NetworkPolicy',
  'ConfigMap',
  'Secret',
  'PersistentVolumeClaim',
  'Namespace',
  'Role',
  'RoleBinding',
]

/** The cluster makes these by itself; nobody is asked to. */
const MADE_BY_CLUSTER = new Set([
  'events',
  'events.events.k8s.io',
  'endpoints',
  'endpointslices.discovery.k8s.io',
  'leases.coordination.k8s.io',
  'controllerrevisions.apps',
  'ipaddresses.networking.k8s.io',
  'csinodes.storage.k8s.io',
  'csistoragecapacities.storage.k8s.io',
  'volumeattachments.storage.k8s.io',
])

/** Whether people make objects of the kind, as a rule. */
export const isMadeByPeople = ({ type, verbs }: ServedKind): boolean =>
  verbs.includes('create') && !MADE_BY_CLUSTER.has(groupResourceOf(type))

/** @param current of the list that is shown; stands first */
export function offeredKinds(kinds: readonly ServedKind[], current: ServedKind | undefined): ServedKind[] {
  const offered = OFFERED.flatMap(
    name => kinds.find(({ type }) => type.kind === name && !type.group.includes('flotilla')) ?? [],
  )
  return [...new Set([...(current && current.type.kind !== 'Deployment' ? [current] : []), ...offered])].filter(
    isMadeByPeople,
  )
}
