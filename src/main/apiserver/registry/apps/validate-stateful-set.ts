// What a StatefulSet must look like.
import type { StatefulSet, StatefulSetSpec } from '../../../../shared/api/apps/v1.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../../shared/machinery/field-error.ts'
import { dns1123Subdomain } from '../../../../shared/machinery/names.ts'
import { list } from '../support/collections.ts'
import { nonNegative, obey } from '../support/rules.ts'
import {
  atMostHundredPercent,
  intOrPercent,
  isZero,
  validateLongRunningTemplate,
  validateWorkloadSelector,
} from './validate.ts'

const POLICIES = ['Retain', 'Delete']

function strategyErrors(spec: StatefulSetSpec): FieldError[] {
  const path = 'spec.updateStrategy'
  const { type, rollingUpdate } = spec.updateStrategy ?? {}
  if (!type) return [required(path)]
  if (type === 'OnDelete')
    return rollingUpdate
      ? [invalidValue(`${path}.rollingUpdate`, rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'")]
      : []
  if (type !== 'RollingUpdate')
    return [invalidValue(path, spec.updateStrategy, "must be 'RollingUpdate' or 'OnDelete'")]
  if (!rollingUpdate) return []
  const { partition, maxUnavailable } = rollingUpdate
  const errors = nonNegative(`${path}.rollingUpdate.partition`, partition)
  if (maxUnavailable !== undefined) {
    const at = `${path}.rollingUpdate.maxUnavailable`
    errors.push(...intOrPercent(at, maxUnavailable))
    if (isZero(maxUnavailable)) errors.push(invalidValue(at, maxUnavailable, 'cannot be 0'))
    errors.push(...atMostHundredPercent(at, maxUnavailable))
  }
  return errors
}

/** The claim templates become volumes of the pods: mounts may name them. */
function templateWithClaims({ template, volumeClaimTemplates }: StatefulSetSpec): StatefulSetSpec['template'] {
  if (!template?.spec) return template
  const claims = list(volumeClaimTemplates).flatMap(({ metadata }) =>
    metadata?.name ? { name: metadata.name, persistentVolumeClaim: { claimName: metadata.name } } : [],
  )
  const names = new Set(claims.map(volume => volume.name))
  const volumes = list(template.spec.volumes).filter(volume => !names.has(volume.name))
  return { ...template, spec: { ...template.spec, volumes: [...volumes, ...claims] } }
}

export function validateStatefulSet({ spec }: StatefulSet): FieldError[] {
  const errors: FieldError[] = []
  const management = spec.podManagementPolicy
  if (!management) errors.push(required('spec.podManagementPolicy'))
  else if (management !== 'OrderedReady' && management !== 'Parallel')
    errors.push(invalidValue('spec.podManagementPolicy', management, "must be 'OrderedReady' or 'Parallel'"))
  errors.push(...strategyErrors(spec))
  for (const field of ['whenDeleted', 'whenScaled'] as const) {
    const policy = spec.persistentVolumeClaimRetentionPolicy?.[field] ?? ''
    if (!POLICIES.includes(policy))
      errors.push(notSupported(`spec.persistentVolumeClaimRetentionPolicy.${field}`, policy, POLICIES))
  }
  errors.push(
    ...nonNegative('spec.replicas', spec.replicas),
    ...nonNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...nonNegative('spec.ordinals.start', spec.ordinals?.start),
  )
  if (spec.serviceName) errors.push(...obey('spec.serviceName', spec.serviceName, dns1123Subdomain))
  return [
    ...errors,
    ...validateWorkloadSelector(spec.selector, 'statefulset'),
    ...validateLongRunningTemplate(spec.selector, templateWithClaims(spec), 'StatefulSet'),
    ...nonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
  ]
}

const MUTABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const

function frozen(spec: StatefulSetSpec): Partial<StatefulSetSpec> {
  const rest: Partial<StatefulSetSpec> = { ...spec }
  for (const field of MUTABLE) delete rest[field]
  return rest
}

export const validateStatefulSetUpdate = (set: StatefulSet, old: StatefulSet): FieldError[] =>
  deepEqual(frozen(set.spec), frozen(old.spec))
    ? []
    : [
        forbiddenField(
          'spec',
          "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
        ),
      ]
