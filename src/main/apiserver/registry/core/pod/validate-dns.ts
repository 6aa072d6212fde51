// DNS, host names and host aliases of pods.
import type { PodSpec } from '../../../../../shared/api/core/v1.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
  tooLong,
} from '../../../../../shared/machinery/field-error.ts'
import {
  dns1123Label,
  dns1123Subdomain,
  dns1123SubdomainWithUnderscore,
} from '../../../../../shared/machinery/names.ts'
import { list } from '../../support/collections.ts'
import { each, ipAddress, obey } from '../../support/rules.ts'

function dnsConfigErrors(path: string, spec: PodSpec): FieldError[] {
  const config = spec.dnsConfig
  if (spec.dnsPolicy === 'None') {
    if (!config) return [required(path, 'must provide `dnsConfig` when `dnsPolicy` is None')]
    if (list(config.nameservers).length === 0)
      return [required(`${path}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None')]
  }
  if (!config) return []
  const { nameservers, searches, options } = config
  const errors: FieldError[] = []
  if (list(nameservers).length > 3)
    errors.push(invalidValue(`${path}.nameservers`, nameservers, 'must not have more than 3 nameservers'))
  errors.push(...each(`${path}.nameservers`, nameservers, ipAddress))
  if (list(searches).length > 32)
    errors.push(invalidValue(`${path}.searches`, searches, 'must not have more than 32 search paths'))
  if (list(searches).join(' ').length > 2048)
    errors.push(
      invalidValue(
        `${path}.searches`,
        searches,
        'must not have more than 2048 characters (including spaces) in the search list',
      ),
    )
  errors.push(
    ...each(`${path}.searches`, searches, (at, search) => {
      if (search === '.') return []
      const name = search.replace(/\.$/, '')
      return obey(at, name, dns1123SubdomainWithUnderscore)
    }),
    ...each(`${path}.options`, options, (at, option) => (option.name ? [] : [required(at, 'must not be empty')])),
  )
  return errors
}

export function validateNames(path: string, spec: PodSpec): FieldError[] {
  const errors = dnsConfigErrors(`${path}.dnsConfig`, spec)
  const override = spec.hostnameOverride
  if (override !== undefined) {
    const at = `${path}.hostnameOverride`
    if (spec.setHostnameAsFQDN) errors.push(forbiddenField(at, 'may not be specified when setHostnameAsFQDN is true'))
    if (spec.hostNetwork) errors.push(forbiddenField(at, 'may not be specified when hostNetwork is true'))
    if (override.length > 64) errors.push(tooLong(at, 64))
    errors.push(...obey(at, override, dns1123Subdomain))
  }
  if (spec.hostname) errors.push(...obey(`${path}.hostname`, spec.hostname, dns1123Label))
  if (spec.subdomain) errors.push(...obey(`${path}.subdomain`, spec.subdomain, dns1123Label))
  errors.push(
    ...each(`${path}.hostAliases`, spec.hostAliases, (at, alias) => [
      ...ipAddress(`${at}.ip`, alias.ip ?? ''),
      ...each(`${at}.hostnames`, alias.hostnames, (p, name) => obey(p, name, dns1123Subdomain)),
    ]),
  )
  return errors
}
