// Which kinds the Create menu offers; every other one is in the palette and in its own list.
import { type ServedKind, kindKey } from '../api/discovery.ts'

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
  'events.v1.',
  'events.v1.events.k8s.io',
  'endpoints.v1.',
  'endpointslices.v1.discovery.k8s.io',
  'leases.v1.coordination.k8s.io',
  'controllerrevisions.v1.apps',
  'ipaddresses.v1.networking.k8s.io',
  'csinodes.v1.storage.k8s.io',
  'csistoragecapacities.v1.storage.k8s.io',
  'volumeattachments.v1.storage.k8s.io',
])

/** Whether people make objects of the kind, as a rule. */
export const isMadeByPeople = ({ type, verbs }: ServedKind): boolean =>
  verbs.includes('create') && !MADE_BY_CLUSTER.has(kindKey(type))

/** @param current of the list that is shown; stands first */
export function offeredKinds(kinds: readonly ServedKind[], current: ServedKind | undefined): ServedKind[] {
  const offered = OFFERED.flatMap(
    name => kinds.find(({ type }) => type.kind === name && !type.group.includes('flotilla')) ?? [],
  )
  return [...new Set([...(current && current.type.kind !== 'Deployment' ? [current] : []), ...offered])].filter(
    isMadeByPeople,
  )
}
