// Rules for paths inside volumes.
import { type FieldError, invalidValue } from '../../../../../shared/machinery/field-error.ts'

export const noBacksteps = (path: string, value: string): FieldError[] =>
  value.split('/').includes('..') ? [invalidValue(path, value, "must not contain '..'")] : []

/** A relative path that stays below where it starts. */
export const descendingPath = (path: string, value: string): FieldError[] => [
  ...(value.startsWith('/') ? [invalidValue(path, value, 'must be a relative path')] : []),
  ...noBacksteps(path, value),
]

/** Names that start with `..` belong to the kubelet. */
export const nonReservedPath = (path: string, value: string): FieldError[] => [
  ...descendingPath(path, value),
  ...(value.startsWith('..') && !value.startsWith('../')
    ? [invalidValue(path, value, "must not start with '..'")]
    : []),
]
