// IngressClasses.
import { IngressClass } from '../../../../shared/api/networking/v1.ts'
import { NONE, ageColumn, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { lookup } from '../support/collections.ts'
import { ensureStructs, generationOnly } from '../support/strategy.ts'
import { validateIngressClass, validateIngressClassUpdate } from './validate-ingress-class.ts'

const isDefault = (ingressClass: IngressClass) =>
  lookup(ingressClass.metadata.annotations, 'ingressclass.kubernetes.io/is-default-class') === 'true'

export const ingressClasses = defineResource<IngressClass>({
  type: IngressClass,
  setDefaults: ingressClass => {
    ensureStructs(ingressClass, 'spec')
    if (ingressClass.spec.parameters) ingressClass.spec.parameters.scope ??= 'Cluster'
  },
  ...generationOnly(),
  validate: validateIngressClass,
  validateUpdate: validateIngressClassUpdate,
  columns: [
    { ...nameColumn, value: c => (isDefault(c) ? `${c.metadata.name} (default)` : c.metadata.name) },
    text('Controller', 'Controller of the class.', ingressClass => ingressClass.spec.controller ?? ''),
    text('Parameters', 'Further configuration.', ({ spec: { parameters } }) =>
      parameters
        ? `${parameters.kind}${parameters.apiGroup === undefined ? '' : `.${parameters.apiGroup}`}/${parameters.name}`
        : NONE,
    ),
    ageColumn,
  ],
})
