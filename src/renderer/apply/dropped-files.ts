// The manifests among files and folders that were dropped on the window.
import { t } from '../i18n/i18n.ts'

export interface DroppedFile {
  /** Within what was dropped. */
  readonly path: string
  readonly text: string
}

const MANIFEST = /\.(ya?ml|json)$/i
const MOST_FILES = 500
const MOST_BYTES = 3 << 20

export const carriesFiles = (transfer: DataTransfer | null): boolean => transfer?.types.includes('Files') === true

/** A folder answers in parts, until it answers with nothing. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  const all: FileSystemEntry[] = []
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (some.length === 0) return all.sort((a, b) => a.name.localeCompare(b.name))
    all.push(...some)
  }
}

async function collect(entry: FileSystemEntry, found: File[], paths: string[]): Promise<void> {
  if (entry.isDirectory) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') return
    for (const inner of await entriesOf(entry as FileSystemDirectoryEntry)) await collect(inner, found, paths)
  } else if (MANIFEST.test(entry.name)) {
    if (found.length >= MOST_FILES)
      throw new Error(t('More than {n} manifests at once are too many.', { n: MOST_FILES }))
    found.push(await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)))
    paths.push(entry.fullPath.replace(/^\//, ''))
  }
}

/** @throws Error when there are too many, or one is too big */
export async function readDropped(transfer: DataTransfer): Promise<DroppedFile[]> {
  // The list is emptied as soon as the event is over, so entries are taken at once.
  const entries = [...transfer.items].flatMap(item => item.webkitGetAsEntry() ?? [])
  const files: File[] = []
  const paths: string[] = []
  for (const entry of entries) await collect(entry, files, paths)
  const tooBig = files.findIndex(({ size }) => size > MOST_BYTES)
  if (tooBig >= 0) throw new Error(t('{path} is larger than 3 MiB.', { path: paths[tooBig] ?? '' }))
  return await Promise.all(files.map(async (file, index) => ({ path: paths[index] ?? '', text: await file.text() })))
}
