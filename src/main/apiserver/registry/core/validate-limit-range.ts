// What a LimitRange must look like.
import type { LimitRange, LimitRangeItem } from '../../../../shared/api/core/v1.ts'
import {
  type FieldError,
  duplicate,
  forbiddenField,
  invalidValue,
  required,
} from '../../../../shared/machinery/field-error.ts'
import { qualifiedName } from '../../../../shared/machinery/names.ts'
import { isQuantity, parseQuantity } from '../../../../shared/machinery/quantity.ts'
import { has, isEmpty, lookup, sortedEntries } from '../support/collections.ts'
import { containerResourceName, mayOvercommit, resourceName } from '../support/resource-names.ts'
import { each, obey } from '../support/rules.ts'

const TYPES = ['Pod', 'Container', 'PersistentVolumeClaim']
const FIELDS = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const

type Amount = string | number

const greater = (a: Amount | undefined, b: Amount | undefined): boolean =>
  a !== undefined && b !== undefined && isQuantity(a) && isQuantity(b) && parseQuantity(a).compare(parseQuantity(b)) > 0

function orderErrors(path: string, item: LimitRangeItem, name: string): FieldError[] {
  const of = (field: (typeof FIELDS)[number]) => lookup(item[field], name)
  const [min, max, limit, request, ratio] = [
    of('min'),
    of('max'),
    of('default'),
    of('defaultRequest'),
    of('maxLimitRequestRatio'),
  ]
  const errors: FieldError[] = []
  const refuse = (field: string, value: Amount | undefined, why: string) =>
    errors.push(invalidValue(`${path}.${field}[${name}]`, String(value), why))
  if (greater(min, max)) refuse('min', min, `min value ${min} is greater than max value ${max}`)
  if (greater(min, request))
    refuse('defaultRequest', request, `min value ${min} is greater than default request value ${request}`)
  if (greater(request, max))
    refuse('defaultRequest', request, `default request value ${request} is greater than max value ${max}`)
  if (greater(request, limit))
    refuse('defaultRequest', request, `default request value ${request} is greater than default limit value ${limit}`)
  if (greater(min, limit)) refuse('default', min, `min value ${min} is greater than default value ${limit}`)
  if (greater(limit, max)) refuse('default', max, `default value ${limit} is greater than max value ${max}`)
  if (greater(1, ratio)) refuse('maxLimitRequestRatio', ratio, `ratio ${ratio} is less than 1`)
  if (ratio !== undefined && min !== undefined && max !== undefined) {
    const most = parseQuantity(max).milli() / parseQuantity(min).milli()
    if (parseQuantity(ratio).milli() / 1000 > most)
      refuse('maxLimitRequestRatio', ratio, `ratio ${ratio} is greater than max/min = ${most.toFixed(6)}`)
  }
  if (!mayOvercommit(name) && (greater(limit, request) || greater(request, limit)))
    refuse('defaultRequest', request, `default value ${limit} must equal to defaultRequest value ${request} in ${name}`)
  return errors
}

export function validateLimitRange({ spec }: LimitRange): FieldError[] {
  const types = new Set<string>()
  return each('spec.limits', spec?.limits, (at, item) => {
    const { type = '' } = item
    const errors = obey(`${at}.type`, type, qualifiedName)
    if (errors.length === 0 && !type.includes('/') && !TYPES.includes(type))
      errors.push(invalidValue(`${at}.type`, type, 'must be a standard limit type or fully qualified'))
    if (types.has(type)) errors.push(duplicate(`${at}.type`, type))
    types.add(type)
    const nameRule = type === 'Pod' || type === 'Container' ? containerResourceName : resourceName
    const names = new Set<string>()
    for (const field of FIELDS) {
      if (type === 'Pod' && (field === 'default' || field === 'defaultRequest')) {
        if (!isEmpty(item[field]))
          errors.push(forbiddenField(`${at}.${field}`, "may not be specified when `type` is 'Pod'"))
        continue
      }
      for (const [name] of sortedEntries(item[field])) {
        errors.push(...nameRule(`${at}.${field}[${name}]`, name))
        names.add(name)
      }
    }
    if (type === 'PersistentVolumeClaim' && !has(item.min, 'storage') && !has(item.max, 'storage'))
      errors.push(
        required(`${at}.limits`, 'either minimum or maximum storage value is required, but neither was provided'),
      )
    for (const name of names) errors.push(...orderErrors(at, item, name))
    return errors
  })
}
