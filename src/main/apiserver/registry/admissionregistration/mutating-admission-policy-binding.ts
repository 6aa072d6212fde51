// MutatingAdmissionPolicyBindings.
import { MutatingAdmissionPolicyBinding } from '../../../../shared/api/admissionregistration/v1.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { ensureStructs, generationOnly } from '../support/strategy.ts'
import { paramRefText } from './columns.ts'
import { setMatchDefaults } from './defaults.ts'
import { validateMutatingBinding } from './validate-policies.ts'

export const mutatingAdmissionPolicyBindings = defineResource<MutatingAdmissionPolicyBinding>({
  type: MutatingAdmissionPolicyBinding,
  storedAs: 'admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicyBinding',
  updatesNeedVersion: true,
  categories: ['api-extensions'],
  setDefaults: binding => {
    ensureStructs(binding, 'spec')
    setMatchDefaults(binding.spec.matchResources)
  },
  ...generationOnly(),
  validate: validateMutatingBinding,
  columns: [
    nameColumn,
    text('PolicyName', 'Policy that is put to work.', binding => binding.spec.policyName ?? ''),
    text('ParamRef', 'Parameters for the policy.', binding => paramRefText(binding.spec.paramRef)),
    ageColumn,
  ],
})
