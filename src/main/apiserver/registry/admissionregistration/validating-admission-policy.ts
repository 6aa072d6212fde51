// ValidatingAdmissionPolicies.
import { ValidatingAdmissionPolicy } from '../../../../shared/api/admissionregistration/v1.ts'
import { ageColumn, integer, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { list } from '../support/collections.ts'
import { ensureStructs, specAndStatus, bareStatusStrategy } from '../support/strategy.ts'
import { paramKindText } from './columns.ts'
import { setMatchDefaults } from './defaults.ts'
import { validatePolicyStatus, validateValidatingPolicy } from './validate-policies.ts'

export const validatingAdmissionPolicies = defineResource<ValidatingAdmissionPolicy>({
  type: ValidatingAdmissionPolicy,
  updatesNeedVersion: true,
  categories: ['api-extensions'],
  setDefaults: policy => {
    ensureStructs(policy, 'spec', 'status')
    policy.spec.failurePolicy ??= 'Fail'
    setMatchDefaults(policy.spec.matchConstraints)
  },
  ...specAndStatus(),
  status: bareStatusStrategy<ValidatingAdmissionPolicy>(validatePolicyStatus),
  validate: validateValidatingPolicy,
  columns: [
    nameColumn,
    integer('Validations', 'Number of rules.', policy => list(policy.spec.validations).length),
    text('ParamKind', 'Kind of the parameters.', policy => paramKindText(policy.spec.paramKind)),
    ageColumn,
  ],
})
