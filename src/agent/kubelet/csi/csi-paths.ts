// Where volumes of CSI drivers lie on a node, as upstream lays them out, and the notes that lie beside them: what is
// mounted is known again after the agent's start, and is taken down without asking the cluster.
//
//   pods/<uid>/volumes/kubernetes.io~csi/<volume>/mount                  what the pod's containers get
//   pods/<uid>/volumes/kubernetes.io~csi/<volume>/vol_data.json
//   pods/<uid>/volumes/kubernetes.io~csi/<volume>~pv/…                   of a PersistentVolume that is called as one of the pod's own
//   plugins/kubernetes.io/csi/<driver>/<sha256 of handle>/globalmount    staged, for all pods of the node
//   plugins/kubernetes.io/csi/<driver>/<sha256 of handle>/vol_data.json
// and of block devices
//   plugins/kubernetes.io/csi/volumeDevices/publish/<volume>/<uid>       the device
//   plugins/kubernetes.io/csi/volumeDevices/staging/<volume>
//   plugins/kubernetes.io/csi/volumeDevices/<volume>/data/vol_data.json
//   pods/<uid>/volumeDevices/kubernetes.io~csi/<volume>                  link to the device
import { createHash } from 'node:crypto'
import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { uniqueVolumeName } from '../../../shared/machinery/csi-volumes.ts'

export type Lifecycle = 'Persistent' | 'Ephemeral'

/** The fields are upstream's. */
export interface VolumeData {
  /** Name of the PersistentVolume, or of a pod's own volume. */
  readonly specVolID: string
  readonly volumeHandle: string
  readonly driverName: string
  readonly nodeName: string
  readonly volumeLifecycleMode: Lifecycle
  readonly attachmentID: string
}

export interface Published {
  readonly data: VolumeData
  readonly podUid: string
  readonly target: string
  readonly isBlock: boolean
}

export interface Staged {
  readonly data: Pick<VolumeData, 'specVolID' | 'volumeHandle' | 'driverName'>
  readonly target: string
  readonly isBlock: boolean
}

const OF_PODS = 'kubernetes.io~csi'
const NOTE = 'vol_data.json'

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

export const keyOfData = ({ driverName, volumeHandle }: Pick<VolumeData, 'driverName' | 'volumeHandle'>): string =>
  uniqueVolumeName({ driver: driverName, volumeHandle })

const pluginsOf = (dataDir: string): string => join(dataDir, 'plugins', 'kubernetes.io', 'csi')
const devicesOf = (dataDir: string): string => join(pluginsOf(dataDir), 'volumeDevices')

export const mountPath = (podDir: string, volume: string): string => join(podDir, 'volumes', OF_PODS, volume, 'mount')
/** No name of a volume ends so. */
const NAMESAKE = '~pv'
export const persistentMountPath = (
  podDir: string,
  volume: string,
  { isNamesake }: { readonly isNamesake: boolean },
): string => mountPath(podDir, isNamesake ? `${volume}${NAMESAKE}` : volume)
export const stagingPath = (dataDir: string, driver: string, handle: string): string =>
  join(pluginsOf(dataDir), driver, sha256(handle), 'globalmount')

export const blockPaths = (dataDir: string, volume: string) => {
  const root = devicesOf(dataDir)
  const own = join(root, volume)
  const publishFolder = join(root, 'publish', volume)
  return {
    staging: join(root, 'staging', volume),
    publishFolder,
    publish: (podUid: string) => join(publishFolder, podUid),
    /** The node's own files of the volume. */
    own,
    note: join(own, 'data', NOTE),
  }
}
export const deviceLink = (podDir: string, volume: string): string => join(podDir, 'volumeDevices', OF_PODS, volume)

export const noteBeside = (target: string): string => join(dirname(target), NOTE)

/** Whole or not at all, whatever happens meanwhile. */
export async function writeNote(path: string, data: object): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o750 })
  await writeFile(`${path}.tmp`, JSON.stringify(data), { mode: 0o600 })
  await rename(`${path}.tmp`, path)
}

/** @returns undefined where there is none, or a power cut left nothing of it: then nothing is mounted either */
async function readNote(path: string): Promise<VolumeData | undefined> {
  try {
    const note = JSON.parse(await readFile(path, 'utf8')) as Partial<VolumeData>
    const { specVolID = '', volumeHandle, driverName, nodeName = '', attachmentID = '' } = note
    if (typeof volumeHandle !== 'string' || typeof driverName !== 'string') return undefined
    const { volumeLifecycleMode = 'Persistent' } = note
    return { specVolID, volumeHandle, driverName, nodeName, volumeLifecycleMode, attachmentID }
  } catch {
    return undefined
  }
}

const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(() => [])

/** @returns what pods may have mounted, by the notes of another run */
export async function findPublished(dataDir: string): Promise<Published[]> {
  const found: Published[] = []
  for (const podUid of await namesIn(join(dataDir, 'pods')))
    for (const name of await namesIn(join(dataDir, 'pods', podUid, 'volumes', OF_PODS))) {
      const target = mountPath(join(dataDir, 'pods', podUid), name)
      const data = await readNote(noteBeside(target))
      if (data) found.push({ data, podUid, target, isBlock: false })
    }
  for (const name of await namesIn(join(devicesOf(dataDir), 'publish'))) {
    const paths = blockPaths(dataDir, name)
    const data = await readNote(paths.note)
    if (!data) continue
    for (const podUid of await namesIn(paths.publishFolder))
      found.push({ data, podUid, target: paths.publish(podUid), isBlock: true })
  }
  return found
}

/** @returns what may be staged, by the notes of another run */
export async function findStaged(dataDir: string): Promise<Staged[]> {
  const found: Staged[] = []
  for (const driver of await namesIn(pluginsOf(dataDir)))
    for (const hash of driver === 'volumeDevices' ? [] : await namesIn(join(pluginsOf(dataDir), driver))) {
      const target = join(pluginsOf(dataDir), driver, hash, 'globalmount')
      const data = await readNote(noteBeside(target))
      if (data) found.push({ data, target, isBlock: false })
    }
  for (const name of await namesIn(join(devicesOf(dataDir), 'staging'))) {
    const { note, staging } = blockPaths(dataDir, name)
    const data = await readNote(note)
    if (data) found.push({ data, target: staging, isBlock: true })
  }
  return found
}
