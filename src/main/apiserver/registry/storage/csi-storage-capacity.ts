// CSIStorageCapacities.
import { CSIStorageCapacity } from '../../../../shared/api/storage/v1.ts'
import { invalidValue } from '../../../../shared/machinery/field-error.ts'
import { dns1123Subdomain } from '../../../../shared/machinery/names.ts'
import { parseQuantity, zero } from '../../../../shared/machinery/quantity.ts'
import { UNSET, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { immutable, requiredAnd, validateLabelSelector } from '../support/rules.ts'

const notNegative = (path: string, amount: string | number | undefined) =>
  amount !== undefined && parseQuantity(amount).compare(zero) < 0
    ? [invalidValue(path, String(amount), 'must be greater than or equal to 0')]
    : []

export const csiStorageCapacities = defineResource<CSIStorageCapacity>({
  type: CSIStorageCapacity,
  validate: ({ storageClassName, nodeTopology, capacity, maximumVolumeSize }) => [
    ...requiredAnd('storageClassName', storageClassName, dns1123Subdomain),
    ...validateLabelSelector('nodeTopology', nodeTopology),
    ...notNegative('capacity', capacity),
    ...notNegative('maximumVolumeSize', maximumVolumeSize),
  ],
  validateUpdate: (capacity, old) => [
    ...immutable('nodeTopology', capacity.nodeTopology, old.nodeTopology),
    ...immutable('storageClassName', capacity.storageClassName, old.storageClassName),
  ],
  columns: [
    nameColumn,
    text('StorageClassName', 'Class of the storage.', capacity => capacity.storageClassName),
    text('Capacity', 'What is left.', capacity => String(capacity.capacity ?? UNSET)),
  ],
})
