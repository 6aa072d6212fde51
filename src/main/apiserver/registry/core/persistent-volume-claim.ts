// PersistentVolumeClaims.
import { PersistentVolumeClaim } from '../../../../shared/api/core/v1.ts'
import { UNSET, ageColumn, nameColumn, text, wide } from '../columns/common.ts'
import { accessModesText } from '../columns/access-modes.ts'
import { defineResource } from '../resource.ts'
import { lookup } from '../support/collections.ts'
import { clearStatus, keepStatus, statusStrategy } from '../support/strategy.ts'
import { setClaimDefaults, settleDataSources } from './claim-defaults.ts'
import { claimWarnings } from './claim-warnings.ts'
import { validateClaimStatus } from './validate-claim-status.ts'
import { validatePersistentVolumeClaim, validatePersistentVolumeClaimUpdate } from './validate-volume.ts'

const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class'

export const persistentVolumeClaims = defineResource<PersistentVolumeClaim>({
  type: PersistentVolumeClaim,
  shortNames: ['pvc'],
  setDefaults: setClaimDefaults,
  prepareForCreate: claim => {
    clearStatus(claim, { phase: 'Pending' })
    settleDataSources(claim)
  },
  prepareForUpdate: (claim, old) => {
    keepStatus(claim, old)
    settleDataSources(claim, old)
  },
  status: statusStrategy<PersistentVolumeClaim>(validateClaimStatus),
  validate: validatePersistentVolumeClaim,
  validateUpdate: validatePersistentVolumeClaimUpdate,
  warnings: claimWarnings,
  columns: [
    nameColumn,
    text('Status', 'Phase of the claim.', claim =>
      claim.metadata.deletionTimestamp ? 'Terminating' : (claim.status.phase ?? ''),
    ),
    text('Volume', 'Volume that it is bound to.', claim => claim.spec.volumeName ?? ''),
    text('Capacity', 'Size of the volume.', ({ spec, status }) =>
      spec.volumeName ? String(lookup(status.capacity, 'storage') ?? '0') : '',
    ),
    text('Access Modes', 'How it may be mounted.', ({ spec, status }) =>
      spec.volumeName ? accessModesText(status.accessModes) : '',
    ),
    text(
      'StorageClass',
      'Class of the volume.',
      ({ metadata, spec }) => lookup(metadata.annotations, BETA_CLASS) ?? spec.storageClassName ?? '',
    ),
    text(
      'VolumeAttributesClass',
      'Attributes class of the volume.',
      claim => claim.spec.volumeAttributesClassName ?? UNSET,
    ),
    ageColumn,
    wide(text('VolumeMode', 'Filesystem or block device.', claim => claim.spec.volumeMode ?? UNSET)),
  ],
})
