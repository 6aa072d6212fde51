// PersistentVolumeClaimResize: only a claim whose class allows it may ask for more later.
import { PersistentVolumeClaim } from '../../../shared/api/core/v1.ts'
import type { StorageClass } from '../../../shared/api/storage/v1.ts'
import { forbidden } from '../../../shared/machinery/status.ts'
import { requestOf, storageClassOf } from '../../../shared/machinery/volume-claims.ts'
import type { ObjectStore } from '../../store/contract.ts'
import type { AdmissionPlugin } from './contract.ts'
import { isType } from './is-type.ts'

/** @see https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#persistentvolumeclaimresize */
export const volumeClaimResize = (store: ObjectStore): AdmissionPlugin => ({
  name: 'PersistentVolumeClaimResize',
  kinds: [PersistentVolumeClaim],
  validate(request) {
    if (request.operation !== 'UPDATE' || request.subresource !== '' || !isType(request, PersistentVolumeClaim)) return
    const claim = request.object as unknown as PersistentVolumeClaim
    const old = request.oldObject as unknown as PersistentVolumeClaim
    if (requestOf(claim).compare(requestOf(old)) <= 0) return
    const refuse = (why: string) => forbidden(PersistentVolumeClaim, request.name, why)
    if (old.status.phase !== 'Bound') throw refuse('Only bound persistent volume claims can be expanded')
    const className = storageClassOf(old)
    const found = className && store.get(`/registry/storage.k8s.io/storageclasses/${className}`)?.object
    const storageClass = found ? (found as unknown as StorageClass) : undefined
    if (!storageClass?.allowVolumeExpansion)
      throw refuse(
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
      )
  },
})
