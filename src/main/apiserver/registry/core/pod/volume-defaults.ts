// Defaults of volumes.
import type { DownwardAPIVolumeFile, Volume, VolumeProjection } from '../../../../../shared/api/core/v1.ts'
import { list } from '../../support/collections.ts'
import { defaultPullPolicy } from './image-tag.ts'

/** 0644 */
const FILE_MODE = 420

function setFileDefaults(files: readonly DownwardAPIVolumeFile[] | undefined): void {
  for (const file of list(files)) {
    if (file.fieldRef) file.fieldRef.apiVersion ||= 'v1'
    if (file.resourceFieldRef) file.resourceFieldRef.divisor ??= '0'
  }
}

function setProjectionDefaults(projection: VolumeProjection): void {
  setFileDefaults(projection.downwardAPI?.items)
  if (projection.serviceAccountToken) projection.serviceAccountToken.expirationSeconds ??= 3600
  // Nobody issues certificates to pods.
  delete projection.podCertificate
}

export function setVolumeDefaults(volume: Volume): void {
  if (Object.keys(volume).every(key => key === 'name')) volume.emptyDir = {}
  for (const source of [volume.secret, volume.configMap, volume.downwardAPI, volume.projected])
    if (source) source.defaultMode ??= FILE_MODE
  setFileDefaults(volume.downwardAPI?.items)
  for (const projection of list(volume.projected?.sources)) setProjectionDefaults(projection)
  if (volume.hostPath) volume.hostPath.type ??= ''
  if (volume.image) volume.image.pullPolicy ||= defaultPullPolicy(volume.image.reference ?? '')
  const claim = volume.ephemeral?.volumeClaimTemplate
  if (claim?.spec) claim.spec.volumeMode ??= 'Filesystem'
  const { iscsi, rbd, azureDisk, scaleIO } = volume
  if (iscsi) iscsi.iscsiInterface ||= 'default'
  if (rbd) {
    rbd.pool ||= 'rbd'
    rbd.user ||= 'admin'
    rbd.keyring ||= '/etc/ceph/keyring'
  }
  if (azureDisk) {
    azureDisk.cachingMode ??= 'ReadWrite'
    azureDisk.kind ??= 'Shared'
    azureDisk.fsType ??= 'ext4'
    azureDisk.readOnly ??= false
  }
  if (scaleIO) {
    scaleIO.storageMode ||= 'ThinProvisioned'
    scaleIO.fsType ||= 'xfs'
  }
}
