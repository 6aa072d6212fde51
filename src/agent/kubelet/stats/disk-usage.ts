// How much disk a pod fills: its emptyDirs on disk, its containers' writable layers and logs.
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pod } from '../../../shared/api/core/v1.ts'
import type { ContainerDisk, ContainerRuntime } from '../runtime/contract.ts'
import { folderInUse } from '../volumes/volume-folders.ts'

const BLOCK_BYTES = 512

/** Bytes on disk below a folder; links are not followed, and what vanishes meanwhile does not count. */
export async function folderBytes(path: string): Promise<number> {
  const found = await lstat(path).catch(() => undefined)
  if (!found) return 0
  let bytes = found.blocks * BLOCK_BYTES
  if (found.isDirectory())
    for (const name of await readdir(path).catch(() => [])) bytes += await folderBytes(join(path, name))
  return bytes
}

export interface PodDiskUsage {
  /** By volume name, those on disk. */
  readonly emptyDirs: ReadonlyMap<string, number>
  /** By volume name, those in memory: they fill no disk. */
  readonly inMemory: ReadonlyMap<string, number>
  /** By container name. */
  readonly containers: ReadonlyMap<string, ContainerDisk>
}

export async function podDiskUsage(
  pod: Pod,
  podDir: string,
  runtime: Pick<ContainerRuntime, 'pod' | 'disk'>,
): Promise<PodDiskUsage> {
  const emptyDirs = new Map<string, number>()
  const inMemory = new Map<string, number>()
  for (const { name, emptyDir } of pod.spec.volumes ?? []) {
    if (!emptyDir) continue
    const bytes = await folderBytes(await folderInUse(podDir, 'emptyDir', name))
    const place = emptyDir.medium ? inMemory : emptyDirs
    place.set(name, bytes)
  }
  const containers = new Map<string, ContainerDisk>()
  for (const { id, name } of (await runtime.pod(pod.metadata.uid)).containers) {
    const { writableLayer, logs } = containers.get(name) ?? { writableLayer: 0, logs: 0 }
    const more = await runtime.disk(id)
    containers.set(name, { writableLayer: writableLayer + more.writableLayer, logs: logs + more.logs })
  }
  return { emptyDirs, inMemory, containers }
}

export const containerBytes = ({ writableLayer, logs }: ContainerDisk): number => writableLayer + logs

export const totalBytes = ({ emptyDirs, containers }: Omit<PodDiskUsage, 'inMemory'>): number =>
  [...emptyDirs.values(), ...[...containers.values()].map(containerBytes)].reduce((sum, bytes) => sum + bytes, 0)
