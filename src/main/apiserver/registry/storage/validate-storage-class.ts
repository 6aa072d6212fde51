// What a StorageClass must look like.
import type { StorageClass } from '../../../../shared/api/storage/v1.ts'
import {
  type FieldError,
  duplicate,
  invalidValue,
  required,
  tooLong,
} from '../../../../shared/machinery/field-error.ts'
import { qualifiedName } from '../../../../shared/machinery/names.ts'
import { entries, list } from '../support/collections.ts'
import { each, immutable, labelKey, obey, optionalOneOf } from '../support/rules.ts'

const MAX_PARAMETERS = 512
const MAX_PARAMETER_BYTES = 256 * 1024

export function validateParameters(
  path: string,
  parameters: Readonly<Record<string, string>> | undefined,
): FieldError[] {
  const given = entries(parameters)
  const errors: FieldError[] = given.length > MAX_PARAMETERS ? [tooLong(path, MAX_PARAMETERS)] : []
  if (given.some(([key]) => key === '')) errors.push(invalidValue(path, '', 'field can not be empty.'))
  if (given.reduce((size, [key, value]) => size + key.length + value.length, 0) > MAX_PARAMETER_BYTES)
    errors.push(tooLong(path, MAX_PARAMETER_BYTES))
  return errors
}

export function validateStorageClass(storage: StorageClass): FieldError[] {
  return [
    ...(storage.provisioner
      ? obey('provisioner', storage.provisioner.toLowerCase(), qualifiedName)
      : [required('provisioner')]),
    ...validateParameters('parameters', storage.parameters),
    ...optionalOneOf('reclaimPolicy', storage.reclaimPolicy, ['Delete', 'Retain']),
    ...(storage.volumeBindingMode === undefined
      ? [required('volumeBindingMode')]
      : optionalOneOf('volumeBindingMode', storage.volumeBindingMode, ['Immediate', 'WaitForFirstConsumer'])),
    ...each('allowedTopologies', storage.allowedTopologies, (at, term) => {
      const keys = new Set<string>()
      return each(`${at}.matchLabelExpressions`, term.matchLabelExpressions, (p, { key = '', values }) => {
        const errors: FieldError[] = list(values).length === 0 ? [required(`${p}.values`)] : []
        errors.push(...labelKey(`${p}.key`, key))
        if (keys.has(key)) errors.push(duplicate(`${p}.key`, key))
        keys.add(key)
        return errors
      })
    }),
  ]
}

export const validateStorageClassUpdate = (storage: StorageClass, old: StorageClass): FieldError[] =>
  (['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'] as const).flatMap(field =>
    immutable(field, storage[field], old[field]),
  )
