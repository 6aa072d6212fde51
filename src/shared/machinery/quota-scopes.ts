// Which objects a ResourceQuota with scopes is about.
import type {
  PersistentVolumeClaim,
  Pod,
  ResourceQuotaSpec,
  ScopedResourceSelectorRequirement,
} from '../api/core/v1.ts'
import { qosClass } from './qos.ts'

/** Scopes and the scope selector as one list; all must hold. */
export const scopesOf = ({ scopes, scopeSelector }: ResourceQuotaSpec): ScopedResourceSelectorRequirement[] => [
  ...(scopes ?? []).map(scopeName => ({ scopeName, operator: 'Exists' })),
  ...(scopeSelector?.matchExpressions ?? []),
]

/** @returns whether the object has that scope: a pod in most, a claim in `VolumeAttributesClass` */
function valueMatches({ operator, values }: ScopedResourceSelectorRequirement, value: string | undefined): boolean {
  if (operator === 'DoesNotExist') return !value
  if (operator === 'Exists') return Boolean(value)
  if (operator === 'In') return value !== undefined && (values ?? []).includes(value)
  return operator === 'NotIn' && !(values ?? []).includes(value ?? '')
}

function crossesNamespaces({ spec: { affinity } }: Pod): boolean {
  const terms = [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap(either => [
    ...(either?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(either?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(weighted => weighted.podAffinityTerm),
  ])
  return terms.some(term => (term.namespaces ?? []).length > 0 || term.namespaceSelector !== undefined)
}

export const podInScope = (pod: Pod, requirement: ScopedResourceSelectorRequirement): boolean => {
  switch (requirement.scopeName) {
    case 'Terminating':
      return pod.spec.activeDeadlineSeconds !== undefined
    case 'NotTerminating':
      return pod.spec.activeDeadlineSeconds === undefined
    case 'BestEffort':
      return qosClass(pod) === 'BestEffort'
    case 'NotBestEffort':
      return qosClass(pod) !== 'BestEffort'
    case 'CrossNamespacePodAffinity':
      return crossesNamespaces(pod)
    case 'PriorityClass':
      return valueMatches(requirement, pod.spec.priorityClassName)
    default:
      return false
  }
}

export const claimInScope = (
  { spec, status }: PersistentVolumeClaim,
  requirement: ScopedResourceSelectorRequirement,
): boolean =>
  requirement.scopeName === 'VolumeAttributesClass' &&
  [spec.volumeAttributesClassName, status.currentVolumeAttributesClassName].some(name =>
    valueMatches(requirement, name),
  )
