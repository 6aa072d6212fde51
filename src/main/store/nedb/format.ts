// The data folder's format version: newer is refused, older is copied away and then migrated.
import { cp, mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { StoreError } from '../contract.ts'
import { type Disk, makeFolder, readIfThere, writeAtomically } from './disk.ts'

export const FORMAT = 1

/** Brings a data folder from the version that it is listed under to the next one. */
export type Migration = (dataDir: string) => Promise<void>

export interface FormatOptions {
  readonly format: number
  /** By the version that they start from. */
  readonly migrations: ReadonlyMap<number, Migration>
}

const pathOf = (dataDir: string) => join(dataDir, 'format.json')

/** @throws StoreError `NewerFormat` | `Corrupt` */
export async function ensureFormat(
  disk: Disk,
  dataDir: string,
  { format, migrations }: FormatOptions = { format: FORMAT, migrations: new Map() },
): Promise<void> {
  const text = await readIfThere(pathOf(dataDir))
  const found = text === undefined ? format : parse(text, dataDir)
  if (found > format)
    throw new StoreError(
      'NewerFormat',
      `the data folder ${dataDir} has format ${found}, but this version of Flotilla knows formats up to ${format}: ` +
        'use the newer version, or choose another data folder',
    )
  if (text !== undefined && found === format) return
  if (found < format) await migrate(disk, dataDir, found, { format, migrations })
  await write(disk, dataDir, format)
}

async function migrate(disk: Disk, dataDir: string, from: number, { format, migrations }: FormatOptions) {
  const backups = join(dataDir, 'backups')
  await makeFolder(backups)
  const copy = await mkdtemp(join(backups, `format-${from}-`))
  await cp(join(dataDir, 'store'), join(copy, 'store'), { recursive: true, force: true }).catch((cause: unknown) => {
    throw new StoreError('Unavailable', `the data folder could not be copied to ${copy} before its migration`, {
      cause,
    })
  })
  await cp(pathOf(dataDir), join(copy, 'format.json'))
  await disk.syncFolder(copy)
  for (let version = from; version < format; version++) {
    const migration = migrations.get(version)
    if (!migration)
      throw new StoreError('Corrupt', `the data folder ${dataDir} has format ${version}, which was never released`)
    await migration(dataDir)
    await write(disk, dataDir, version + 1)
  }
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
