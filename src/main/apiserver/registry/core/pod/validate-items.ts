// Files inside volumes: which key or field goes where.
import type { DownwardAPIVolumeFile, KeyToPath } from '../../../../../shared/api/core/v1.ts'
import { type FieldError, invalidValue, required } from '../../../../../shared/machinery/field-error.ts'
import { each, fileMode, requiredText } from '../../support/rules.ts'
import { nonReservedPath } from './paths.ts'
import { VOLUME_FIELDS, validateFieldRef, validateResourceFieldRef } from './validate-field-refs.ts'

export const validateItems = (path: string, items: readonly KeyToPath[] | undefined): FieldError[] =>
  each(path, items, (at, item) => [
    ...requiredText(`${at}.key`, item.key),
    ...requiredText(`${at}.path`, item.path),
    ...nonReservedPath(`${at}.path`, item.path ?? ''),
    ...fileMode(`${at}.mode`, item.mode),
  ])

/** Upstream reports these at the list, without an index. */
export function validateDownwardFile(path: string, file: DownwardAPIVolumeFile): FieldError[] {
  const errors = [...requiredText(`${path}.path`, file.path), ...nonReservedPath(`${path}.path`, file.path ?? '')]
  if (file.fieldRef) {
    errors.push(...validateFieldRef(`${path}.fieldRef`, file.fieldRef, VOLUME_FIELDS))
    if (file.resourceFieldRef)
      errors.push(invalidValue(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'))
  } else if (file.resourceFieldRef)
    errors.push(...validateResourceFieldRef(`${path}.resourceFieldRef`, file.resourceFieldRef, true))
  else errors.push(required(path, 'one of fieldRef and resourceFieldRef is required'))
  return [...errors, ...fileMode(`${path}.mode`, file.mode)]
}
