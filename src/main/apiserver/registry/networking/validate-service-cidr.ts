// What ServiceCIDRs and IPAddresses must look like.
import type { IPAddress, ServiceCIDR } from '../../../../shared/api/networking/v1.ts'
import { isNetwork } from '../../../../shared/machinery/cidr.ts'
import { familyOf } from '../../../../shared/machinery/ip-address.ts'
import { type FieldError, invalidValue, required } from '../../../../shared/machinery/field-error.ts'
import { dns1123Subdomain, pathSegmentName } from '../../../../shared/machinery/names.ts'
import { list } from '../support/collections.ts'
import { each, immutable, obey, requiredAnd } from '../support/rules.ts'

export function validateServiceCIDR({ spec }: ServiceCIDR): FieldError[] {
  const cidrs = list(spec.cidrs)
  if (cidrs.length === 0) return [required('spec.cidrs', 'at least one CIDR required')]
  if (cidrs.length > 2) return [invalidValue('spec.cidrs', cidrs, 'may only hold up to 2 values')]
  const [first = '', second] = cidrs
  if (second !== undefined && cidrs.every(isNetwork) && familyOf(first) === familyOf(second))
    return [
      invalidValue(
        'spec.cidrs',
        cidrs,
        'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
      ),
    ]
  return each('spec.cidrs', cidrs, (at, cidr) =>
    isNetwork(cidr) ? [] : [invalidValue(at, cidr, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)')],
  )
}

/** A second family may be added later; what is there stays. */
export function validateServiceCIDRUpdate(now: ServiceCIDR, { spec: old }: ServiceCIDR): FieldError[] {
  const [ranges, before] = [list(now.spec.cidrs), list(old.cidrs)]
  const stays = (i: number) => immutable(`spec.cidrs[${i}]`, ranges[i], before[i])
  if (before.length === ranges.length) return before.flatMap((_, i) => stays(i))
  if (before.length === 1 && ranges.length === 2) return [...stays(0), ...validateServiceCIDR(now)]
  return immutable('spec.cidrs', now.spec.cidrs, old.cidrs)
}

export function validateIPAddress({ spec }: IPAddress): FieldError[] {
  if (!(spec.parentRef as unknown)) return [required('spec.parentRef')]
  const { group, resource, name, namespace } = spec.parentRef
  const at = 'spec.parentRef'
  return [
    ...(group ? obey(`${at}.group`, group, dns1123Subdomain) : []),
    ...requiredAnd(`${at}.resource`, resource, pathSegmentName),
    ...requiredAnd(`${at}.name`, name, pathSegmentName),
    ...(namespace ? obey(`${at}.namespace`, namespace, pathSegmentName) : []),
  ]
}

export const validateIPAddressUpdate = ({ spec }: IPAddress, { spec: old }: IPAddress): FieldError[] =>
  immutable('spec.parentRef', spec.parentRef, old.parentRef)
