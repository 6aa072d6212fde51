// How full the volumes of claims are, as far as the file system that they are on can tell.
import type { StatsFs } from 'node:fs'
import { statfs } from 'node:fs/promises'
import type { PersistentVolume, Pod } from '../../../shared/api/core/v1.ts'
import { BYTES, INODES, type VolumeStats } from '../csi/csi-api.ts'
import type { CsiVolumes } from '../csi/csi-volumes.ts'
import { type ClaimSource, boundVolume, claimNameOf } from '../volumes/claims.ts'
import { nfsMountPoint } from '../volumes/volume-folders.ts'

export interface ClaimVolume {
  /** In the pod's spec. */
  readonly name: string
  readonly claim: string
  readonly disk: Disk
}

/** As statfs(2) tells of a file system. */
export type Disk = Pick<StatsFs, 'bsize' | 'blocks' | 'bfree' | 'bavail' | 'files' | 'ffree'>

export interface ClaimVolumesOptions {
  /** The pod's own folder on the node. */
  readonly podDir: string
  readonly source: ClaimSource
  readonly csi: Pick<CsiVolumes, 'targetOf' | 'stats'>
}

/** Volumes that are paths of the host tell of none: the disk that they are on is everybody's. */
export async function claimVolumes(pod: Pod, { podDir, source, csi }: ClaimVolumesOptions): Promise<ClaimVolume[]> {
  const found = (pod.spec.volumes ?? []).map(async volume => {
    const claim = claimNameOf(pod, volume)
    if (claim === undefined) return undefined
    try {
      const bound = await boundVolume(pod, volume, source)
      const disk = bound.spec.csi ? await diskOfDriver(pod, bound, csi) : await diskOf(bound, await nfsMountPoint(podDir, bound.metadata.name, volume.name)) // prettier-ignore
      return disk && { name: volume.name, claim, disk }
    } catch {
      return undefined // not bound, not mounted yet, or the API or the driver does not answer
    }
  })
  return (await Promise.all(found)).filter(volume => volume !== undefined)
}

async function diskOf({ spec }: PersistentVolume, mountPoint: string): Promise<Disk | undefined> {
  if (spec.volumeMode === 'Block') return undefined
  const path = spec.local?.path ?? (spec.nfs ? mountPoint : undefined)
  return path === undefined ? undefined : statfs(path)
}

async function diskOfDriver(
  { metadata: { uid } }: Pod,
  volume: PersistentVolume,
  csi: ClaimVolumesOptions['csi'],
): Promise<Disk | undefined> {
  const target = csi.targetOf(uid, volume)
  const stats = target === undefined ? undefined : await csi.stats(target)
  return stats && asDisk(stats)
}

function asDisk({ usage }: VolumeStats): Disk {
  const bytes = usage.find(({ unit }) => unit === BYTES)
  const inodes = usage.find(({ unit }) => unit === INODES)
  return {
    bsize: 1,
    blocks: bytes?.total ?? 0,
    bavail: bytes?.available ?? 0,
    bfree: bytes ? bytes.total - bytes.used : 0,
    files: inodes?.total ?? 0,
    ffree: inodes?.available ?? 0,
  }
}
