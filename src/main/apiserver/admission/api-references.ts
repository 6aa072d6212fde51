// Which kind of object of the API a pod needs: one that a node tells of, and that nobody else made, may need none.
import type { Pod, Volume } from '../../../shared/api/core/v1.ts'
import { configurationOf } from '../../../shared/machinery/pod-configuration.ts'

function ofVolume({ csi, ephemeral, glusterfs, persistentVolumeClaim, projected }: Volume): string | undefined {
  if (csi) return 'csidrivers (via CSI volumes)'
  if (glusterfs) return 'endpoints (via glusterFS volumes)'
  if (persistentVolumeClaim) return 'persistentvolumeclaims'
  if (ephemeral) return 'persistentvolumeclaims (via ephemeral volumes)'
  for (const { clusterTrustBundle, serviceAccountToken } of projected?.sources ?? []) {
    if (serviceAccountToken) return 'serviceaccounts (via projected volumes)'
    if (clusterTrustBundle) return 'clustertrustbundles'
  }
  return undefined
}

/** @returns the plural name of the first kind that is found; undefined for a pod that needs nothing of the API */
export function apiReferenceOf({ spec }: Pick<Pod, 'spec'>): string | undefined {
  if (spec.serviceAccountName) return 'serviceaccounts'
  const { secrets, configMaps } = configurationOf({ spec })
  if (secrets.length > 0) return 'secrets'
  if (configMaps.length > 0) return 'configmaps'
  if (spec.resourceClaims?.length) return 'resourceclaims'
  return spec.volumes?.map(ofVolume).find(found => found !== undefined)
}
