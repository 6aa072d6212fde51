// What an IngressClass must look like.
import type { IngressClass } from '../../../../shared/api/networking/v1.ts'
import { type FieldError, forbiddenField, required, tooLong } from '../../../../shared/machinery/field-error.ts'
import { dns1123Label, dns1123Subdomain, pathSegmentName } from '../../../../shared/machinery/names.ts'
import { domainPrefixedPath, immutable, obey, optionalOneOf, requiredAnd } from '../support/rules.ts'

const MAX_CONTROLLER = 250

/** `example.com/ingress-controller` */
const controllerErrors = (path: string, controller: string): FieldError[] => [
  ...(controller.length > MAX_CONTROLLER ? [tooLong(path, MAX_CONTROLLER)] : []),
  ...domainPrefixedPath(path, controller),
]

export function validateIngressClass({ spec }: IngressClass): FieldError[] {
  const errors = spec.controller ? controllerErrors('spec.controller', spec.controller) : [required('spec.controller')]
  const parameters = spec.parameters
  if (!parameters) return errors
  const at = 'spec.parameters'
  if (parameters.apiGroup !== undefined) errors.push(...obey(`${at}.apiGroup`, parameters.apiGroup, dns1123Subdomain))
  errors.push(
    ...requiredAnd(`${at}.kind`, parameters.kind, pathSegmentName),
    ...requiredAnd(`${at}.name`, parameters.name, pathSegmentName),
    ...optionalOneOf(`${at}.scope`, parameters.scope, ['Cluster', 'Namespace']),
  )
  if (parameters.scope === 'Namespace') {
    if (parameters.namespace === undefined)
      errors.push(required(`${at}.namespace`, "`parameters.scope` is set to 'Namespace'"))
    else errors.push(...obey(`${at}.namespace`, parameters.namespace, dns1123Label))
  } else if (parameters.scope === 'Cluster' && parameters.namespace !== undefined)
    errors.push(forbiddenField(`${at}.namespace`, "`parameters.scope` is set to 'Cluster'"))
  return errors
}

export const validateIngressClassUpdate = ({ spec }: IngressClass, old: IngressClass): FieldError[] =>
  immutable('spec.controller', spec.controller ?? '', old.spec.controller)
