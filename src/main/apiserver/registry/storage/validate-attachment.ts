// What a VolumeAttachment must look like: one volume, which does not become another one.
import type { VolumeAttachment } from '../../../../shared/api/storage/v1.ts'
import { type FieldError, forbiddenField, required } from '../../../../shared/machinery/field-error.ts'
import { dns1123Subdomain } from '../../../../shared/machinery/names.ts'
import { immutable, obey } from '../support/rules.ts'
import { csiDriverName } from './validate-csi.ts'

const ONE = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'

function sourceErrors(path: string, source: Partial<VolumeAttachment['spec']['source']>): FieldError[] {
  const { persistentVolumeName: name, inlineVolumeSpec } = source
  if (name === undefined) return inlineVolumeSpec ? [] : [required(path, ONE)]
  const at = `${path}.persistentVolumeName`
  return [
    ...(inlineVolumeSpec ? [forbiddenField(path, ONE)] : []),
    ...(name === '' && !inlineVolumeSpec ? [required(at, 'must specify non empty persistentVolumeName')] : []),
    ...obey(at, name, dns1123Subdomain),
  ]
}

export const validateVolumeAttachment = ({ spec }: VolumeAttachment): FieldError[] => [
  ...csiDriverName('spec.attacher', spec.attacher),
  ...sourceErrors('spec.source', spec.source ?? {}),
  ...obey('spec.nodeName', spec.nodeName ?? '', dns1123Subdomain),
]

export const validateVolumeAttachmentUpdate = (attachment: VolumeAttachment, old: VolumeAttachment): FieldError[] =>
  immutable('spec', attachment.spec, old.spec)
