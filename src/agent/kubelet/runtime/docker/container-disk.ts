// What a container fills on disk: its writable layer, which the engine measures, and its log files.
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type Docker from 'dockerode'
import type { ContainerDisk } from '../contract.ts'
import { orMissing } from './errors.ts'

/** Known to the API, not to the library's types. */
const WITH_SIZE = { size: true } as Docker.ContainerInspectOptions

export async function containerDisk(engine: Docker, id: string): Promise<ContainerDisk> {
  const info = await orMissing(() => engine.getContainer(id).inspect(WITH_SIZE))
  if (!info) return { writableLayer: 0, logs: 0 }
  const { SizeRw = 0, LogPath } = info as Docker.ContainerInspectInfo & { SizeRw?: number }
  return { writableLayer: SizeRw, logs: LogPath ? await logBytes(LogPath) : 0 }
}

/** Rotated files lie beside the current one. */
async function logBytes(path: string): Promise<number> {
  const folder = dirname(path)
  const names = (await readdir(folder).catch(() => [])).filter(name => name.startsWith(basename(path)))
  const sizes = await Promise.all(
    names.map(name =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0, // rotated away meanwhile
      ),
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
