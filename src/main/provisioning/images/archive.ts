// An image as the engine saves it, unpacked into a folder of files, so that each host can be sent what it lacks.
import { createReadStream, createWriteStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Header, extract, pack } from 'tar-stream'
import { needlessFiles } from './layers.ts'

interface Entry {
  readonly header: Header
  /** Where its bytes are; undefined for links and folders. */
  readonly path: string | undefined
}

export interface ImageArchive {
  /** @param present layers of the host's images @returns what it lacks, as the engine loads it */
  without(present: readonly (readonly string[])[]): {
    readonly bytes: number
    readonly layers: number
    open(): Readable
  }
}

/** @param folder an empty one, which the caller removes */
export async function unpackImage(saved: Readable, folder: string): Promise<ImageArchive> {
  const entries = new Map<string, Entry>()
  const reader = extract()
  const reading = (async () => {
    for await (const entry of reader) {
      const { header } = entry
      const path = header.type === 'file' ? join(folder, String(entries.size)) : undefined
      entries.set(header.name, { header, path })
      if (path) await pipeline(entry, createWriteStream(path, { mode: 0o600 }))
      else entry.resume()
    }
  })()
  await Promise.all([pipeline(saved, reader), reading])
  const json = async (name: string): Promise<unknown> => {
    const path = entries.get(name)?.path
    if (!path) throw new Error(`what the engine saved has no ${name}`)
    return JSON.parse(await readFile(path, 'utf8'))
  }
  const manifest = (await json('manifest.json')) as { Config: string; Layers: string[] }[]
  const images = await Promise.all(
    manifest.map(async ({ Config, Layers }) => {
      const config = (await json(Config)) as { rootfs: { diff_ids: string[] } }
      return { layers: Layers, diffIds: config.rootfs.diff_ids }
    }),
  )
  // Two layers alike are one file and a link to it.
  const target = (name: string): string => {
    const { type, linkname } = entries.get(name)?.header ?? {}
    return type === 'symlink' && linkname ? posix.join(posix.dirname(name), linkname) : name
  }
  const layerFiles = new Set(images.flatMap(({ layers }) => layers.map(target)))
  return {
    without(present) {
      const needless = needlessFiles(images, present, target)
      const sent = [...entries.values()].filter(({ header }) => !needless.has(header.name))
      return {
        bytes: sent.reduce((sum, { header }) => sum + (header.size ?? 0), 0),
        layers: sent.filter(({ header }) => layerFiles.has(header.name)).length,
        open: () => packed(sent),
      }
    },
  }
}

function packed(entries: readonly Entry[]): Readable {
  const archive = pack()
  const write = async () => {
    for (const { header, path } of entries) {
      if (path === undefined) {
        archive.entry(header)
        continue
      }
      const { size } = await stat(path)
      await pipeline(createReadStream(path), archive.entry({ ...header, size }))
    }
    archive.finalize()
  }
  write().catch((error: unknown) => archive.destroy(error as Error))
  return Readable.from(archive)
}
