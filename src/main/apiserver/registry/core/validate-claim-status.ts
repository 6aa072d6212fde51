// What the status of a persistent volume claim may say of its size, and of how far a change of it is.
import type { PersistentVolumeClaim } from '../../../../shared/api/core/v1.ts'
import { type FieldError, invalidValue, notSupported } from '../../../../shared/machinery/field-error.ts'
import { qualifiedName } from '../../../../shared/machinery/names.ts'
import { isQuantity, parseQuantity } from '../../../../shared/machinery/quantity.ts'
import { isNativeResource } from '../../../../shared/machinery/resource-name.ts'
import { entries } from '../support/collections.ts'
import { obey } from '../support/rules.ts'

const RESIZE_STATUSES = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
]

function basicAmount(path: string, amount: string | number): FieldError[] {
  const value = isQuantity(amount) ? parseQuantity(amount).value() : 0
  return value < 0 ? [invalidValue(path, value, 'must be a valid resource quantity')] : []
}

/** Of what is Kubernetes' own, claims have room alone. */
function resourceKey(path: string, name: string): FieldError[] {
  const errors = obey(path, name, qualifiedName)
  if (errors.length > 0 || !isNativeResource(name) || name === 'storage') return errors
  return [notSupported(path, name, ['storage'])]
}

export function validateClaimStatus({ status }: PersistentVolumeClaim): FieldError[] {
  const [statuses, allocated] = ['status.allocatedResourceStatuses', 'status.allocatedResources'] as const
  return [
    ...entries(status.capacity).flatMap(([name, amount]) => basicAmount(`status.capacity[${name}]`, amount)),
    ...entries(status.allocatedResourceStatuses).flatMap(([name, resize]) => [
      ...resourceKey(statuses, name),
      ...(RESIZE_STATUSES.includes(resize) ? [] : [notSupported(statuses, name, RESIZE_STATUSES)]),
    ]),
    ...entries(status.allocatedResources).flatMap(([name, amount]) => {
      const errors = resourceKey(allocated, name)
      return errors.length > 0 ? errors : basicAmount(`${allocated}[${name}]`, amount)
    }),
  ]
}
