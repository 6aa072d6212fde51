// What a DaemonSet must look like.
import type { DaemonSet, DaemonSetUpdateStrategy } from '../../../../shared/api/apps/v1.ts'
import { type FieldError, invalidValue, notSupported, required } from '../../../../shared/machinery/field-error.ts'
import { immutable, nonNegative } from '../support/rules.ts'
import {
  atMostHundredPercent,
  intOrPercent,
  isZero,
  validateLongRunningTemplate,
  validateWorkloadSelector,
} from './validate.ts'

function strategyErrors(path: string, strategy: DaemonSetUpdateStrategy | undefined): FieldError[] {
  const { type = '', rollingUpdate } = strategy ?? {}
  if (type === 'OnDelete') return []
  if (type !== 'RollingUpdate') return [notSupported(path, strategy ?? {}, ['RollingUpdate', 'OnDelete'])]
  const at = `${path}.rollingUpdate`
  if (!rollingUpdate) return [required(at)]
  const { maxUnavailable, maxSurge } = rollingUpdate
  const errors = [
    ...intOrPercent(`${at}.maxUnavailable`, maxUnavailable),
    ...atMostHundredPercent(`${at}.maxUnavailable`, maxUnavailable),
    ...intOrPercent(`${at}.maxSurge`, maxSurge),
    ...atMostHundredPercent(`${at}.maxSurge`, maxSurge),
  ]
  if (!isZero(maxUnavailable) && !isZero(maxSurge))
    errors.push(invalidValue(`${at}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero'))
  if (isZero(maxUnavailable) && isZero(maxSurge))
    errors.push(required(`${at}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'))
  return errors
}

export const validateDaemonSet = ({ spec }: DaemonSet, old?: DaemonSet): FieldError[] => [
  ...validateWorkloadSelector(spec.selector, 'daemonset'),
  ...validateLongRunningTemplate(spec.selector, spec.template, 'DaemonSet', old?.spec.template),
  ...nonNegative('spec.minReadySeconds', spec.minReadySeconds),
  ...strategyErrors('spec.updateStrategy', spec.updateStrategy),
  ...nonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
]

export const validateDaemonSetUpdate = (set: DaemonSet, old: DaemonSet): FieldError[] =>
  immutable('spec.selector', set.spec.selector, old.spec.selector)

const COUNTS = [
  'currentNumberScheduled',
  'numberMisscheduled',
  'desiredNumberScheduled',
  'numberReady',
  'observedGeneration',
  'updatedNumberScheduled',
  'numberAvailable',
  'numberUnavailable',
  'collisionCount',
] as const

export function validateDaemonSetStatus({ status }: DaemonSet, old: DaemonSet): FieldError[] {
  const errors = COUNTS.flatMap(field => nonNegative(`status.${field}`, status[field]))
  if (old.status.collisionCount !== undefined && (status.collisionCount ?? -1) < old.status.collisionCount)
    errors.push(invalidValue('status.collisionCount', status.collisionCount ?? 0, 'cannot be decremented'))
  return errors
}
