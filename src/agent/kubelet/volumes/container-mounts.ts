// Where one container finds the pod's volumes.
import { join } from 'node:path'
import type { Container, VolumeMount } from '../../../shared/api/core/v1.ts'
import type { Device, Mount } from '../runtime/contract.ts'
import { ContainerConfigError } from '../spec/config-error.ts'
import { expand } from '../spec/expansion.ts'
import { type HostTools, canBeFollowed, makeShared } from './mounts.ts'
import { bindSubPath } from './sub-path.ts'
import { type PreparedVolume, VolumeError, type Volumes, type VolumesOptions } from './volumes.ts'

/** @param canBe whether the runtime can make mounts below a read-only one read-only too */
export const isRecursivelyReadOnly = ({ readOnly, recursiveReadOnly: mode }: VolumeMount, canBe: boolean): boolean =>
  canBe && readOnly === true && (mode === 'Enabled' || mode === 'IfPossible')

function refuseWithoutRecursion({ name, readOnly, recursiveReadOnly }: VolumeMount, canBe: boolean): void {
  if (readOnly && recursiveReadOnly === 'Enabled' && !canBe)
    throw new ContainerConfigError(
      `failed to resolve recursive read-only mode: container runtime does not support recursive read-only mounts (volume mount "${name}")`,
    )
}

export interface MountsOptions extends VolumesOptions {
  /** The node's folder. */
  readonly dataDir: string
  readonly recursiveReadOnlyMounts: boolean
}

/** @throws VolumeError, ContainerConfigError */
export async function mountsOf(
  container: Container,
  volumes: Volumes,
  env: ReadonlyMap<string, string>,
  { podDir, dataDir, tools, recursiveReadOnlyMounts }: MountsOptions,
): Promise<Mount[]> {
  const mounts: Mount[] = []
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    const volume = known(volumes, mount.name)
    const subPath = mount.subPathExpr ? expandAll(mount.subPathExpr, env) : (mount.subPath ?? '')
    refuseWithoutRecursion(mount, recursiveReadOnlyMounts)
    const recursiveReadOnly = isRecursivelyReadOnly(mount, recursiveReadOnlyMounts)
    const target = join(podDir, 'volume-subpaths', mount.name, container.name, String(index))
    try {
      const hostPath = subPath === '' ? volume.path : await bindSubPath(volume, subPath, target, tools)
      mounts.push({
        hostPath,
        containerPath: mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`,
        readOnly: volume.readOnly || (mount.readOnly ?? false),
        ...(recursiveReadOnly ? { recursiveReadOnly } : {}),
        ...(await propagationOf(mount.mountPropagation, hostPath, { dataDir, tools })),
      })
    } catch (error) {
      throw new VolumeError(
        `failed to prepare subPath for volumeMount "${mount.name}" of container "${container.name}": ${(error as Error).message}`,
      )
    }
  }
  return mounts
}

/** @throws VolumeError */
export const devicesOf = (container: Container, volumes: Volumes): Device[] =>
  (container.volumeDevices ?? []).map(({ name, devicePath }) => {
    const { path, readOnly } = known(volumes, name)
    return { hostPath: path, containerPath: devicePath, permissions: readOnly ? 'r' : 'rwm' }
  })

function known(volumes: Volumes, name: string): PreparedVolume {
  const volume = volumes.get(name)
  if (!volume) throw new VolumeError(`volume "${name}" is not defined`)
  return volume
}

/** A path is not guessed: every variable in it must be defined. */
function expandAll(text: string, env: ReadonlyMap<string, string>): string {
  const missing: string[] = []
  const path = expand(text, name => {
    const value = env.get(name)
    if (value === undefined) missing.push(name)
    return value
  })
  if (missing.length > 0)
    throw new ContainerConfigError(`missing value for ${missing.map(name => JSON.stringify(name)).join(', ')}`)
  return path
}

/** Docker refuses `rslave` where there is nothing to follow, as below a `/` that is private; other runtimes mount it all the same. */
async function propagationOf(
  propagation: string | undefined,
  hostPath: string,
  { dataDir, tools }: { readonly dataDir: string; readonly tools: HostTools },
): Promise<Pick<Mount, 'propagation'>> {
  if (propagation === 'Bidirectional') {
    await makeShared(hostPath, dataDir, tools)
    return { propagation: 'rshared' }
  }
  return propagation === 'HostToContainer' && (await canBeFollowed(hostPath, tools)) ? { propagation: 'rslave' } : {}
}
