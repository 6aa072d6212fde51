// What a PodDisruptionBudget must look like.
import type { PodDisruptionBudget } from '../../../../shared/api/policy/v1.ts'
import { type FieldError, invalidValue } from '../../../../shared/machinery/field-error.ts'
import { atMostHundredPercent, intOrPercent } from '../apps/validate.ts'
import { optionalOneOf, validateLabelSelector } from '../support/rules.ts'

export function validatePodDisruptionBudget({ spec }: PodDisruptionBudget): FieldError[] {
  const { minAvailable, maxUnavailable } = spec
  return [
    ...(minAvailable !== undefined && maxUnavailable !== undefined
      ? [invalidValue('spec', spec, 'minAvailable and maxUnavailable cannot be both set')]
      : []),
    ...intOrPercent('spec.minAvailable', minAvailable),
    ...atMostHundredPercent('spec.minAvailable', minAvailable),
    ...intOrPercent('spec.maxUnavailable', maxUnavailable),
    ...atMostHundredPercent('spec.maxUnavailable', maxUnavailable),
    ...validateLabelSelector('spec.selector', spec.selector),
    ...optionalOneOf('spec.unhealthyPodEvictionPolicy', spec.unhealthyPodEvictionPolicy, [
      'AlwaysAllow',
      'IfHealthyBudget',
    ]),
  ]
}
