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
import { dns1123Label } from '../../../../shared/machinery/names.ts'
import { list } from '../support/collections.ts'
import { each, nonNegative, obey } from '../support/rules.ts'
import { validateClaimSpec } from '../core/validate-claim-spec.ts'
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

/** As the pods will be: the claim templates become volumes of theirs, which mounts may name. */
function templateWithClaims({ template, volumeClaimTemplates }: StatefulSetSpec): StatefulSetSpec['template'] {
  if (!template?.spec) return template
  const names = new Set(list(volumeClaimTemplates).map(({ metadata }) => metadata?.name ?? ''))
  const claims = [...names].map(name => ({ name, persistentVolumeClaim: { claimName: name } }))
  const volumes = list(template.spec.volumes).filter(volume => !names.has(volume.name))
  // Names that the pods are given anyway.
  const { hostname: _hostname, subdomain: _subdomain, ...spec } = template.spec
  return { ...template, spec: { ...spec, volumes: [...claims, ...volumes] } }
}

/** They cannot be changed later, like the service's name: what is stored is let be. */
const claimErrors = (path: string, claims: StatefulSetSpec['volumeClaimTemplates']): FieldError[] =>
  each(path, claims, (at, claim) => validateClaimSpec(`${at}.spec`, claim.spec))

export function validateStatefulSet({ metadata, spec }: StatefulSet, old?: StatefulSet): FieldError[] {
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
    ...claimErrors('spec.volumeClaimTemplates', metadata.resourceVersion ? undefined : spec.volumeClaimTemplates),
    ...nonNegative('spec.replicas', spec.replicas),
    ...nonNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...nonNegative('spec.ordinals.start', spec.ordinals?.start),
  )
  if (spec.serviceName && !metadata.resourceVersion)
    errors.push(...obey('spec.serviceName', spec.serviceName, dns1123Label))
  return [
    ...errors,
    ...validateWorkloadSelector(spec.selector, 'statefulset'),
    ...validateLongRunningTemplate(spec.selector, templateWithClaims(spec), 'StatefulSet', old?.spec.template),
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
