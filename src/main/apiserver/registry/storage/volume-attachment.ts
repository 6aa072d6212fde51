// VolumeAttachments.
import { VolumeAttachment } from '../../../../shared/api/storage/v1.ts'
import { ageColumn, boolean, nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'
import {
  validateVolumeAttachment,
  validateVolumeAttachmentStatus,
  validateVolumeAttachmentUpdate,
} from './validate-attachment.ts'
import { ensureStructs, statusOnly, bareStatusStrategy } from '../support/strategy.ts'

export const volumeAttachments = defineResource<VolumeAttachment>({
  type: VolumeAttachment,
  updatesNeedVersion: true,
  setDefaults: attachment => {
    ensureStructs(attachment, 'spec', 'status')
    attachment.status.attached ??= false
  },
  ...statusOnly({ attached: false }),
  validate: validateVolumeAttachment,
  validateUpdate: validateVolumeAttachmentUpdate,
  status: bareStatusStrategy<VolumeAttachment>(validateVolumeAttachmentStatus),
  columns: [
    nameColumn,
    { ...text('Attacher', 'Driver that attaches the volume.', a => a.spec.attacher), format: 'name' },
    text('PV', 'Volume.', attachment => attachment.spec.source?.persistentVolumeName ?? ''),
    text('Node', 'Node that it is attached to.', attachment => attachment.spec.nodeName),
    boolean('Attached', 'Whether it is attached.', attachment => attachment.status.attached),
    ageColumn,
  ],
})
