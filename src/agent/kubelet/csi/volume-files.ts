// What the node itself writes for volumes of CSI drivers, and removes again.
import { lstat, rm, rmdir, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { attachmentName } from '../../../shared/machinery/csi-volumes.ts'
import { type Lifecycle, type VolumeData, blockPaths, sha256 } from './csi-paths.ts'

export const FOLDER_MODE = 0o750

export function dataOf(
  nodeName: string,
  specVolID: string,
  volumeHandle: string,
  driverName: string,
  lifecycle: Lifecycle,
): VolumeData {
  const attachmentID = attachmentName(sha256, { driver: driverName, volumeHandle }, nodeName)
  return { specVolID, volumeHandle, driverName, nodeName, volumeLifecycleMode: lifecycle, attachmentID }
}

/** When nothing of the volume is on the node any more. */
export async function removeBlockFiles(dataDir: string, volume: string): Promise<void> {
  const { own, note, publishFolder } = blockPaths(dataDir, volume)
  await rm(note, { force: true })
  // A volume may be called as the node's own folders are: what others have there stays.
  for (const folder of [publishFolder, dirname(note), own]) await rmdir(folder).catch(ignoring('ENOENT', 'ENOTEMPTY'))
}

export const ignoring =
  (...codes: readonly string[]) =>
  (error: NodeJS.ErrnoException): void => {
    if (!codes.includes(error.code ?? '')) throw error
  }

/** A folder that is empty, or a file or node that a driver has left. */
export async function removeTarget(target: string): Promise<void> {
  const found = await lstat(target).catch(() => undefined)
  if (found?.isDirectory()) await rmdir(target).catch(ignoring('ENOENT'))
  else if (found) await unlink(target).catch(ignoring('ENOENT'))
}
