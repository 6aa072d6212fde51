// What may change of a service's addresses and families: it keeps its first ones as long as its type has any, and gives
// the second one back only when it asks for a single stack.
import type { Service } from '../../../../../shared/api/core/v1.ts'
import { type FieldError, invalidValue } from '../../../../../shared/machinery/field-error.ts'
import { list } from '../../support/collections.ts'
import { isHeadless, needsClusterIP } from './needs.ts'

const CHANGED = 'may not change once set'

function releaseErrors({ spec }: Service, what: 'clusterIP' | 'ipFamily'): FieldError[] {
  if (spec.ipFamilyPolicy === 'SingleStack') return []
  const why = `must be set to 'SingleStack' when releasing the secondary ${what}`
  return [invalidValue('spec.ipFamilyPolicy', spec.ipFamilyPolicy ?? null, why)]
}

function addressErrors(service: Service, old: Service): FieldError[] {
  const [now, before] = [list(service.spec.clusterIPs), list(old.spec.clusterIPs)]
  const wrong = (index: number, why: string) => invalidValue(`spec.clusterIPs[${index}]`, now, why)
  if (now.length === before.length) return now.flatMap((ip, i) => (ip === before[i] ? [] : [wrong(i, CHANGED)]))
  if (now.length === 0) return [wrong(0, 'primary clusterIP can not be unset')]
  return [
    ...(before.length > 0 && now[0] !== before[0] ? [wrong(0, CHANGED)] : []),
    ...(before.length > 1 && now.length === 1 ? releaseErrors(service, 'clusterIP') : []),
  ]
}

function familyErrors(service: Service, old: Service): FieldError[] {
  if (isHeadless(service) || isHeadless(old)) return []
  const [now, before] = [list(service.spec.ipFamilies), list(old.spec.ipFamilies)]
  const wrong = (why: string) => invalidValue('spec.ipFamilies[0]', now, why)
  if (now.length === before.length) return now.flatMap((family, i) => (family === before[i] ? [] : [wrong(CHANGED)]))
  if (now.length === 0) return [wrong('primary ipFamily can not be unset')]
  return [
    ...(before.length > 0 && now[0] !== before[0] ? [wrong(CHANGED)] : []),
    ...(before.length > 1 && now.length === 1 ? releaseErrors(service, 'ipFamily') : []),
  ]
}

export const familyUpdateErrors = (service: Service, old: Service): FieldError[] =>
  needsClusterIP(old) && needsClusterIP(service) ? [...addressErrors(service, old), ...familyErrors(service, old)] : []
