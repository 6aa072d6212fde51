// What an APIService must look like.
import type { APIService } from '../../../../shared/api/apiregistration/v1.ts'
import { type FieldError, invalidValue, required } from '../../../../shared/machinery/field-error.ts'
import { dns1035Label, dns1123Subdomain, portNumber } from '../../../../shared/machinery/names.ts'
import { obey, requiredText } from '../support/rules.ts'

export function validateAPIService({ metadata, spec }: APIService): FieldError[] {
  const { group = '', version = '', groupPriorityMinimum: group_ = 0, versionPriority: version_ = 0, service } = spec
  const expected = `${version}.${group}`
  const errors: FieldError[] =
    !metadata.name || metadata.name === expected
      ? []
      : [invalidValue('metadata.name', metadata.name, `must be \`spec.version+"."+spec.group\`: "${expected}"`)]
  if (!group && version !== 'v1')
    errors.push(required('spec.group', 'only v1 may have an empty group and it better be legacy kube'))
  if (group) errors.push(...obey('spec.group', group, dns1123Subdomain))
  errors.push(...obey('spec.version', version, dns1035Label))
  if (group_ <= 0 || group_ > 20_000)
    errors.push(invalidValue('spec.groupPriorityMinimum', group_, 'must be positive and less than 20000'))
  if (version_ <= 0 || version_ > 1000)
    errors.push(invalidValue('spec.versionPriority', version_, 'must be positive and less than 1000'))
  if (!service) {
    if (spec.caBundle)
      errors.push(
        invalidValue(
          'spec.caBundle',
          `${Buffer.byteLength(spec.caBundle, 'base64')} bytes`,
          'local APIServices may not have a caBundle',
        ),
      )
    return errors
  }
  errors.push(
    ...requiredText('spec.service.namespace', service.namespace),
    ...requiredText('spec.service.name', service.name),
  )
  const port = service.port ?? 443
  errors.push(...obey('spec.service.port', port, value => portNumber(value).map(why => `port is not valid: ${why}`)))
  if (spec.insecureSkipTLSVerify && spec.caBundle)
    errors.push(invalidValue('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present'))
  return errors
}
