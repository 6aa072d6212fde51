// What is accepted in claims, and still worth a word.
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../../../../shared/api/core/v1.ts'
import { fractionOfByte, OLD_CLASS, oldAnnotations } from '../support/warnings.ts'

export const claimSpecWarnings = (path: string, { resources }: PersistentVolumeClaimSpec): string[] => [
  ...fractionOfByte(`${path}.resources.requests`, resources?.requests, 'storage'),
  ...fractionOfByte(`${path}.resources.limits`, resources?.limits, 'storage'),
]

export const claimWarnings = ({ metadata, spec }: PersistentVolumeClaim): string[] => [
  ...oldAnnotations('metadata.annotations', metadata, OLD_CLASS),
  ...claimSpecWarnings('spec', spec),
]
