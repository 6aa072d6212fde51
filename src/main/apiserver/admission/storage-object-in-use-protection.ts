// StorageObjectInUseProtection: claims, volumes and their classes of attributes are held from their first moment on; the
// protection controllers let them go when nothing uses them.
// @see https://kubernetes.io/docs/concepts/storage/persistent-volumes/#storage-object-in-use-protection
import { PersistentVolume, PersistentVolumeClaim } from '../../../shared/api/core/v1.ts'
import { VolumeAttributesClass } from '../../../shared/api/storage/v1.ts'
import type { AdmissionPlugin } from './contract.ts'
import { isCreateOf } from './is-type.ts'

const PROTECTED = [
  { type: PersistentVolumeClaim, finalizer: 'kubernetes.io/pvc-protection' },
  { type: PersistentVolume, finalizer: 'kubernetes.io/pv-protection' },
  { type: VolumeAttributesClass, finalizer: 'kubernetes.io/vac-protection' },
]

export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  kinds: PROTECTED.map(({ type }) => type),
  mutate(request) {
    const { object } = request
    const found = PROTECTED.find(({ type }) => isCreateOf(request, type))
    if (!found || !object || object.metadata.finalizers?.includes(found.finalizer)) return
    object.metadata.finalizers = [...(object.metadata.finalizers ?? []), found.finalizer]
  },
}
