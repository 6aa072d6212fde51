// PersistentVolumes.
import { PersistentVolume } from '../../../../shared/api/core/v1.ts'
import { formatTime } from '../../../../shared/machinery/clock.ts'
import { UNSET, ageColumn, nameColumn, text, wide } from '../columns/common.ts'
import { accessModesText } from '../columns/access-modes.ts'
import { defineResource } from '../resource.ts'
import { lookup } from '../support/collections.ts'
import { clearStatus, ensureStructs, keepSpec, keepStatus } from '../support/strategy.ts'
import { volumeWarnings } from './volume-warnings.ts'
import { validatePersistentVolume, validatePersistentVolumeUpdate } from './validate-volume.ts'

const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class'

export const persistentVolumes = defineResource<PersistentVolume>({
  type: PersistentVolume,
  shortNames: ['pv'],
  setDefaults: volume => {
    ensureStructs(volume, 'spec', 'status')
    volume.status.phase ||= 'Pending'
    volume.spec.persistentVolumeReclaimPolicy ||= 'Retain'
    volume.spec.volumeMode ??= 'Filesystem'
    if (volume.spec.hostPath) volume.spec.hostPath.type ??= ''
  },
  prepareForCreate: volume => {
    clearStatus(volume, { phase: 'Pending', lastPhaseTransitionTime: volume.metadata.creationTimestamp })
  },
  prepareForUpdate: keepStatus,
  status: {
    prepareForUpdate: (volume, old) => {
      keepSpec(volume, old)
      const { status } = volume
      const { phase, lastPhaseTransitionTime: before } = old.status
      if (status.phase !== phase && (status.lastPhaseTransitionTime ?? before) === before)
        status.lastPhaseTransitionTime = formatTime(Date.now())
      else if (before !== undefined) status.lastPhaseTransitionTime ??= before
    },
  },
  validate: validatePersistentVolume,
  validateUpdate: validatePersistentVolumeUpdate,
  warnings: volumeWarnings,
  columns: [
    nameColumn,
    text('Capacity', 'Size.', volume => String(lookup(volume.spec.capacity, 'storage') ?? '0')),
    text('Access Modes', 'How it may be mounted.', volume => accessModesText(volume.spec.accessModes)),
    text(
      'Reclaim Policy',
      'What happens when the claim goes.',
      volume => volume.spec.persistentVolumeReclaimPolicy ?? '',
    ),
    text('Status', 'Phase of the volume.', volume =>
      volume.metadata.deletionTimestamp ? 'Terminating' : (volume.status.phase ?? ''),
    ),
    text('Claim', 'Claim that it is bound to.', ({ spec: { claimRef } }) =>
      claimRef ? `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}` : '',
    ),
    text(
      'StorageClass',
      'Class of the volume.',
      ({ metadata, spec }) => lookup(metadata.annotations, BETA_CLASS) ?? spec.storageClassName ?? '',
    ),
    text(
      'VolumeAttributesClass',
      'Attributes class of the volume.',
      volume => volume.spec.volumeAttributesClassName ?? UNSET,
    ),
    text('Reason', 'Why it is in that phase.', volume => volume.status.reason ?? ''),
    ageColumn,
    wide(text('VolumeMode', 'Filesystem or block device.', volume => volume.spec.volumeMode ?? UNSET)),
  ],
})
