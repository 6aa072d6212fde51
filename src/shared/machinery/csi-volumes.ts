// What volumes of CSI drivers are called where nodes and the control plane speak of them.
import type { CSIPersistentVolumeSource } from '../api/core/v1.ts'

type Handle = Pick<CSIPersistentVolumeSource, 'driver' | 'volumeHandle'>

/** On a node: its volumes are attached and detached by the control plane. */
export const CONTROLLER_ATTACHES = 'volumes.kubernetes.io/controller-managed-attach-detach'

const PLUGIN = 'kubernetes.io/csi/'
const SEPARATOR = '^'

/** @returns as `volumesInUse` and `volumesAttached` of a node's status have it */
export const uniqueVolumeName = ({ driver, volumeHandle }: Handle): string =>
  `${PLUGIN}${driver}${SEPARATOR}${volumeHandle}`

/** @returns undefined for what is no volume of a CSI driver */
export function parseVolumeName(name: string): Handle | undefined {
  const at = name.indexOf(SEPARATOR)
  if (!name.startsWith(PLUGIN) || at < 0) return undefined
  return { driver: name.slice(PLUGIN.length, at), volumeHandle: name.slice(at + 1) }
}

/** @param sha256 of a text, in hexadecimal digits @returns the VolumeAttachment's name */
export const attachmentName = (sha256: (text: string) => string, volume: Handle, nodeName: string): string =>
  `csi-${sha256(`${volume.volumeHandle}${volume.driver}${nodeName}`)}`

/** Whether it can be the name of a VolumeAttachment that the control plane made: others are their makers'. */
export const isAttachmentName = (name: string): boolean => /^csi-[0-9a-f]{64}$/.test(name)
