// emptyDir volumes: a folder of the pod, or memory.
import { chmod, chown, mkdir } from 'node:fs/promises'
import type { EmptyDirVolumeSource } from '../../../shared/api/core/v1.ts'
import { parseQuantity } from '../../../shared/machinery/quantity.ts'
import { type HostTools, isMountPoint } from './mounts.ts'

/** Everyone may write, and files keep the folder's group. */
const MODE = 0o777
const SET_GROUP = 0o2000

/** @param gid the pod's fsGroup */
export async function prepareEmptyDir(
  folder: string,
  source: EmptyDirVolumeSource,
  gid: number | undefined,
  tools: HostTools,
): Promise<void> {
  await mkdir(folder, { recursive: true })
  if (source.medium === 'Memory' && !(await isMountPoint(folder))) {
    const size = source.sizeLimit === undefined ? 0 : parseQuantity(source.sizeLimit).value()
    const options = size > 0 ? `mode=777,size=${size}` : 'mode=777'
    await tools.mount(['-t', 'tmpfs', '-o', options, 'tmpfs', folder])
  } else if (source.medium && source.medium !== 'Memory') {
    throw new Error(`unknown storage medium "${source.medium}"`)
  }
  if (gid !== undefined) await chown(folder, 0, gid)
  await chmod(folder, gid === undefined ? MODE : MODE | SET_GROUP)
}
