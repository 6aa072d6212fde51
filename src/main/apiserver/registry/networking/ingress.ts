// Ingresses.
import { Ingress } from '../../../../shared/api/networking/v1.ts'
import { NONE, ageColumn, nameColumn, text } from '../columns/common.ts'
import { ingressText } from '../columns/service.ts'
import { defineResource } from '../resource.ts'
import { has, list } from '../support/collections.ts'
import { ensureStructs, specAndStatus, statusStrategy } from '../support/strategy.ts'
import { wayErrors } from '../core/service/validate-status.ts'
import { validateIngress } from './validate-ingress.ts'

const OLD_CLASS = 'kubernetes.io/ingress.class'

/** At most three hosts; rules without host count in what is left out. */
function hostsText(ingress: Ingress): string {
  const rules = list(ingress.spec.rules)
  const shown: string[] = []
  let more = false
  for (const { host } of rules) {
    if (shown.length === 3) more = true
    else if (host) shown.push(host)
  }
  if (shown.length === 0) return '*'
  return more ? `${shown.join(',')} + ${rules.length - 3} more...` : shown.join(',')
}

export const ingresses = defineResource<Ingress>({
  type: Ingress,
  shortNames: ['ing'],
  setDefaults: ingress => {
    ensureStructs(ingress, 'spec', 'status')
    ingress.status.loadBalancer ??= {}
  },
  ...specAndStatus({ loadBalancer: {} }),
  status: statusStrategy<Ingress>(({ status }, old) =>
    wayErrors('status.loadBalancer.ingress', status.loadBalancer?.ingress, old.status.loadBalancer?.ingress),
  ),
  validate: validateIngress,
  warnings: ({ metadata }, old) =>
    !old && has(metadata.annotations, OLD_CLASS)
      ? [`annotation "${OLD_CLASS}" is deprecated, please use 'spec.ingressClassName' instead`]
      : [],
  columns: [
    nameColumn,
    text('Class', 'Which controller serves it.', ingress => ingress.spec.ingressClassName ?? NONE),
    text('Hosts', 'Hosts that the rules match.', hostsText),
    text('Address', 'Where the load balancer listens.', ingress => ingressText(ingress.status.loadBalancer?.ingress)),
    text('Ports', 'Ports that are open.', ingress => (list(ingress.spec.tls).length ? '80, 443' : '80')),
    ageColumn,
  ],
})
