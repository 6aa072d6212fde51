// Where a pod's volumes lie on its node, as upstream lays them out: programs that look after volumes from outside of
// pods, such as those that back them up, find them by these names.
//
//   pods/<uid>/volumes/kubernetes.io~empty-dir/<volume>      also image, projected and the kinds that are projections
//   pods/<uid>/volumes/kubernetes.io~nfs/<volume>            of a claim: the name of its PersistentVolume
//   pods/<uid>/volumes/kubernetes.io~local-volume/<volume>   shows the folder of the node's disk, or is a device's file system
//   pods/<uid>/volumes/kubernetes.io~csi/…                   see csi-paths.ts
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Volume } from '../../../shared/api/core/v1.ts'

/** What upstream calls the kinds that have a folder of the pod. */
const PLUGINS = {
  emptyDir: 'empty-dir',
  image: 'image',
  nfs: 'nfs',
  local: 'local-volume',
  configMap: 'configmap',
  secret: 'secret',
  downwardAPI: 'downward-api',
  projected: 'projected',
} as const
type Kind = keyof typeof PLUGINS
const KINDS = Object.keys(PLUGINS) as Kind[]

export const volumesFolder = (podDir: string): string => join(podDir, 'volumes')

/** @param name of the volume in the pod's spec, or of the PersistentVolume */
export const volumeFolder = (podDir: string, kind: Kind, name: string): string =>
  join(volumesFolder(podDir), `kubernetes.io~${PLUGINS[kind]}`, name)

/** @returns undefined for a volume that is elsewhere: a path of the host, a claim, a driver's */
export async function ownFolderOf(podDir: string, volume: Volume): Promise<string | undefined> {
  const kind = KINDS.find(each => (volume as unknown as Partial<Record<Kind, object>>)[each])
  return kind && folderInUse(podDir, kind, volume.name)
}

/** Of a pod that an older agent began: the folder that its containers have. No volume is called as a kind's folder is. */
const olderFolder = async (podDir: string, name: string): Promise<string | undefined> => {
  const folder = join(volumesFolder(podDir), name)
  return (await stat(folder).catch(() => undefined)) && folder
}

/** @param name of the volume in the pod's spec */
export const folderInUse = async (podDir: string, kind: Kind, name: string): Promise<string> =>
  (await olderFolder(podDir, name)) ?? volumeFolder(podDir, kind, name)

/** @param inSpec what the pod calls a volume that is a PersistentVolume */
export async function nfsMountPoint(podDir: string, name: string, inSpec = name): Promise<string> {
  const older = await olderFolder(podDir, inSpec)
  return older === undefined ? volumeFolder(podDir, 'nfs', name) : join(older, 'mount')
}
