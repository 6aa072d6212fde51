// What may stand in the status of a Service or an Ingress: where a load balancer lets traffic in.
import { isIP } from 'node:net'
import type { LoadBalancerIngress, Service } from '../../../../../shared/api/core/v1.ts'
import { type FieldError, forbiddenField, invalidValue, required } from '../../../../../shared/machinery/field-error.ts'
import { dns1123Subdomain } from '../../../../../shared/machinery/names.ts'
import { list } from '../../support/collections.ts'
import { each, ipAddress, obey, optionalOneOf } from '../../support/rules.ts'

const MODES = ['Proxy', 'VIP']

function modeErrors(path: string, { ip, ipMode }: LoadBalancerIngress): FieldError[] {
  if (ipMode === undefined) return ip ? [required(path, 'must be specified when `ip` is set')] : []
  return ip ? optionalOneOf(path, ipMode, MODES) : [forbiddenField(path, 'may not be specified when `ip` is not set')]
}

function hostErrors(path: string, host: string): FieldError[] {
  const isAddress = isIP(host) !== 0
  return [
    ...obey(path, host, dns1123Subdomain),
    ...(isAddress ? [invalidValue(path, host, 'must be a DNS name, not an IP address')] : []),
  ]
}

interface Way {
  readonly ip?: string
  readonly hostname?: string
}

/** Addresses that it had already are let be. */
export function wayErrors<T extends Way>(
  path: string,
  ways: readonly T[] | undefined,
  old: readonly T[] | undefined,
  more: (at: string, way: T) => FieldError[] = () => [],
): FieldError[] {
  const known = new Set(list(old).map(({ ip }) => ip))
  return each(path, ways, (at, way) => [
    ...(way.ip && !known.has(way.ip) ? ipAddress(`${at}.ip`, way.ip) : []),
    ...more(at, way),
    ...(way.hostname ? hostErrors(`${at}.hostname`, way.hostname) : []),
  ])
}

export function validateServiceStatus({ spec, status }: Service, old: Service): FieldError[] {
  const path = 'status.loadBalancer.ingress'
  const ingress = list(status.loadBalancer?.ingress)
  if (spec.type !== 'LoadBalancer')
    return ingress.length > 0 ? [forbiddenField(path, "may only be used when `spec.type` is 'LoadBalancer'")] : []
  return wayErrors(path, ingress, old.status.loadBalancer?.ingress, (at, way) => modeErrors(`${at}.ipMode`, way))
}
