// Validation results, worded as upstream's field.Error.
import type { StatusCause } from '../api/meta/v1.ts'
import { quote } from './go-quote.ts'
import { encodeJson } from './json-text.ts'

export type FieldErrorType =
  | 'FieldValueRequired'
  | 'FieldValueInvalid'
  | 'FieldValueDuplicate'
  | 'FieldValueForbidden'
  | 'FieldValueNotSupported'
  | 'FieldValueNotFound'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueTypeInvalid'

export interface FieldError {
  readonly type: FieldErrorType
  /** JSON path such as `spec.containers[0].image`. */
  readonly field: string
  /** The message without the path: `Required value`, `Invalid value: -1: must be …`. */
  readonly message: string
}

/** Strings quoted, objects as JSON, everything else bare, as Go prints field values. */
export const showValue = (value: unknown): string =>
  typeof value === 'string' ? quote(value) : typeof value === 'object' ? encodeJson(value) : String(value)

const withDetail = (text: string, detail?: string) => (detail ? `${text}: ${detail}` : text)

export const required = (field: string, detail = ''): FieldError => ({
  type: 'FieldValueRequired',
  field,
  message: withDetail('Required value', detail),
})
export const invalidValue = (field: string, value: unknown, detail: string): FieldError => ({
  type: 'FieldValueInvalid',
  field,
  message: withDetail(`Invalid value: ${showValue(value)}`, detail),
})
/** What is wrong with more than one value: none is shown. */
export const invalidField = (field: string, detail: string): FieldError => ({
  type: 'FieldValueInvalid',
  field,
  message: `Invalid value: ${detail}`,
})
export const duplicate = (field: string, value: unknown): FieldError => ({
  type: 'FieldValueDuplicate',
  field,
  message: `Duplicate value: ${showValue(value)}`,
})
export const forbiddenField = (field: string, detail: string): FieldError => ({
  type: 'FieldValueForbidden',
  field,
  message: withDetail('Forbidden', detail),
})
export const notSupported = (field: string, value: unknown, supported: readonly string[]): FieldError => ({
  type: 'FieldValueNotSupported',
  field,
  message: `Unsupported value: ${showValue(value)}: supported values: ${[...supported].map(v => JSON.stringify(v)).join(', ')}`,
})
export const notFoundValue = (field: string, value: unknown): FieldError => ({
  type: 'FieldValueNotFound',
  field,
  message: `Not found: ${showValue(value)}`,
})
export const tooLong = (field: string, maxLength: number): FieldError => ({
  type: 'FieldValueTooLong',
  field,
  message: `Too long: may not be more than ${maxLength} bytes`,
})
export const tooMany = (field: string, actual: number, max: number): FieldError => ({
  type: 'FieldValueTooMany',
  field,
  message: `Too many: ${actual}: must have at most ${max} ${max === 1 ? 'item' : 'items'}`,
})

export const causesOf = (errors: readonly FieldError[]): StatusCause[] =>
  errors.map(({ type, field, message }) => ({ reason: type, message, field }))

export const describeFieldError = ({ field, message }: FieldError): string => `${field}: ${message}`

/** One error as `path: message`; several in brackets, as upstream's aggregate prints them. */
export const describeFieldErrors = (errors: readonly FieldError[]): string =>
  aggregated([...new Set(errors.map(describeFieldError))])

/** @param texts what each error is described as, none twice */
export const aggregated = (texts: readonly string[]): string =>
  texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`
