// The data folder's format version: newer is refused, older is copied away and then migrated.
//
//   1  segments of group commits, manifest, high-water mark
//   2  records under /settings/ and sealed values of Secrets may occur; program versions that know only 1 must not open it
//
// A migration may be interrupted at any byte. `migrating.json` names the finished copy of what was there before, so that
// the next start goes on without copying what is half migrated; every migration can therefore be run again.
import { cp, mkdtemp, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { StoreError } from '../contract.ts'
import { type Disk, makeFolder, readIfThere, removeIfThere, writeAtomically } from './disk.ts'

export const FORMAT = 2

/** Brings a data folder from the version that it is listed under to the next one; must bear being run again. */
export type Migration = (dataDir: string) => Promise<void>

export interface FormatOptions {
  readonly format: number
  /** By the version that they start from. */
  readonly migrations: ReadonlyMap<number, Migration>
}

/** Format 2 only adds: what format 1 wrote is right as it is. */
const CURRENT: FormatOptions = { format: FORMAT, migrations: new Map([[1, () => Promise.resolve()]]) }

const pathOf = (dataDir: string) => join(dataDir, 'format.json')
const markerOf = (dataDir: string) => join(dataDir, 'migrating.json')

/** @throws StoreError `NewerFormat` | `Corrupt` | `Unavailable` */
export async function ensureFormat(
  disk: Disk,
  dataDir: string,
  { format, migrations }: FormatOptions = CURRENT,
): Promise<void> {
  const text = await readIfThere(pathOf(dataDir))
  const found = text === undefined ? format : parse(text, dataDir)
  if (found > format)
    throw new StoreError(
      'NewerFormat',
      `the data folder ${dataDir} has format ${found}, but this version of Flotilla knows formats up to ${format}: ` +
        'use the newer version, or choose another data folder',
    )
  if (text !== undefined && found === format) return removeIfThere(markerOf(dataDir))
  if (found < format) await migrate(disk, dataDir, found, { format, migrations })
  await write(disk, dataDir, format)
  await removeIfThere(markerOf(dataDir))
}

async function migrate(disk: Disk, dataDir: string, from: number, { format, migrations }: FormatOptions) {
  if ((await readIfThere(markerOf(dataDir))) === undefined) {
    const backup = await copyAway(disk, dataDir, from)
    await writeAtomically(disk, markerOf(dataDir), `${JSON.stringify({ from, backup })}\n`)
  }
  for (let version = from; version < format; version++) {
    const migration = migrations.get(version)
    if (!migration)
      throw new StoreError('Corrupt', `the data folder ${dataDir} has format ${version}, which was never released`)
    await migration(dataDir)
    await write(disk, dataDir, version + 1)
  }
}

/** @returns the folder that holds the copy; one whose name ends in `.unfinished` is none */
async function copyAway(disk: Disk, dataDir: string, from: number): Promise<string> {
  const backups = join(dataDir, 'backups')
  await makeFolder(backups)
  const copy = await mkdtemp(join(backups, `format-${from}-`))
  const unfinished = `${copy}.unfinished`
  await rename(copy, unfinished)
  try {
    for (const name of ['store', 'format.json', 'revision.json'])
      await cp(join(dataDir, name), join(unfinished, name), { recursive: true, force: true })
  } catch (cause) {
    throw new StoreError('Unavailable', `the data folder could not be copied to ${copy} before its migration`, {
      cause,
    })
  }
  await disk.syncFolder(unfinished)
  await rename(unfinished, copy)
  await disk.syncFolder(backups)
  return copy
}

const write = (disk: Disk, dataDir: string, format: number): Promise<void> =>
  writeAtomically(disk, pathOf(dataDir), `${JSON.stringify({ format })}\n`)

function parse(text: string, dataDir: string): number {
  try {
    const { format } = JSON.parse(text) as { format?: unknown }
    if (typeof format === 'number' && Number.isSafeInteger(format) && format > 0) return format
  } catch {
    // Not JSON: reported below like any other content that is no version.
  }
  throw new StoreError('Corrupt', `${pathOf(dataDir)} does not hold a format version: restore it from a backup`)
}
