// PersistentVolumes of the kinds that a node can give to a container: a path, a folder or device of its disk, NFS.
import { lstat, mkdir, realpath, stat } from 'node:fs/promises'
import type { LocalVolumeSource, NFSVolumeSource, PersistentVolume } from '../../../shared/api/core/v1.ts'
import { prepareHostPath } from './host-path.ts'
import { mountDevice } from './local-device.ts'
import { type HostTools, isBelow, isMountPoint } from './mounts.ts'
import { giveToGroup } from './ownership.ts'
import { nfsMountPoint, volumeFolder } from './volume-folders.ts'

export interface GroupOwnership {
  /** The pod's fsGroup; undefined = ownership is left alone. */
  readonly gid: number | undefined
  readonly policy: string | undefined
}

export interface PersistentOptions {
  /** In the pod's spec. */
  readonly name: string
  /** The pod's own folder on the node. */
  readonly podDir: string
  readonly group: GroupOwnership
  readonly readOnly: boolean
  readonly tools: HostTools
  readonly dataDir: string
  /** Makes the folder of a volume of the built-in provisioner; does nothing for others. */
  readonly ensureLocal: (volume: PersistentVolume) => Promise<void>
}

/** @returns the host path @throws Error in upstream's words */
export async function preparePersistent(volume: PersistentVolume, options: PersistentOptions): Promise<string> {
  const { hostPath, local, nfs, mountOptions = [] } = volume.spec
  if (hostPath) return prepareHostPath(hostPath, options)
  if (local) {
    await options.ensureLocal(volume)
    return prepareLocal(local, volume, options)
  }
  if (nfs)
    return prepareNfs(
      nfs,
      mountOptions,
      await nfsMountPoint(options.podDir, volume.metadata.name, options.name),
      options.tools,
    )
  const kind = Object.keys(volume.spec).find(key => NOT_SOURCES.every(field => field !== key)) ?? 'unknown'
  throw new Error(`persistent volumes of kind ${kind} are not supported on this node`)
}

const NOT_SOURCES = [
  'accessModes', 'capacity', 'claimRef', 'mountOptions', 'nodeAffinity', 'persistentVolumeReclaimPolicy',
  'storageClassName', 'volumeAttributesClassName', 'volumeMode',
] // prettier-ignore

async function prepareLocal(
  { path, fsType }: LocalVolumeSource,
  volume: PersistentVolume,
  options: PersistentOptions,
): Promise<string> {
  const { group, readOnly, tools, podDir } = options
  const { volumeMode, mountOptions = [] } = volume.spec
  const here = `${tools.root ?? ''}${path}`
  const found = await stat(here).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new Error(`path "${path}" does not exist`) : error
  })
  if (volumeMode === 'Block') {
    if (!found.isBlockDevice()) throw new Error(`path "${path}" is not a block device`)
    return path
  }
  const own = (folder: string) =>
    group.gid === undefined || readOnly ? undefined : giveToGroup(folder, group.gid, group.policy)
  if (found.isBlockDevice()) {
    const target = volumeFolder(podDir, 'local', volume.metadata.name)
    await mountDevice({ device: here, target, fsType, mountOptions, readOnly, tools })
    await own(target)
    return target
  }
  if (!found.isDirectory()) throw new Error(`path "${path}" is not a directory`)
  // The path may be a link to the folder.
  await own(await realpath(here))
  await showLocal(path, volume, options)
  return path
}

/**
 * The pod's containers have the folder itself: this is for those who look for the pod's volumes from outside. What is
 * mounted in the folder later does not appear there, so that nothing is unmounted with it.
 */
async function showLocal(path: string, volume: PersistentVolume, options: PersistentOptions): Promise<void> {
  const { podDir, dataDir, tools } = options
  // What another process has mounted cannot be mounted from here.
  if (tools.root !== undefined && !isBelow(path, dataDir)) return
  const target = volumeFolder(podDir, 'local', volume.metadata.name)
  if (await isMountPoint(target)) return
  await mkdir(target, { recursive: true, mode: 0o750 })
  await tools.mount(['--bind', '--make-private', '--', path, target])
}

/** @see nfs(5) */
export async function prepareNfs(
  { server, path, readOnly = false }: NFSVolumeSource,
  mountOptions: readonly string[],
  target: string,
  tools: Pick<HostTools, 'mount'>,
): Promise<string> {
  if (await isMountPoint(target)) return target
  await mkdir(target, { recursive: true, mode: 0o750 })
  const options = [...mountOptions, ...(readOnly ? ['ro'] : [])]
  const source = `${server.includes(':') ? `[${server}]` : server}:${path}`
  await tools.mount(['-t', 'nfs', ...(options.length > 0 ? ['-o', options.join(',')] : []), '--', source, target])
  if (!(await lstat(target)).isDirectory()) throw new Error(`${source} is not a directory`)
  return target
}
