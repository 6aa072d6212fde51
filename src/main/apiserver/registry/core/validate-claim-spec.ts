// Specs of persistent volume claims, wherever they stand.
import type { PersistentVolumeClaimSpec } from '../../../../shared/api/core/v1.ts'
import { type FieldError, invalidValue, required } from '../../../../shared/machinery/field-error.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import { dns1123Label, dns1123Subdomain } from '../../../../shared/machinery/names.ts'
import { isQuantity, parseQuantity } from '../../../../shared/machinery/quantity.ts'
import { list, lookup } from '../support/collections.ts'
import { obey, optionalOneOf, requiredText, validateLabelSelector } from '../support/rules.ts'

export const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod']
export const VOLUME_MODES = ['Block', 'Filesystem']

export function validateAccessModes(path: string, modes: readonly string[] | undefined): FieldError[] {
  const given = list(modes)
  const errors: FieldError[] = given.flatMap(mode => optionalOneOf(path, mode, ACCESS_MODES))
  if (given.includes('ReadWriteOncePod') && given.length > 1)
    errors.push({
      type: 'FieldValueForbidden',
      field: path,
      message: 'Forbidden: may not use ReadWriteOncePod with other access modes',
    })
  return errors
}

export function positiveStorage(path: string, amount: string | number): FieldError[] {
  return isQuantity(amount) && parseQuantity(amount).compare(parseQuantity('0')) <= 0
    ? [invalidValue(path, String(amount), 'must be greater than zero')]
    : []
}

/** @param isNew what a stored claim says of where its data comes from cannot be changed any more */
export function validateClaimSpec(
  path: string,
  spec: PersistentVolumeClaimSpec | undefined,
  isNew = true,
): FieldError[] {
  if (!spec) return [required(path)]
  const errors: FieldError[] = []
  if (list(spec.accessModes).length === 0)
    errors.push(required(`${path}.accessModes`, 'at least 1 access mode is required'))
  errors.push(...validateLabelSelector(`${path}.selector`, spec.selector))
  errors.push(...validateAccessModes(`${path}.accessModes`, spec.accessModes))
  const storage = lookup(spec.resources?.requests, 'storage')
  if (storage === undefined) errors.push(required(`${path}.resources[storage]`))
  else errors.push(...positiveStorage(`${path}.resources[storage]`, storage))
  if (spec.storageClassName) errors.push(...obey(`${path}.storageClassName`, spec.storageClassName, dns1123Subdomain))
  errors.push(...optionalOneOf(`${path}.volumeMode`, spec.volumeMode, VOLUME_MODES))
  for (const source of ['dataSource', 'dataSourceRef'] as const) {
    const given = spec[source]
    if (!given) continue
    const at = `${path}.${source}`
    errors.push(...requiredText(`${at}.name`, given.name), ...requiredText(`${at}.kind`, given.kind))
    if (!given.apiGroup && given.kind !== 'PersistentVolumeClaim')
      errors.push(
        invalidValue(at, given.kind ?? '', "must be 'PersistentVolumeClaim' when referencing the default apiGroup"),
      )
    if (given.apiGroup && isNew) errors.push(...obey(`${at}.apiGroup`, given.apiGroup, dns1123Subdomain))
  }
  const { namespace, ...ref } = spec.dataSourceRef ?? {}
  if (namespace) errors.push(...obey(`${path}.dataSourceRef.namespace`, namespace, dns1123Label))
  if (spec.dataSource && namespace)
    errors.push(invalidValue(path, {}, 'may not be specified when dataSourceRef.namespace is specified'))
  else if (spec.dataSource && spec.dataSourceRef && !deepEqual(ref, spec.dataSource))
    errors.push(invalidValue(path, {}, 'must match dataSourceRef'))
  if (spec.volumeAttributesClassName)
    errors.push(...obey(`${path}.volumeAttributesClassName`, spec.volumeAttributesClassName, dns1123Subdomain))
  return errors
}
