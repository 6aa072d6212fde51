// A pod's volumes: prepares them, keeps their contents current, and says where containers find them.
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Container, Pod, Volume } from '../../../shared/api/core/v1.ts'
import type { Mount } from '../runtime/contract.ts'
import { expand } from '../spec/expansion.ts'
import { writeAtomically } from './atomic-writer.ts'
import { prepareEmptyDir } from './empty-dir.ts'
import { prepareHostPath } from './host-path.ts'
import { type HostTools, unmountBelow } from './mounts.ts'
import { type ProjectionInput, collectFiles, projectionOf } from './projected.ts'
import { bindSubPath } from './sub-path.ts'

/** A volume that could not be prepared; its message is what the FailedMount event says. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError'
}

export interface VolumesOptions {
  /** The pod's own folder on the node. */
  readonly podDir: string
  readonly tools: HostTools
}

/** Where each volume lies on the host, by its name. */
export type VolumePaths = ReadonlyMap<string, string>

/** @throws VolumeError */
export async function prepareVolumes(input: ProjectionInput, options: VolumesOptions): Promise<VolumePaths> {
  const entries = await Promise.all(
    (input.pod.spec.volumes ?? []).map(async volume => {
      try {
        return [volume.name, await prepare(input, volume, options)] as const
      } catch (error) {
        throw new VolumeError(`MountVolume.SetUp failed for volume "${volume.name}" : ${(error as Error).message}`)
      }
    }),
  )
  return new Map(entries)
}

async function prepare(input: ProjectionInput, volume: Volume, { podDir, tools }: VolumesOptions): Promise<string> {
  const folder = join(podDir, 'volumes', volume.name)
  const gid = input.pod.spec.securityContext?.fsGroup
  if (volume.hostPath) return prepareHostPath(volume.hostPath)
  if (volume.emptyDir) {
    await prepareEmptyDir(folder, volume.emptyDir, gid, tools)
    return folder
  }
  const projection = projectionOf(volume)
  if (projection) {
    await mkdir(folder, { recursive: true, mode: 0o755 })
    await writeAtomically(folder, await collectFiles(input, projection), gid)
    return folder
  }
  const kind = Object.keys(volume).find(key => key !== 'name') ?? 'unknown'
  throw new Error(`volumes of kind ${kind} are not supported on this node`)
}

/** @returns whether contents of the pod's volumes can change while it runs */
export const hasLiveVolumes = (pod: Pod): boolean =>
  (pod.spec.volumes ?? []).some(volume => projectionOf(volume) !== undefined)

/** @throws VolumeError */
export async function mountsOf(
  container: Container,
  volumes: VolumePaths,
  env: ReadonlyMap<string, string>,
  { podDir, tools }: VolumesOptions,
): Promise<Mount[]> {
  const mounts: Mount[] = []
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    const volume = volumes.get(mount.name)
    if (volume === undefined) throw new VolumeError(`volume "${mount.name}" is not defined`)
    const subPath = mount.subPathExpr ? expand(mount.subPathExpr, name => env.get(name)) : (mount.subPath ?? '')
    const target = join(podDir, 'volume-subpaths', mount.name, container.name, String(index))
    try {
      mounts.push({
        hostPath: subPath === '' ? volume : await bindSubPath(volume, subPath, target, tools),
        containerPath: mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`,
        readOnly: mount.readOnly ?? false,
        ...propagationOf(mount.mountPropagation),
      })
    } catch (error) {
      throw new VolumeError(
        `failed to prepare subPath for volumeMount "${mount.name}" of container "${container.name}": ${(error as Error).message}`,
      )
    }
  }
  return mounts
}

function propagationOf(propagation: string | undefined): Pick<Mount, 'propagation'> {
  if (propagation === 'HostToContainer') return { propagation: 'rslave' }
  return propagation === 'Bidirectional' ? { propagation: 'rshared' } : {}
}

/** Unmounts and deletes everything of the pod; what hostPath volumes point to is not touched. */
export async function removeVolumes({ podDir, tools }: VolumesOptions): Promise<void> {
  await unmountBelow(podDir, tools)
  await rm(podDir, { recursive: true, force: true })
}
