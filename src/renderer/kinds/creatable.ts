// Which kinds the Create menu offers; every other one is in the palette and in its own list.
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

/** @param current of the list that is shown; stands first */
export function offeredKinds(kinds: readonly ServedKind[], current: ServedKind | undefined): ServedKind[] {
  const creatable = (kind: ServedKind) => kind.verbs.includes('create')
  const offered = OFFERED.flatMap(
    name => kinds.find(({ type }) => type.kind === name && !type.group.includes('flotilla')) ?? [],
  )
  return [...new Set([...(current && current.type.kind !== 'Deployment' ? [current] : []), ...offered])].filter(
    creatable,
  )
}
