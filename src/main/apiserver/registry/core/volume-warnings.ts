// What is accepted in volumes, and still worth a word.
import type { PersistentVolume, PersistentVolumeSpec } from '../../../../shared/api/core/v1.ts'
import { list } from '../support/collections.ts'
import { OLD_CLASS, oldAnnotations, oldNodeLabelsIn } from '../support/warnings.ts'

const OLD_ANNOTATIONS = {
  ...OLD_CLASS,
  'volume.beta.kubernetes.io/mount-options': 'deprecated since v1.31; use "mountOptions" attribute instead',
}

/** In the order in which upstream names them, by the name that it gives them. */
const OLD_SOURCES: readonly (readonly [keyof PersistentVolumeSpec, name: string, why: string])[] = [
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
]

export const volumeWarnings = ({ metadata, spec }: PersistentVolume): string[] => [
  ...oldAnnotations('metadata.annotations', metadata, OLD_ANNOTATIONS),
  ...(spec.persistentVolumeReclaimPolicy === 'Recycle'
    ? [
        'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
      ]
    : []),
  ...list(spec.nodeAffinity?.required?.nodeSelectorTerms).flatMap(({ matchExpressions }, i) =>
    oldNodeLabelsIn(`spec.nodeAffinity.required.nodeSelectorTerms[${i}]`, matchExpressions),
  ),
  ...OLD_SOURCES.flatMap(([field, name, why]) => (spec[field] ? [`spec.${name}: ${why}`] : [])),
]
