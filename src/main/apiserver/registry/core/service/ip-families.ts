// Address families of a service, in a cluster of one family or of both.
import type { Service } from '../../../../../shared/api/core/v1.ts'
import { type FieldError, invalidValue } from '../../../../../shared/machinery/field-error.ts'
import { type IPFamily, familyOf, parseIP } from '../../../../../shared/machinery/ip-address.ts'
import { deepEqual } from '../../../../../shared/machinery/deep-equal.ts'
import { list } from '../../support/collections.ts'
import { isHeadless } from './needs.ts'

const other = (family: string | undefined): IPFamily => (family === 'IPv4' ? 'IPv6' : 'IPv4')

/** A cluster that gets a second family, or loses it, changes no service that is written for another reason. */
const keepsPreference = ({ spec }: Service, old: Service | undefined): boolean =>
  spec.ipFamilyPolicy === 'PreferDualStack' &&
  old?.spec.ipFamilyPolicy === 'PreferDualStack' &&
  deepEqual(spec.clusterIPs, old.spec.clusterIPs) &&
  deepEqual(spec.ipFamilies, old.spec.ipFamilies)

/** Validation has more to say of families that are none or doubled, and of addresses that are none. */
const isUnreadable = ({ spec }: Service): boolean => {
  const families = list(spec.ipFamilies)
  return (
    families.some((family, i) => !['IPv4', 'IPv6'].includes(family) || families.indexOf(family) < i) ||
    list(spec.clusterIPs).some(ip => ip !== 'None' && parseIP(ip) === undefined)
  )
}

/**
 * Fills in policy and families.
 * @param configured the cluster's families, the primary one first
 * @returns what this cluster cannot do
 */
export function initIPFamilies(
  service: Service,
  old: Service | undefined,
  configured: readonly IPFamily[],
): FieldError[] {
  const { spec } = service
  if (spec.type === 'ExternalName' || keepsPreference(service, old) || isUnreadable(service)) return []
  const has = (family: string) => configured.some(one => one === family)
  const withoutSelector = isHeadless(service) && Object.keys(spec.selector ?? {}).length === 0
  spec.ipFamilyPolicy ??= old?.spec.ipFamilyPolicy ?? (withoutSelector ? 'RequireDualStack' : 'SingleStack')
  const errors: FieldError[] = []
  const single = spec.ipFamilyPolicy === 'SingleStack'
  if (old && single) {
    if (list(spec.clusterIPs).length > 1 && deepEqual(spec.clusterIPs, old.spec.clusterIPs))
      spec.clusterIPs = list(spec.clusterIPs).slice(0, 1)
    if (list(spec.ipFamilies).length > 1 && deepEqual(spec.ipFamilies, old.spec.ipFamilies))
      spec.ipFamilies = list(spec.ipFamilies).slice(0, 1)
  }
  const needsDual = (what: string) =>
    invalidValue(
      'spec.ipFamilyPolicy',
      spec.ipFamilyPolicy,
      `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`,
    )
  if (single && list(spec.clusterIPs).length === 2) errors.push(needsDual('cluster IPs'))
  if (single && list(spec.ipFamilies).length === 2) errors.push(needsDual('IP families'))
  for (const [index, ip] of list(spec.clusterIPs).entries()) {
    if (ip === 'None') break
    if (index < list(spec.ipFamilies).length || !ip) continue
    if (has(familyOf(ip))) spec.ipFamilies = [...list(spec.ipFamilies), familyOf(ip)]
    else
      errors.push(
        invalidValue(`spec.clusterIPs[${index}]`, spec.clusterIPs, `${familyOf(ip)} is not configured on this cluster`),
      )
  }
  if (errors.length > 0) return errors
  if (list(spec.ipFamilies).length === 0) spec.ipFamilies = configured.slice(0, 1)
  if (withoutSelector) {
    // Whoever writes the endpoints may use either family.
    if (list(spec.ipFamilies).length < 2 && !single)
      spec.ipFamilies = [...list(spec.ipFamilies), other(list(spec.ipFamilies)[0])]
    return []
  }
  if (spec.ipFamilyPolicy === 'RequireDualStack' && configured.length < 2)
    errors.push(
      invalidValue(
        'spec.ipFamilyPolicy',
        spec.ipFamilyPolicy,
        'this cluster is not configured for dual-stack services',
      ),
    )
  for (const [index, family] of list(spec.ipFamilies).entries())
    if (!has(family)) errors.push(invalidValue(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster'))
  if (errors.length === 0 && !single && configured.length === 2 && list(spec.ipFamilies).length === 1)
    spec.ipFamilies = [...list(spec.ipFamilies), other(list(spec.ipFamilies)[0])]
  return errors
}
