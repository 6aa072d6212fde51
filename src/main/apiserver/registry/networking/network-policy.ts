// NetworkPolicies.
import { NetworkPolicy } from '../../../../shared/api/networking/v1.ts'
import { ageColumn, nameColumn, selectorText, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { list } from '../support/collections.ts'
import { ensureStructs, generationOnly } from '../support/strategy.ts'
import { validateNetworkPolicy } from './validate-network-policy.ts'

export const networkPolicies = defineResource<NetworkPolicy>({
  type: NetworkPolicy,
  shortNames: ['netpol'],
  setDefaults: policy => {
    ensureStructs(policy, 'spec')
    const { spec } = policy
    spec.podSelector ??= {}
    for (const rule of [...list(spec.ingress), ...list(spec.egress)])
      for (const port of list(rule.ports)) port.protocol ??= 'TCP'
    if (list(spec.policyTypes).length === 0)
      spec.policyTypes = list(spec.egress).length > 0 ? ['Ingress', 'Egress'] : ['Ingress']
  },
  ...generationOnly(),
  validate: validateNetworkPolicy,
  columns: [
    nameColumn,
    text('Pod-Selector', 'Pods that the policy is about.', policy => selectorText(policy.spec.podSelector)),
    ageColumn,
  ],
})
