// Which fields Go's JSON has in every object, whatever was said: structs, and what is neither a pointer nor `omitempty`.
// An object that is empty there has them with their types' zero values, so nobody who makes one has set them.
import printed from './printed.json' with { type: 'json' }
import { isObject } from '../../../shared/machinery/json-object.ts'

const fieldsOfType = new Map(
  Object.entries(printed as Readonly<Record<string, readonly string[]>>).map(([id, fields]) => [id, new Set(fields)]),
)

/** @param schemaId undefined for a type that is not in the table, such as one of a custom resource */
export const isPrinted = (schemaId: string | undefined, field: string): boolean =>
  schemaId !== undefined && fieldsOfType.get(schemaId)?.has(field) === true

/** @returns whether the value is what such a field has when nothing was said */
export const isPrintedZero = (value: unknown): boolean =>
  value === null ||
  value === '' ||
  value === 0 ||
  value === '0' ||
  value === false ||
  (isObject(value) && Object.keys(value).length === 0)
