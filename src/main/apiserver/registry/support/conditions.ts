// Conditions of statuses as the API's conventions have them.
import type { Condition } from '../../../../shared/api/meta/v1.ts'
import {
  type FieldError,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '../../../../shared/machinery/field-error.ts'
import { byteLength, qualifiedName, regexMessage } from '../../../../shared/machinery/names.ts'
import { each, obey, requiredText, uniqueBy } from './rules.ts'

const STATUSES = ['False', 'True', 'Unknown']
const LONGEST_REASON = 1024
const LONGEST_MESSAGE = 32 * 1024
const REASON = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?'
const isReason = new RegExp(`^${REASON}$`)

function reasonErrors(path: string, reason: string): FieldError[] {
  if (reason === '') return [required(path)]
  const long = byteLength(reason) > LONGEST_REASON ? [tooLong(path, LONGEST_REASON)] : []
  if (isReason.test(reason)) return long
  const rule = regexMessage(
    "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'",
    REASON,
    ...['my_name', 'MY_NAME', 'MyName', 'ReasonA,ReasonB', 'ReasonA:ReasonB'],
  )
  return [invalidValue(path, reason, rule), ...long]
}

export const validateConditions = (
  path: string,
  conditions: readonly Partial<Condition>[] | undefined,
): FieldError[] => [
  ...uniqueTypes(path, conditions),
  ...each(path, conditions, (at, condition) => {
    const { type = '', status = '', observedGeneration = 0, lastTransitionTime, reason = '', message = '' } = condition
    return [
      ...obey(`${at}.type`, type, qualifiedName),
      ...(STATUSES.includes(status) ? [] : [notSupported(`${at}.status`, status, STATUSES)]),
      ...(observedGeneration < 0
        ? [invalidValue(`${at}.observedGeneration`, observedGeneration, 'must be greater than or equal to zero')]
        : []),
      ...(lastTransitionTime ? [] : [required(`${at}.lastTransitionTime`)]),
      ...reasonErrors(`${at}.reason`, reason),
      ...(byteLength(message) > LONGEST_MESSAGE ? [tooLong(`${at}.message`, LONGEST_MESSAGE)] : []),
    ]
  }),
]

const uniqueTypes = (path: string, conditions: readonly Partial<Condition>[] | undefined): FieldError[] =>
  uniqueBy(path, conditions, ({ type = '' }) => type).map(error => ({ ...error, field: `${error.field}.type` }))

/** Those of flow control need a type, and that is all. */
export const validateTypes = (path: string, conditions: readonly { type?: string }[] | undefined): FieldError[] => [
  ...uniqueTypes(path, conditions),
  ...each(path, conditions, (at, { type }) => requiredText(`${at}.type`, type)),
]
