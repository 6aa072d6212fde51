// NetworkPolicies.
import { NetworkPolicy, type NetworkPolicyPeer } from '../../../../shared/api/networking/v1.ts'
import { ageColumn, nameColumn, selectorText, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { list } from '../support/collections.ts'
import { unusualRange } from '../support/warnings.ts'
import { ensureStructs, generationOnly } from '../support/strategy.ts'
import { validateNetworkPolicy } from './validate-network-policy.ts'

const unusualBlocks = (path: string, peers: readonly NetworkPolicyPeer[] | undefined): string[] =>
  list(peers).flatMap(({ ipBlock }, i) =>
    ipBlock
      ? [
          ...unusualRange(`${path}[${i}].ipBlock.cidr`, ipBlock.cidr),
          ...list(ipBlock.except).flatMap((cidr, j) => unusualRange(`${path}[${i}].ipBlock.except[${j}]`, cidr)),
        ]
      : [],
  )

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
  warnings: ({ spec: { ingress, egress } }) => [
    ...list(ingress).flatMap(({ from }, i) => unusualBlocks(`spec.ingress[${i}].from`, from)),
    ...list(egress).flatMap(({ to }, i) => unusualBlocks(`spec.egress[${i}].to`, to)),
  ],
  columns: [
    nameColumn,
    text('Pod-Selector', 'Pods that the policy is about.', policy => selectorText(policy.spec.podSelector)),
    ageColumn,
  ],
})
