// What a StorageClass must look like.
import type { StorageClass, VolumeAttributesClass } from '../../../../shared/api/storage/v1.ts'
import {
  type FieldError,
  duplicate,
  forbiddenField,
  invalidValue,
  required,
  tooLong,
} from '../../../../shared/machinery/field-error.ts'
import { qualifiedName } from '../../../../shared/machinery/names.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import { entries, isEmpty, list } from '../support/collections.ts'
import { each, immutable, labelKey, obey, optionalOneOf, uniqueBy } from '../support/rules.ts'

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

/** Whoever makes the volumes, or changes them. */
const provisionerErrors = (path: string, name: string | undefined): FieldError[] =>
  name ? obey(path, name.toLowerCase(), qualifiedName) : [required(path)]

export const validateAttributesClass = ({ driverName, parameters }: VolumeAttributesClass): FieldError[] => [
  ...provisionerErrors('driverName', driverName),
  ...(isEmpty(parameters ?? {}) ? [required('parameters', 'must contain at least one key/value pair')] : []),
  ...validateParameters('parameters', parameters),
]

export const validateAttributesClassUpdate = (now: VolumeAttributesClass, old: VolumeAttributesClass): FieldError[] =>
  (['driverName', 'parameters'] as const).flatMap(field =>
    deepEqual(now[field], old[field]) ? [] : [forbiddenField(field, `updates to ${field} are forbidden.`)],
  )

/** Terms that say the same are one too many, and so is one that says nothing. */
function repeatedTerms(path: string, topologies: StorageClass['allowedTopologies']): FieldError[] {
  const meanings = list(topologies).map(({ matchLabelExpressions }) =>
    Object.fromEntries(list(matchLabelExpressions).map(({ key, values }) => [key, [...new Set(list(values))].sort()])),
  )
  return meanings.flatMap((meaning, i) =>
    isEmpty(meaning) || meanings.slice(0, i).some(other => deepEqual(other, meaning))
      ? [duplicate(`${path}[${i}].matchLabelExpressions`, '')]
      : [],
  )
}

export function validateStorageClass(storage: StorageClass): FieldError[] {
  return [
    ...provisionerErrors('provisioner', storage.provisioner),
    ...validateParameters('parameters', storage.parameters),
    ...optionalOneOf('reclaimPolicy', storage.reclaimPolicy || undefined, ['Delete', 'Retain']),
    ...(storage.volumeBindingMode === undefined
      ? [required('volumeBindingMode')]
      : optionalOneOf('volumeBindingMode', storage.volumeBindingMode, ['Immediate', 'WaitForFirstConsumer'])),
    ...each('allowedTopologies', storage.allowedTopologies, (at, term) => {
      const keys = new Set<string>()
      return each(`${at}.matchLabelExpressions`, term.matchLabelExpressions, (p, { key = '', values }) => {
        const errors: FieldError[] = list(values).length === 0 ? [required(`${p}.values`)] : []
        errors.push(...uniqueBy(`${p}.values`, values, value => value))
        errors.push(...labelKey(`${p}.key`, key))
        if (keys.has(key)) errors.push(duplicate(`${p}.key`, key))
        keys.add(key)
        return errors
      })
    }),
    ...repeatedTerms('allowedTopologies', storage.allowedTopologies),
  ]
}

export const validateStorageClassUpdate = (storage: StorageClass, old: StorageClass): FieldError[] =>
  (['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'] as const).flatMap(field =>
    immutable(field, storage[field] ?? (field === 'provisioner' ? '' : undefined), old[field]),
  )
