// StorageClasses.
import { StorageClass } from '../../../../shared/api/storage/v1.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import { list, lookup } from '../support/collections.ts'
import { oldNodeLabel } from '../support/warnings.ts'
import { validateStorageClass, validateStorageClassUpdate } from './validate-storage-class.ts'

const isDefault = ({ metadata: { annotations } }: StorageClass) =>
  lookup(annotations, 'storageclass.kubernetes.io/is-default-class') === 'true' ||
  lookup(annotations, 'storageclass.beta.kubernetes.io/is-default-class') === 'true'

export const storageClasses = defineResource<StorageClass>({
  type: StorageClass,
  shortNames: ['sc'],
  setDefaults: storage => {
    storage.reclaimPolicy ??= 'Delete'
    storage.volumeBindingMode ??= 'Immediate'
  },
  validate: validateStorageClass,
  validateUpdate: validateStorageClassUpdate,
  warnings: ({ allowedTopologies }) =>
    list(allowedTopologies).flatMap(({ matchLabelExpressions }, i) =>
      list(matchLabelExpressions).flatMap(({ key }, j) =>
        oldNodeLabel(`allowedTopologies[${i}].matchLabelExpressions[${j}].key`, key),
      ),
    ),
  columns: [
    { ...nameColumn, value: s => (isDefault(s) ? `${s.metadata.name} (default)` : s.metadata.name) },
    text('Provisioner', 'Who makes the volumes.', storage => storage.provisioner),
    text('ReclaimPolicy', 'What happens when the claim goes.', storage => storage.reclaimPolicy ?? 'Delete'),
    text('VolumeBindingMode', 'When volumes are bound.', storage => storage.volumeBindingMode ?? 'Immediate'),
    text('AllowVolumeExpansion', 'Whether volumes can grow.', storage => storage.allowVolumeExpansion ?? false),
    ageColumn,
  ],
})
