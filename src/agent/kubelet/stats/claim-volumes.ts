// How full the volumes of claims are, as far as the file system that they are on can tell.
import type { StatsFs } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { PersistentVolume, Pod } from '../../../shared/api/core/v1.ts'
import { type ClaimSource, boundVolume, claimNameOf } from '../volumes/claims.ts'

export interface ClaimVolume {
  /** In the pod's spec. */
  readonly name: string
  readonly claim: string
  readonly disk: StatsFs
}

/**
 * Volumes that are paths of the host tell of none: the disk that they are on is everybody's.
 * @param podDir the pod's own folder on the node
 */
export async function claimVolumes(pod: Pod, podDir: string, source: ClaimSource): Promise<ClaimVolume[]> {
  const found = (pod.spec.volumes ?? []).map(async volume => {
    const claim = claimNameOf(pod, volume)
    if (claim === undefined) return undefined
    try {
      const path = pathOf(await boundVolume(pod, volume, source), join(podDir, 'volumes', volume.name))
      return path === undefined ? undefined : { name: volume.name, claim, disk: await statfs(path) }
    } catch {
      return undefined // not bound, not mounted yet, or the API does not answer
    }
  })
  return (await Promise.all(found)).filter(volume => volume !== undefined)
}

const pathOf = ({ spec }: PersistentVolume, mountPoint: string): string | undefined => {
  if (spec.volumeMode === 'Block') return undefined
  return spec.local?.path ?? (spec.nfs ? join(mountPoint, 'mount') : undefined)
}
