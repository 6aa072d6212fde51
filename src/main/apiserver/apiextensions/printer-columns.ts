// What a Table shows of custom resources: the columns of their definition, in the way Go prints values.
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinitionVersion,
} from '../../../shared/api/apiextensions/v1.ts'
import { humanSince } from '../../../shared/machinery/human-duration.ts'
import { isObject } from '../../../shared/machinery/json-object.ts'
import { encodeJson } from '../../../shared/machinery/json-text.ts'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { nameColumn } from '../registry/columns/common.ts'
import type { Column } from '../registry/resource.ts'
import { timeProblem } from '../schema/time.ts'
import { compileJsonPath } from './json-path.ts'

const LEAST_INT64 = -(2n ** 63n)
const isNumber = (value: unknown): value is number | bigint => typeof value === 'number' || typeof value === 'bigint'

/** Maps are printed by their keys in order. */
const inOrder = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(inOrder)
    : isObject(value)
      ? Object.fromEntries(Object.keys(value).sort().map(key => [key, inOrder(value[key])])) // prettier-ignore
      : value

/** A number with a fraction, or beyond 64 bits: from six digits before the point on, and from four zeros behind it on, with an exponent. */
function fractionText(value: number): string {
  const [digits = '', exponent = ''] = value.toExponential().split('e')
  const power = Number(exponent)
  if (power >= -4 && power < 6) return String(value)
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}

function textOf(value: unknown): string {
  if (value === null) return '<no value>'
  if (typeof value === 'object') return encodeJson(inOrder(value))
  const isWhole = !Number.isFinite(value) || (Number.isInteger(value) && Math.abs(value as number) < 2 ** 63)
  return typeof value === 'number' && !isWhole ? fractionText(value) : String(value)
}

/** A fraction is cut off; what 64 bits do not hold is the least that they do. */
function wholeOf(value: number | bigint): number | bigint {
  if (typeof value === 'bigint') return value
  return Math.abs(value) < 2 ** 63 ? Math.trunc(value) : LEAST_INT64
}

function ageOf(time: string, nowMs: number): string {
  if (time === '') return '<unknown>'
  if (timeProblem(time) !== undefined) return '<invalid>'
  return time.startsWith('0001-01-01T00:00:00') ? '<unknown>' : humanSince(time, nowMs)
}

/** @returns the first value that was found, where it is of the column's type */
export function cellOf(type: string, [first]: readonly unknown[], nowMs: number): unknown {
  if (first === undefined) return null
  switch (type) {
    case 'string':
      return textOf(first)
    case 'date':
      return typeof first === 'string' ? ageOf(first, nowMs) : null
    case 'integer':
      return isNumber(first) ? wholeOf(first) : null
    case 'number':
      return isNumber(first) ? first : null
    default:
      return typeof first === type ? first : null
  }
}

const AGE: CustomResourceColumnDefinition = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since the object was created.',
}

export const columnsOf = ({
  additionalPrinterColumns: given,
}: CustomResourceDefinitionVersion): Column<AnyObject>[] => [
  nameColumn,
  ...(given?.length ? given : [AGE]).map((column): Column<AnyObject> => {
    const { name, type, format = '', description, priority = 0, jsonPath }: CustomResourceColumnDefinition = column
    const read = compileJsonPath(jsonPath)
    return {
      name,
      type: type as Column<AnyObject>['type'],
      format: format as '' | 'name',
      description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
      priority,
      value: (object, nowMs) => cellOf(type, read?.(object) ?? [], nowMs),
    }
  }),
]
