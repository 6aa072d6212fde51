// What a Deployment must look like.
import type { Deployment, DeploymentStrategy } from '../../../../shared/api/apps/v1.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../../shared/machinery/field-error.ts'
import { immutable, nonNegative } from '../support/rules.ts'
import {
  atMostHundredPercent,
  intOrPercent,
  isZero,
  validateLongRunningTemplate,
  validateWorkloadSelector,
} from './validate.ts'

function strategyErrors(path: string, strategy: DeploymentStrategy | undefined): FieldError[] {
  const { type = '', rollingUpdate } = strategy ?? {}
  if (type === 'Recreate')
    return rollingUpdate
      ? [forbiddenField(`${path}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'")]
      : []
  if (type !== 'RollingUpdate') return [notSupported(path, strategy ?? {}, ['Recreate', 'RollingUpdate'])]
  if (!rollingUpdate) return [required(`${path}.rollingUpdate`, 'this should be defaulted and never be nil')]
  const { maxUnavailable, maxSurge } = rollingUpdate
  const at = `${path}.rollingUpdate`
  const errors = [...intOrPercent(`${at}.maxUnavailable`, maxUnavailable), ...intOrPercent(`${at}.maxSurge`, maxSurge)]
  if (isZero(maxUnavailable) && isZero(maxSurge))
    errors.push(invalidValue(`${at}.maxUnavailable`, maxUnavailable ?? 0, 'may not be 0 when `maxSurge` is 0'))
  return [...errors, ...atMostHundredPercent(`${at}.maxUnavailable`, maxUnavailable)]
}

export function validateDeployment({ spec }: Deployment, old?: Deployment): FieldError[] {
  const errors = [
    ...nonNegative('spec.replicas', spec.replicas),
    ...validateWorkloadSelector(spec.selector, 'deployment'),
    ...validateLongRunningTemplate(spec.selector, spec.template, 'ReplicaSet', old?.spec.template),
    ...strategyErrors('spec.strategy', spec.strategy),
    ...nonNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...nonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
    ...nonNegative('spec.progressDeadlineSeconds', spec.progressDeadlineSeconds),
  ]
  const deadline = spec.progressDeadlineSeconds
  if (deadline !== undefined && deadline <= (spec.minReadySeconds ?? 0))
    errors.push(invalidValue('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'))
  return errors
}

export const validateDeploymentUpdate = (deployment: Deployment, old: Deployment): FieldError[] =>
  immutable('spec.selector', deployment.spec.selector, old.spec.selector)
