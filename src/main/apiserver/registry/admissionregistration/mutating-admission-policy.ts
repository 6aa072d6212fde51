// MutatingAdmissionPolicies.
import { MutatingAdmissionPolicy } from '../../../../shared/api/admissionregistration/v1.ts'
import { ageColumn, integer, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { list } from '../support/collections.ts'
import { ensureStructs, generationOnly } from '../support/strategy.ts'
import { paramKindText } from './columns.ts'
import { setMatchDefaults } from './defaults.ts'
import { validateMutatingPolicy } from './validate-policies.ts'

export const mutatingAdmissionPolicies = defineResource<MutatingAdmissionPolicy>({
  type: MutatingAdmissionPolicy,
  storedAs: 'admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicy',
  updatesNeedVersion: true,
  categories: ['api-extensions'],
  setDefaults: policy => {
    ensureStructs(policy, 'spec')
    policy.spec.failurePolicy ??= 'Fail'
    setMatchDefaults(policy.spec.matchConstraints)
  },
  ...generationOnly(),
  validate: validateMutatingPolicy,
  columns: [
    nameColumn,
    integer('Mutations', 'Number of mutations.', policy => list(policy.spec.mutations).length),
    text('ParamKind', 'Kind of the parameters.', policy => paramKindText(policy.spec.paramKind)),
    ageColumn,
  ],
})
