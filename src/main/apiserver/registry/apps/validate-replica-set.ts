// What a ReplicaSet must look like.
import type { ReplicaSet } from '../../../../shared/api/apps/v1.ts'
import type { FieldError } from '../../../../shared/machinery/field-error.ts'
import { immutable, nonNegative } from '../support/rules.ts'
import { validateLongRunningTemplate, validateWorkloadSelector } from './validate.ts'

export const validateReplicaSet = ({ spec }: ReplicaSet, old?: ReplicaSet): FieldError[] => [
  ...nonNegative('spec.replicas', spec.replicas),
  ...nonNegative('spec.minReadySeconds', spec.minReadySeconds),
  ...validateWorkloadSelector(spec.selector, 'deployment'),
  ...validateLongRunningTemplate(spec.selector, spec.template, 'ReplicaSet', old?.spec.template),
]

export const validateReplicaSetUpdate = (set: ReplicaSet, old: ReplicaSet): FieldError[] =>
  immutable('spec.selector', set.spec.selector, old.spec.selector)
