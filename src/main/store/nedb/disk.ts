// The few file operations that durability hangs on, in one place, so that tests can make each of them fail.
import { type FileHandle, mkdir, open, readFile, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { StorePoint } from './points.ts'

export const FILE_MODE = 0o600
export const FOLDER_MODE = 0o700

export interface Disk {
  /** Called with each line before it is appended; a test throws here to make the append fail. */
  beforeAppend(path: string, bytes: number): Promise<void>
  /** fdatasync. */
  syncData(file: FileHandle, path: string): Promise<void>
  /** fsync of a folder: makes creations, renames and removals in it durable. */
  syncFolder(path: string): Promise<void>
  /** Called between two steps, for a test that ends everything there. */
  reach?(point: StorePoint): Promise<void>
}

export const realDisk: Disk = {
  beforeAppend: () => Promise.resolve(),
  syncData: file => file.datasync(),
  async syncFolder(path) {
    // Windows cannot open folders; its file system journals the entries itself.
    if (process.platform === 'win32') return
    const folder = await open(path, 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  },
}

/** Replaces a file's content as one durable step: whoever reads it sees all of the old or all of the new. */
export async function writeAtomically(disk: Disk, path: string, text: string): Promise<void> {
  const fresh = join(dirname(path), `.${basename(path)}.new`)
  const file = await open(fresh, 'w', FILE_MODE)
  try {
    await disk.reach?.('replace.created')
    await file.writeFile(text)
    await disk.reach?.('replace.written')
    await disk.syncData(file, fresh)
  } finally {
    await file.close()
  }
  await disk.reach?.('replace.synced')
  await rename(fresh, path)
  await disk.reach?.('replace.renamed')
  await disk.syncFolder(dirname(path))
  await disk.reach?.('replace.listed')
}

/** @returns the file's text, or undefined when there is no such file. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

export async function removeIfThere(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw error
  })
}

/**
 * With the folders above it. Not by the `recursive` of Node's mkdir, which goes round in circles for ever in a place where
 * nothing can be made, such as /proc.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: FOLDER_MODE })
  } catch (error) {
    if (codeOf(error) === 'ENOENT' && (await kindOf(dirname(path))) === undefined) {
      await makeFolder(dirname(path))
      return makeFolder(path)
    }
    if (codeOf(error) !== 'EEXIST' || (await kindOf(path)) !== 'folder') throw error
  }
}

const kindOf = (path: string): Promise<'folder' | 'other' | undefined> =>
  stat(path).then(
    found => (found.isDirectory() ? 'folder' : 'other'),
    () => undefined,
  )

/** @returns the system's error code (`ENOSPC`), or an empty text. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return code ?? ''
}

/** Whether the error says that there is no room: the disk or the user's quota is full. */
export const isNoSpace = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes(codeOf(error))
