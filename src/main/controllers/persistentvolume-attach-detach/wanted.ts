// Which volumes the pods of a node need to be attached there.
import { createHash } from 'node:crypto'
import {
  type ContainerStatus,
  type CSIPersistentVolumeSource,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
} from '../../../shared/api/core/v1.ts'
import { CSIDriver, type VolumeAttachment } from '../../../shared/api/storage/v1.ts'
import type { Index } from '../../../shared/client/lister.ts'
import type { ControllerContext } from '../../../shared/client/reconciler.ts'
import { attachmentName, isAttachmentName } from '../../../shared/machinery/csi-volumes.ts'
import { controllerOf } from '../../../shared/machinery/owner.ts'
import { podClaims } from '../../../shared/machinery/volume-claims.ts'
import { isPodTerminal } from '../support/pod-state.ts'
import { podsByNode } from '../support/pods-by-node.ts'

export interface WantedVolume {
  readonly volume: PersistentVolume
  readonly csi: CSIPersistentVolumeSource
  /** Those that need it, on this node. */
  readonly pods: readonly Pod[]
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

export const attachmentNameOf = (csi: CSIPersistentVolumeSource, nodeName: string): string =>
  attachmentName(sha256, csi, nodeName)

/** Pods that are on a node, by the claims that they mount. */
export const placedPodsByClaim: Index<Pod> = {
  name: 'placedPodsByClaim',
  values: ({ metadata, spec }) =>
    spec.nodeName ? podClaims({ metadata, spec } as Pod).map(({ name }) => `${metadata.namespace}/${name}`) : [],
}

/** Without those that somebody else made, which are neither kept nor taken away here. */
export const attachmentsByNode: Index<VolumeAttachment> = {
  name: 'attachmentsByNode',
  values: ({ metadata, spec }) => (isAttachmentName(metadata.name) ? [spec.nodeName] : []),
}

export const attachmentsByVolume: Index<VolumeAttachment> = {
  name: 'attachmentsByVolume',
  values: ({ spec: { source } }) => (source.persistentVolumeName ? [source.persistentVolumeName] : []),
}

const isRunning = ({ state }: ContainerStatus): boolean => !state?.terminated && !state?.waiting

/** Whether its volumes may go as soon as its node has let go of them. */
export function hasEnded(pod: Pod): boolean {
  const { initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] } = pod.status
  const all = [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses]
  return isPodTerminal(pod) || (pod.metadata.deletionTimestamp !== undefined && !all.some(isRunning))
}

/** @returns what is to be attached to the node, by the name of its VolumeAttachment */
export function wantedVolumes(nodeName: string, { lister }: ControllerContext): Map<string, WantedVolume> {
  const wanted = new Map<string, WantedVolume>()
  for (const pod of lister(Pod).by(podsByNode, nodeName)) {
    if (hasEnded(pod)) continue
    for (const claim of podClaims(pod)) {
      const volume = boundVolume(pod, claim, lister)
      const csi = volume?.spec.csi
      if (!volume || !csi) continue
      // A driver that tells nothing of itself may need it.
      if (lister(CSIDriver).get({ name: csi.driver })?.spec.attachRequired === false) continue
      const name = attachmentNameOf(csi, nodeName)
      wanted.set(name, { volume, csi, pods: [...(wanted.get(name)?.pods ?? []), pod] })
    }
  }
  return wanted
}

function boundVolume(
  { metadata: { namespace, uid } }: Pod,
  { name, ephemeral }: ReturnType<typeof podClaims>[number],
  lister: ControllerContext['lister'],
): PersistentVolume | undefined {
  const claim = lister(PersistentVolumeClaim).get({ namespace, name })
  if (claim?.status.phase !== 'Bound' || !claim.spec.volumeName) return undefined
  if (ephemeral && controllerOf(claim)?.uid !== uid) return undefined
  const volume = lister(PersistentVolume).get({ name: claim.spec.volumeName })
  return volume?.spec.claimRef?.uid === claim.metadata.uid ? volume : undefined
}

/** Whether only one node may have it at a time. A volume that says nothing is its driver's to judge. */
export const isExclusive = ({ spec: { accessModes = [] } }: PersistentVolume): boolean =>
  accessModes.length > 0 && !accessModes.some(mode => mode === 'ReadWriteMany' || mode === 'ReadOnlyMany')
