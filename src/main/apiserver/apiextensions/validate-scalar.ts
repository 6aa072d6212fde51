// Types, numbers and texts held against a schema, in upstream's words.
import { type FieldError, invalidValue, tooLong } from '../../../shared/machinery/field-error.ts'
import { leastTextLength } from '../../../shared/machinery/json-text.ts'
import { compilePattern } from '../../../shared/machinery/pattern/pattern.ts'
import { PatternError } from '../../../shared/machinery/pattern/syntax.ts'
import { length as charactersOf } from '../../cel/compare.ts'
import type { Pieces } from '../../pieces/pacer.ts'
import type { Findings } from './findings.ts'
import { formatFits, isKnownFormat } from './formats.ts'
import { type Schema, schemasIn } from './schema.ts'

const INT32 = 2 ** 31
const INT64 = 2n ** 63n

const isWhole = (value: number | bigint): boolean => typeof value === 'bigint' || Number.isInteger(value)

const isWithin = (value: number | bigint, end: number | bigint): boolean => value >= -end && value < end

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value !== 'number' && typeof value !== 'bigint') return typeof value
  return isWhole(value) && isWithin(value, INT64) ? 'integer' : 'number'
}

const wrongType = (path: string, given: string, wanted: string): FieldError => ({
  ...invalidValue(path, given, `${path} in body must be of type ${wanted}: "${given}"`),
  type: 'FieldValueTypeInvalid',
})

/** Those that are told by the format in which they are kept, where the schema asks for a format. */
const KEPT_AS: Readonly<Record<string, string>> = { integer: 'int64', number: 'float64', boolean: '', object: '' }

export function typeError(value: unknown, schema: Schema, path: string): FieldError | undefined {
  const given = typeOf(value)
  if (value === null && schema.nullable) return undefined
  const { type, format } = schema
  const wanted = schema['x-kubernetes-int-or-string'] ? ['integer', 'string'] : type ? [type] : []
  if (wanted.length === 0 || wanted.includes(given) || (given === 'integer' && type === 'number')) return undefined
  const kept = format !== undefined && isKnownFormat(format, type) ? KEPT_AS[given] : undefined
  return kept === undefined ? wrongType(path, given, wanted.join(',')) : wrongType(path, kept, format ?? '')
}

function isInRange(value: number | bigint, { type, format }: Schema): boolean {
  if (type === 'integer') return isWhole(value) && isWithin(value, format === 'int32' ? INT32 : INT64)
  return type !== 'number' || format !== 'float' || Number.isFinite(Math.fround(Number(value)))
}

export function ofNumber(found: Findings, value: number | bigint, schema: Schema, path: string): void {
  const { type, format, minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema
  found.count(2)
  const fail = (detail: string) => found.add(invalidValue(path, value, `${path} in body should be ${detail}`))
  if (!isInRange(value, schema)) {
    const kind = format !== undefined && isKnownFormat(format, type) ? `with format ${format}` : '(default format)'
    found.add(invalidValue('<nil>', '', `Checked value must be of type ${type} ${kind} in ${path}`))
  }
  if (multipleOf !== undefined) {
    const times = Number(value) / Number(multipleOf)
    if (multipleOf <= 0)
      found.add(
        invalidValue(path, multipleOf, `factor MultipleOf declared for ${path} must be positive: ${multipleOf}`),
      )
    else if (Math.abs(times - Math.round(times)) > 1e-9) fail(`a multiple of ${multipleOf}`)
  }
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum))
    fail(exclusiveMinimum ? `greater than ${minimum}` : `greater than or equal to ${minimum}`)
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum))
    fail(exclusiveMaximum ? `less than ${maximum}` : `less than or equal to ${maximum}`)
}

/** Of characters and instructions: together no more than what a search does before others get their turn. */
const MATCHED_AT_ONCE = 20_000

const patternSizes = new WeakMap<Schema, number>()

/** @returns 0 for what is no pattern, which is told where a text is held against it */
function sizeOfPattern(pattern: string): number {
  try {
    return pattern === '' ? 0 : compilePattern(pattern).size
  } catch (error) {
    if (error instanceof PatternError) return 0
    throw error
  }
}

/** @returns the instructions of the largest pattern in the schema */
function patternSize(schema: Schema): number {
  let size = patternSizes.get(schema)
  if (size === undefined) {
    size = 0
    for (const { pattern = '' } of schemasIn(schema)) size = Math.max(size, sizeOfPattern(pattern))
    patternSizes.set(schema, size)
  }
  return size
}

/** Whether to hold patterns against it may take so long that others should have their turn meanwhile. */
export function isLongToMatch(value: unknown, schema: Schema): boolean {
  const size = patternSize(schema)
  return size > 0 && leastTextLength(value, MATCHED_AT_ONCE / size) * size > MATCHED_AT_ONCE
}

function lengthError(value: string, { minLength, maxLength }: Schema, path: string): FieldError | undefined {
  const length = minLength === undefined && maxLength === undefined ? 0 : charactersOf(value)
  if (maxLength !== undefined && length > maxLength) return tooLong(path, maxLength)
  if (minLength !== undefined && length < minLength)
    return invalidValue(path, value, `${path} in body should be at least ${minLength} chars long`)
  return undefined
}

const misfit = (value: string, pattern: string, path: string): FieldError =>
  invalidValue(path, value, `${path} in body should match '${pattern}'`)

/** @param bound the first of its bounds that it does not keep */
function ofText(found: Findings, value: string, { format }: Schema, path: string, bound: FieldError | undefined): void {
  found.count(format !== undefined && isKnownFormat(format) ? 2 : 1)
  if (bound) found.add(bound)
  if (format !== undefined && !formatFits(format, value))
    found.add({
      ...invalidValue(path, value, `${path} in body must be of type ${format}: ${JSON.stringify(value)}`),
      type: 'FieldValueTypeInvalid',
    })
}

export function ofString(found: Findings, value: string, schema: Schema, path: string): void {
  const { pattern } = schema
  let bound = lengthError(value, schema, path)
  if (!bound && pattern !== undefined && !compilePattern(pattern).fits(value)) bound = misfit(value, pattern, path)
  ofText(found, value, schema, path, bound)
}

/** As ofString(). */
export function* stringInPieces(found: Findings, value: string, schema: Schema, path: string): Pieces<void> {
  const { pattern } = schema
  let bound = lengthError(value, schema, path)
  if (!bound && pattern !== undefined && !(yield* compilePattern(pattern).fitsInTurns(value)))
    bound = misfit(value, pattern, path)
  ofText(found, value, schema, path, bound)
}
