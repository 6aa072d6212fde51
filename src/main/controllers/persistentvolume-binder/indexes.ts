// How the binder finds claims and volumes that concern each other.
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../../shared/api/core/v1.ts'
import type { Index } from '../../../shared/client/lister.ts'
import { isFullyBound, podClaims, storageClassOf } from '../../../shared/machinery/volume-claims.ts'

export const keyOf = ({ namespace = '', name = '' }: { namespace?: string; name?: string }): string =>
  `${namespace}/${name}`

/** Claims without a volume, by their class. */
export const unboundByClass: Index<PersistentVolumeClaim> = {
  name: 'unboundByClass',
  values: claim => (isFullyBound(claim) ? [] : [storageClassOf(claim)]),
}

/** Claims by the volume that they are bound to or ask for. */
export const claimsByVolume: Index<PersistentVolumeClaim> = {
  name: 'claimsByVolume',
  values: ({ spec: { volumeName } }) => (volumeName ? [volumeName] : []),
}

/** Volumes by the claim that they are bound to or reserved for. */
export const volumesByClaim: Index<PersistentVolume> = {
  name: 'volumesByClaim',
  values: ({ spec: { claimRef } }) => (claimRef ? [keyOf(claimRef)] : []),
}

/** Volumes by class. */
export const volumesByClass: Index<PersistentVolume> = {
  name: 'volumesByClass',
  values: volume => [storageClassOf(volume)],
}

/** Pods that have no node yet, by the claims that they mount. */
export const waitingPodsByClaim: Index<Pod> = {
  name: 'waitingPodsByClaim',
  values: pod =>
    pod.spec.nodeName ? [] : podClaims(pod).map(({ name }) => keyOf({ namespace: pod.metadata.namespace, name })),
}
