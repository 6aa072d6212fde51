// DefaultStorageClass and DefaultIngressClass: what asks for no class gets the one that is marked as the default.
import { PersistentVolumeClaim } from '../../../shared/api/core/v1.ts'
import { Ingress } from '../../../shared/api/networking/v1.ts'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import type { ObjectStore } from '../../store/contract.ts'
import type { AdmissionPlugin } from './contract.ts'
import { isCreateOf } from './is-type.ts'

const STORAGE_DEFAULT = 'storageclass.kubernetes.io/is-default-class'
const BETA_STORAGE_DEFAULT = 'storageclass.beta.kubernetes.io/is-default-class'
const INGRESS_DEFAULT = 'ingressclass.kubernetes.io/is-default-class'

/** @returns the newest of the marked classes; of equally old ones the first by name */
function markedDefault(store: ObjectStore, prefix: string, annotations: readonly string[]): AnyObject | undefined {
  const marked = store
    .list(prefix)
    .items.map(({ object }) => object)
    .filter(({ metadata }) => annotations.some(key => metadata.annotations?.[key] === 'true'))
  return marked.reduce<AnyObject | undefined>(
    (newest, next) => (newest && newest.metadata.creationTimestamp >= next.metadata.creationTimestamp ? newest : next),
    undefined,
  )
}

/** @see https://kubernetes.io/docs/concepts/storage/storage-classes/#default-storageclass */
export const defaultStorageClass = (store: ObjectStore): AdmissionPlugin => ({
  name: 'DefaultStorageClass',
  kinds: [PersistentVolumeClaim],
  mutate(request) {
    if (!isCreateOf(request, PersistentVolumeClaim)) return
    const claim = request.object as unknown as PersistentVolumeClaim
    const legacy = claim.metadata.annotations?.['volume.beta.kubernetes.io/storage-class']
    // An empty name is a decision: no class at all.
    if (claim.spec.storageClassName !== undefined || legacy !== undefined) return
    const found = markedDefault(store, '/registry/storage.k8s.io/storageclasses/', [STORAGE_DEFAULT, BETA_STORAGE_DEFAULT]) // prettier-ignore
    if (found) claim.spec.storageClassName = found.metadata.name
  },
})

/** @see https://kubernetes.io/docs/concepts/services-networking/ingress/#default-ingress-class */
export const defaultIngressClass = (store: ObjectStore): AdmissionPlugin => ({
  name: 'DefaultIngressClass',
  kinds: [Ingress],
  mutate(request) {
    if (!isCreateOf(request, Ingress)) return
    const ingress = request.object as unknown as Ingress
    const legacy = ingress.metadata.annotations?.['kubernetes.io/ingress.class']
    if (ingress.spec.ingressClassName !== undefined || legacy !== undefined) return
    const found = markedDefault(store, '/registry/networking.k8s.io/ingressclasses/', [INGRESS_DEFAULT])
    if (found) ingress.spec.ingressClassName = found.metadata.name
  },
})
