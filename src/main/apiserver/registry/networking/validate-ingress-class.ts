// What an IngressClass must look like.
import type { IngressClass } from '../../../../shared/api/networking/v1.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
  tooLong,
} from '../../../../shared/machinery/field-error.ts'
import { dns1123Label, dns1123Subdomain, pathSegmentName } from '../../../../shared/machinery/names.ts'
import { immutable, obey, optionalOneOf, requiredAnd } from '../support/rules.ts'

const MAX_CONTROLLER = 250

/** `example.com/ingress-controller` */
function controllerErrors(path: string, controller: string): FieldError[] {
  const slash = controller.indexOf('/')
  if (controller.length > MAX_CONTROLLER) return [tooLong(path, MAX_CONTROLLER)]
  if (slash <= 0 || slash === controller.length - 1)
    return [invalidValue(path, controller, 'must be a domain-prefixed path (such as "acme.io/foo")')]
  return obey(path, controller.slice(0, slash), dns1123Subdomain)
}

export function validateIngressClass({ spec }: IngressClass): FieldError[] {
  const errors = spec.controller ? controllerErrors('spec.controller', spec.controller) : [required('spec.controller')]
  const parameters = spec.parameters
  if (!parameters) return errors
  const at = 'spec.parameters'
  if (parameters.apiGroup) errors.push(...obey(`${at}.apiGroup`, parameters.apiGroup, dns1123Subdomain))
  errors.push(
    ...requiredAnd(`${at}.kind`, parameters.kind, pathSegmentName),
    ...requiredAnd(`${at}.name`, parameters.name, pathSegmentName),
    ...optionalOneOf(`${at}.scope`, parameters.scope, ['Cluster', 'Namespace']),
  )
  if (parameters.scope === 'Namespace') {
    if (!parameters.namespace) errors.push(required(`${at}.namespace`, "`parameters.scope` is set to 'Namespace'"))
    else errors.push(...obey(`${at}.namespace`, parameters.namespace, dns1123Label))
  } else if (parameters.scope === 'Cluster' && parameters.namespace !== undefined)
    errors.push(forbiddenField(`${at}.namespace`, "`parameters.scope` is set to 'Cluster'"))
  return errors
}

export const validateIngressClassUpdate = ({ spec }: IngressClass, old: IngressClass): FieldError[] =>
  immutable('spec.controller', spec.controller, old.spec.controller)
