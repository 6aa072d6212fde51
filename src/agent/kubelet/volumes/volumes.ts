// A pod's volumes: prepares them and keeps their contents current.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { PersistentVolume, ProjectedVolumeSource, Volume } from '../../../shared/api/core/v1.ts'
import { parseQuantity } from '../../../shared/machinery/quantity.ts'
import { CsiError } from '../csi/csi-error.ts'
import type { CsiVolumes } from '../csi/csi-volumes.ts'
import { type WriteOptions, type Written, isWritten, writeAtomically } from './atomic-writer.ts'
import { ClaimError, type ClaimSource, boundVolume, checkMode } from './claims.ts'
import { StartError } from '../sync/start-error.ts'
import { prepareEmptyDir } from './empty-dir.ts'
import { prepareHostPath } from './host-path.ts'
import { type ImageVolumeTools, prepareImageVolume } from './image.ts'
import { type HostTools, removeUnmounted } from './mounts.ts'
import { preparePersistent, prepareNfs } from './persistent.ts'
import { type ProjectionInput, TokenUnavailable, collectFiles, projectionOf } from './projected.ts'
import { nfsMountPoint, ownFolderOf, volumesFolder } from './volume-folders.ts'

/** A volume that could not be prepared; its message is what the FailedMount event says. */
export class VolumeError extends Error {
  override readonly name: string = 'VolumeError'
}

/** A volume made of an image that is not there. */
export class ImageVolumeError extends VolumeError {
  override readonly name = 'ImageVolumeError'
  readonly volume: string
  /** Why: `ErrImagePull`, `ImagePullBackOff`, … */
  readonly reason: string

  constructor(volume: string, message: string, reason: string) {
    super(message)
    this.volume = volume
    this.reason = reason
  }
}

export interface VolumesOptions {
  /** The pod's own folder on the node. */
  readonly podDir: string
  readonly tools: HostTools
}

export interface PrepareOptions extends VolumesOptions {
  /** The node's folder. */
  readonly dataDir: string
  readonly claims: ClaimSource
  readonly images: ImageVolumeTools
  /** Makes the folder of a volume of the built-in provisioner. */
  readonly ensureLocal: (volume: PersistentVolume) => Promise<void>
  /** Takes a volume that one pod alone may use. @throws Error while another one has it */
  readonly takeAlone: (volume: PersistentVolume) => void
  readonly csi: Pick<CsiVolumes, 'preparePersistent' | 'prepareInline'>
  /** Gives up waiting. */
  readonly signal: AbortSignal
  /** Of the pod's volumes that show objects: what is known to be in them. */
  readonly written: Written
}

export interface PreparedVolume {
  /** Of a folder or file, or of a block device. */
  readonly path: string
  /** Whatever its mounts say. */
  readonly readOnly: boolean
  readonly block: boolean
  /** Nothing is made in it: paths in it are there, or are a mistake. */
  readonly complete?: boolean
}

/** By volume name. */
export type Volumes = ReadonlyMap<string, PreparedVolume>

/**
 * What cannot be prepared ends the waits for others: nothing but the pulling of images goes on when this has ended.
 * @param which of the pod's volumes
 * @throws VolumeError
 */
export async function prepareVolumes(
  input: ProjectionInput,
  which: readonly Volume[],
  options: PrepareOptions,
): Promise<Volumes> {
  const failed = new AbortController()
  const signal = AbortSignal.any([options.signal, failed.signal])
  const all = which.map(async volume => {
    try {
      return [volume.name, await prepare(input, volume, { ...options, signal })] as const
    } catch (error) {
      failed.abort(new Error('another volume cannot be prepared'))
      throw volumeError(volume, error as Error)
    }
  })
  try {
    return new Map(await Promise.all(all))
  } catch (error) {
    await Promise.allSettled(all.filter((_volume, index) => which[index]?.image === undefined))
    throw error
  }
}

function volumeError({ name }: Volume, error: Error): VolumeError {
  if (error instanceof ClaimError || error instanceof CsiError) return new VolumeError(error.message)
  const message = `MountVolume.SetUp failed for volume "${name}" : ${error.message}`
  return error instanceof StartError ? new ImageVolumeError(name, message, error.reason) : new VolumeError(message)
}

const writable = (path: string): PreparedVolume => ({ path, readOnly: false, block: false })
const readOnly = (path: string): PreparedVolume => ({ path, readOnly: true, block: false })

async function prepare(input: ProjectionInput, volume: Volume, options: PrepareOptions): Promise<PreparedVolume> {
  const { podDir, dataDir, tools, images, written } = options
  const { fsGroup: gid, fsGroupChangePolicy: policy } = input.pod.spec.securityContext ?? {}
  if (volume.hostPath) return writable(await prepareHostPath(volume.hostPath, options))
  if (volume.persistentVolumeClaim || volume.ephemeral) {
    const found = await boundVolume(input.pod, volume, options.claims)
    checkMode(input.pod, volume, found)
    options.takeAlone(found)
    const isReadOnly = volume.persistentVolumeClaim?.readOnly ?? false
    const { ensureLocal, csi, signal } = options
    const { name } = volume
    const path = found.spec.csi
      ? await csi.preparePersistent(input.pod, found, { name, group: { gid, policy }, readOnly: isReadOnly, signal })
      : await preparePersistent(found, {
          name, podDir, group: { gid, policy }, readOnly: isReadOnly, tools, dataDir, ensureLocal,
        }) // prettier-ignore
    return { path, readOnly: isReadOnly, block: found.spec.volumeMode === 'Block' }
  }
  if (volume.csi) {
    const path = await options.csi.prepareInline(input.pod, volume, { gid, policy })
    return { path, readOnly: volume.csi.readOnly ?? false, block: false }
  }
  if (volume.nfs) return writable(await prepareNfs(volume.nfs, [], await nfsMountPoint(podDir, volume.name), tools))
  const folder = await ownFolderOf(podDir, volume)
  if (folder === undefined) {
    const kind = Object.keys(volume).find(key => key !== 'name') ?? 'unknown'
    throw new Error(`volumes of kind ${kind} are not supported on this node`)
  }
  if (volume.emptyDir) {
    const memoryBytes = parseQuantity(input.facts.allocatable['memory'] ?? '0').value()
    await prepareEmptyDir(folder, volume.emptyDir, memoryBytes, input.pod, tools)
    return writable(folder)
  }
  if (volume.image) {
    const path = await prepareImageVolume(input.pod, volume.name, volume.image, folder, images)
    return { ...readOnly(path), complete: true }
  }
  await mkdir(folder, { recursive: true, mode: 0o755 })
  await project(input, projectionOf(volume) ?? {}, folder, { gid, written })
  return readOnly(folder)
}

/** With the API server away, files that were written once serve on: after a reboot, too. */
async function project(
  input: ProjectionInput,
  projection: ProjectedVolumeSource,
  folder: string,
  options: WriteOptions,
): Promise<void> {
  try {
    await writeAtomically(folder, await collectFiles(input, projection), options)
  } catch (error) {
    if (!(error instanceof TokenUnavailable) || !(await isWritten(folder))) throw error
  }
}

/** @returns whether the volume's files show something that can change while the pod runs */
export const isLive = (volume: Volume): boolean => projectionOf(volume) !== undefined

export interface ClearOptions extends VolumesOptions {
  /** Has drivers take back what they have mounted for the pod. */
  readonly release: () => Promise<void>
}

/** Of a pod that is over, though its object is still there: memory, disk and mounts are given back. */
export async function clearVolumes({ podDir, tools, release }: ClearOptions): Promise<void> {
  // Parts of volumes are mounted from what drivers take back.
  await removeUnmounted(join(podDir, 'volume-subpaths'), tools)
  await release()
  for (const folder of [volumesFolder(podDir), join(podDir, 'volumeDevices')]) await removeUnmounted(folder, tools)
}

/** Unmounts and deletes everything of the pod; what hostPath and persistent volumes point to is not touched. */
export async function removeVolumes(options: ClearOptions): Promise<void> {
  await clearVolumes(options)
  await removeUnmounted(options.podDir, options.tools)
}
