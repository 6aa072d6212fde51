// What a VolumeAttachment must look like: one volume, which does not become another one.
import type { VolumeAttachment } from '../../../../shared/api/storage/v1.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
  tooLong,
} from '../../../../shared/machinery/field-error.ts'
import { byteLength, dns1123Subdomain } from '../../../../shared/machinery/names.ts'
import { MAX_INT32, immutable, obey } from '../support/rules.ts'
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

const LONGEST_METADATA = 256 * 1024
const LONGEST_MESSAGE = 1024

function volumeErrors(path: string, error: VolumeAttachment['status']['attachError']): FieldError[] {
  const { message = '', errorCode = 0 } = error ?? {}
  return [
    // Upstream tells another limit than it holds.
    ...(byteLength(message) > LONGEST_MESSAGE ? [tooLong(`${path}.message`, LONGEST_METADATA)] : []),
    ...(errorCode < 0
      ? [invalidValue(`${path}.errorCode`, errorCode, `must be between 0 and ${MAX_INT32}, inclusive`)]
      : []),
  ]
}

export function validateVolumeAttachmentStatus({ status }: VolumeAttachment): FieldError[] {
  const { attachmentMetadata = {}, attachError, detachError } = status
  const bytes = Object.entries(attachmentMetadata).reduce((sum, entry) => sum + byteLength(entry.join('')), 0)
  return [
    ...(bytes > LONGEST_METADATA ? [tooLong('status.attachmentMetadata', LONGEST_METADATA)] : []),
    ...volumeErrors('status.attachError', attachError),
    ...volumeErrors('status.detachError', detachError),
  ]
}
