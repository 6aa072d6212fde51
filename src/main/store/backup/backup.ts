// Backups as files: made and checked, listed, read back, thinned out.
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../../shared/machinery/clock.ts'
import { productVersion } from '../../process/version.ts'
import { makeFolder, realDisk } from '../nedb/disk.ts'
import type { Progress } from '../operations/progress.ts'
import {
  type BackupHeader,
  type BackupSecret,
  type ContainerKey,
  readContainer,
  readHeader,
  writeContainer,
} from './container.ts'
import { decodeLines, encodeLines, type SnapshotLine } from './snapshot.ts'

const ENDING = '.flotilla-backup'

export interface BackupSource {
  readonly revision: number
  /** Objects to come, for the progress. */
  readonly count: number
  readonly lines: AsyncIterable<SnapshotLine>
}

export interface Backup {
  readonly path: string
  readonly bytes: number
  readonly header: BackupHeader
}

export const backupFolder = (dataDir: string): string => join(dataDir, 'backups')

/**
 * Writes a backup, reads it back whole, and only then gives it its name.
 * @param label first part of the name: tells scheduled backups from others
 */
export async function createBackup(options: {
  readonly folder: string
  readonly label: string
  readonly passphrase: BackupSecret
  readonly source: BackupSource
  readonly onProgress?: (progress: Progress) => void
  readonly clock?: Clock
}): Promise<Backup> {
  const { folder, label, passphrase, source, onProgress = () => undefined, clock = systemClock } = options
  await makeFolder(folder)
  const createdAt = new Date(clock.now()).toISOString()
  const name = `${label}-${createdAt.replace(/[:.]/g, '')}-r${source.revision}${ENDING}`
  const path = join(folder, name)
  const unfinished = `${path}.unfinished`
  const total = source.count
  try {
    const content = encodeLines(source.lines, done => onProgress({ phase: 'writing', done, total }))
    const about = { createdAt, revision: source.revision, version: productVersion }
    const key = await writeContainer(unfinished, about, passphrase, content)
    let done = 0
    for await (const line of readBackup(unfinished, key))
      if (line.type === 'record') onProgress({ phase: 'checking', done: ++done, total })
    await rename(unfinished, path)
    await realDisk.syncFolder(folder)
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
  return describeBackup(path)
}

/** Everything in it, checked to the end. @throws StoreError `WrongKey` | `Corrupt` */
export const readBackup = (path: string, key: ContainerKey) => decodeLines(readContainer(path, key), path)

export async function describeBackup(path: string): Promise<Backup> {
  const [{ size }, header] = await Promise.all([stat(path), readHeader(path)])
  return { path, bytes: size, header }
}

/** Newest first. Files that are no backups are passed over. */
export async function listBackups(folder: string, label = ''): Promise<Backup[]> {
  const names = await readdir(folder).catch(() => [])
  const backups = await Promise.all(
    names
      .filter(name => name.endsWith(ENDING) && name.startsWith(label))
      .map(name => describeBackup(join(folder, name)).catch(() => undefined)),
  )
  return backups
    .filter(backup => backup !== undefined)
    .sort((a, b) => (a.header.createdAt < b.header.createdAt ? 1 : -1))
}

/**
 * Keeps the newest ones. Those that are dated later than now, as by a clock that was wrong, are neither counted nor
 * deleted: they would stand before everything that is made until then.
 * @returns those that were deleted
 */
export async function thinOut(folder: string, label: string, keep: number, nowMs: number): Promise<Backup[]> {
  const backups = await listBackups(folder, `${label}-`)
  const old = backups.filter(({ header }) => Date.parse(header.createdAt) <= nowMs).slice(keep)
  for (const { path } of old) await rm(path)
  return old
}
