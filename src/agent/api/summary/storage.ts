// What the node and its pods fill of the node's disks, as /stats/summary shows it.
import { statfs } from 'node:fs/promises'
import type { Pod } from '../../../shared/api/core/v1.ts'
import type { MachineUsage } from '../../kubelet/node/machine.ts'
import { podDirOf } from '../../kubelet/pod-dir.ts'
import type { Disk } from '../../kubelet/stats/claim-volumes.ts'
import { type PodDiskUsage, totalBytes } from '../../kubelet/stats/disk-usage.ts'
import { folderInUse } from '../../kubelet/volumes/volume-folders.ts'
import type { ApiContext } from '../contract.ts'

/** A whole file system. */
export const fileSystemOf = (usage: MachineUsage, time: string) => ({
  ...ownShareOf(usage, usage.diskTotalBytes - usage.diskAvailableBytes, time),
  inodesUsed: usage.inodesTotal - usage.inodesAvailable,
})

/** What somebody uses of a file system that is others' as well. */
export const ownShareOf = (usage: MachineUsage, usedBytes: number, time: string) => ({
  time,
  availableBytes: usage.diskAvailableBytes,
  capacityBytes: usage.diskTotalBytes,
  usedBytes,
  inodesFree: usage.inodesAvailable,
  inodes: usage.inodesTotal,
})

/** @param usedBytes undefined = of the whole file system */
const volumeOf = (name: string, disk: Disk, time: string, usedBytes?: number) => ({
  time,
  name,
  availableBytes: disk.bavail * disk.bsize,
  capacityBytes: disk.blocks * disk.bsize,
  usedBytes: usedBytes ?? (disk.blocks - disk.bfree) * disk.bsize,
  inodesFree: disk.ffree,
  inodes: disk.files,
  inodesUsed: disk.files - disk.ffree,
})

/** Volumes, and what the pod fills of the node's own disk. */
export async function podStorage(
  { kubelet, dataDir }: ApiContext,
  pod: Pod,
  { usage, host, time }: { readonly usage: PodDiskUsage; readonly host: MachineUsage; readonly time: string },
): Promise<object> {
  const emptyDirs = (pod.spec.volumes ?? []).map(async ({ name, emptyDir }) => {
    if (!emptyDir) return undefined
    const folder = await folderInUse(podDirOf(dataDir, pod.metadata.uid), 'emptyDir', name)
    const disk = await statfs(folder).catch(() => undefined)
    return disk && volumeOf(name, disk, time, usage.emptyDirs.get(name) ?? usage.inMemory.get(name) ?? 0)
  })
  const claims = (await kubelet.claimVolumes(pod)).map(({ name, claim, disk }) => ({
    ...volumeOf(name, disk, time),
    pvcRef: { name: claim, namespace: pod.metadata.namespace },
  }))
  return {
    volume: [...(await Promise.all(emptyDirs)).filter(found => found !== undefined), ...claims],
    'ephemeral-storage': ownShareOf(host, totalBytes(usage), time),
  }
}
