// Small rules that the validation of many kinds is made of. Each takes the path of the field first.
import type { LabelSelector } from '../../../../shared/api/meta/v1.ts'
import { parseRange } from '../../../../shared/machinery/cidr.ts'
import {
  type FieldError,
  duplicate,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  tooMany,
} from '../../../../shared/machinery/field-error.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import { type IPAddressValue, parseIP } from '../../../../shared/machinery/ip-address.ts'
import { dns1123Subdomain, labelValue, qualifiedName } from '../../../../shared/machinery/names.ts'
import { entries, list } from './collections.ts'

export type Rule<T> = (value: T) => string[]

/** One `Invalid value` per message of the rule. */
export function obey<T>(path: string, value: T, rule: Rule<T>): FieldError[] {
  const messages = rule(value)
  return messages.length === 0 ? [] : messages.map(message => invalidValue(path, value, message))
}

/** `Required value` for nothing at all, else the rule's messages. */
export const requiredAnd = (path: string, value: string | undefined, rule: Rule<string>): FieldError[] =>
  value ? obey(path, value, rule) : [required(path)]

const HTTP_PATH = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/

/** Names of controllers: `example.com/job-queue`. */
export function domainPrefixedPath(path: string, value: string): FieldError[] {
  if (!value) return [required(path)]
  const slash = value.indexOf('/')
  if (slash <= 0 || slash === value.length - 1)
    return [invalidValue(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")')]
  const [host, rest] = [value.slice(0, slash), value.slice(slash + 1)]
  const errors = obey(path, host, dns1123Subdomain)
  if (!HTTP_PATH.test(rest))
    errors.push(
      invalidValue(
        path,
        rest,
        `Invalid path (regex used for validation is '${HTTP_PATH.source.slice(1, -1).replaceAll('\\/', '/')}')`,
      ),
    )
  return errors
}

export const requiredText = (path: string, value: string | undefined): FieldError[] => (value ? [] : [required(path)])

export const nonNegative = (path: string, value: number | undefined): FieldError[] =>
  value !== undefined && value < 0 ? [invalidValue(path, value, 'must be greater than or equal to 0')] : []

export const positive = (path: string, value: number | undefined): FieldError[] =>
  value !== undefined && value <= 0 ? [invalidValue(path, value, 'must be greater than 0')] : []

/** `Required value` when empty, `Unsupported value` when not listed. Give the list in upstream's order. */
export function oneOf(path: string, value: string | undefined, supported: readonly string[]): FieldError[] {
  if (!value) return [required(path)]
  return supported.includes(value) ? [] : [notSupported(path, value, supported)]
}

/** Absent is fine; whatever is there must be listed. */
export const optionalOneOf = (path: string, value: string | undefined, supported: readonly string[]): FieldError[] =>
  value === undefined || supported.includes(value) ? [] : [notSupported(path, value, supported)]

export const between =
  (low: number, high: number): Rule<number> =>
  value =>
    value >= low && value <= high ? [] : [`must be between ${low} and ${high}, inclusive`]

export const MAX_INT32 = 2_147_483_647

/** File modes: 0 to 0777. */
export const fileMode = (path: string, mode: number | undefined): FieldError[] =>
  mode === undefined || (mode >= 0 && mode <= 0o777)
    ? []
    : [invalidValue(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive')]

/** Zeros before a number, which some programs take for octal ones. */
const withoutZeros = (value: string): string => value.replace(/(?<![\da-f:])0+(?=\d)/gi, '')

/** IPv4 in IPv6's clothes. */
const isMapped = ({ family, value }: IPAddressValue): boolean => family === 'IPv6' && value >> 32n === 0xffffn

/** An address that cannot be read in two ways. @see KEP-4858 */
export function ipAddress(path: string, value: string): FieldError[] {
  const ip = parseIP(value)
  if (ip) return isMapped(ip) ? [invalidValue(path, value, 'must not be an IPv4-mapped IPv6 address')] : []
  const why = parseIP(withoutZeros(value))
    ? 'must not have leading 0s'
    : 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
  return [invalidValue(path, value, why)]
}

/** A range that cannot be read in two ways. @see KEP-4858 */
export function cidr(path: string, value: string): FieldError[] {
  const range = parseRange(value)
  const refused = (why: string) => [invalidValue(path, value, why)]
  if (!range)
    return refused(
      parseRange(withoutZeros(value))
        ? 'must not have leading 0s in IP or prefix length'
        : 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
    )
  if (isMapped({ family: range.family, value: range.address }))
    return refused('must not have an IPv4-mapped IPv6 address')
  return range.address === range.first ? [] : refused('must not have bits set beyond the prefix length')
}

export const immutable = (path: string, value: unknown, old: unknown): FieldError[] =>
  deepEqual(value, old, { emptyIsAbsent: true }) ? [] : [invalidValue(path, value ?? null, 'field is immutable')]

export const labelKey = (path: string, key: string): FieldError[] => obey(path, key, qualifiedName)

/** Keys and values of a map of labels, reported at the map. */
export const validateLabels = (path: string, labels: Readonly<Record<string, string>> | undefined): FieldError[] =>
  entries(labels).flatMap(([key, value]) => [...labelKey(path, key), ...obey(path, value, labelValue)])

function requirementErrors(
  path: string,
  { key, operator, values }: { key?: string; operator?: string; values?: string[] },
) {
  const errors: FieldError[] = []
  if (operator === 'In' || operator === 'NotIn') {
    if (list(values).length === 0)
      errors.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (list(values).length > 0)
      errors.push(
        forbiddenField(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
      )
  } else errors.push(invalidValue(`${path}.operator`, operator ?? '', 'not a valid selector operator'))
  errors.push(...labelKey(`${path}.key`, key ?? ''))
  for (const [i, value] of list(values).entries()) errors.push(...obey(`${path}.values[${i}]`, value, labelValue))
  return errors
}

export const validateLabelSelector = (path: string, selector: LabelSelector | undefined): FieldError[] =>
  !selector
    ? []
    : [
        ...validateLabels(`${path}.matchLabels`, selector.matchLabels),
        ...list(selector.matchExpressions).flatMap((requirement, i) =>
          requirementErrors(`${path}.matchExpressions[${i}]`, requirement),
        ),
      ]

export const isEmptySelector = (selector: LabelSelector): boolean =>
  entries(selector.matchLabels).length === 0 && list(selector.matchExpressions).length === 0

/** The rule over every item, with the path of the item. */
export const each = <T>(
  path: string,
  items: readonly T[] | undefined,
  rule: (path: string, item: T, index: number) => FieldError[],
): FieldError[] => (items?.length ? items.flatMap((item, i) => rule(`${path}[${i}]`, item, i)) : [])

export const atMost = (path: string, items: readonly unknown[] | undefined, most: number): FieldError[] =>
  list(items).length > most ? [tooMany(path, list(items).length, most)] : []

/** Reported at each item whose key an earlier one has; what has none has the empty one. */
export function uniqueBy<T>(
  path: string,
  items: readonly T[] | undefined,
  key: (item: T) => string | undefined,
): FieldError[] {
  const seen = new Set<string>()
  return each(path, items, (at, item) => {
    const name = key(item) ?? ''
    const known = seen.has(name)
    seen.add(name)
    return known ? [duplicate(at, name)] : []
  })
}
