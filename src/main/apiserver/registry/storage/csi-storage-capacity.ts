// CSIStorageCapacities.
import { CSIStorageCapacity } from '../../../../shared/api/storage/v1.ts'
import { UNSET, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'

export const csiStorageCapacities = defineResource<CSIStorageCapacity>({
  type: CSIStorageCapacity,
  columns: [
    nameColumn,
    text('StorageClassName', 'Class of the storage.', capacity => capacity.storageClassName),
    text('Capacity', 'What is left.', capacity => String(capacity.capacity ?? UNSET)),
  ],
})
