// Which files make up the log, in order. Replaced atomically: it is the one place that says what counts.
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { StoreError } from '../contract.ts'
import { type Disk, readIfThere, writeAtomically } from './disk.ts'

export interface SegmentEntry {
  /** File name inside the store's folder. */
  readonly name: string
  /** Length that counts; null = the active segment, whose end is found by reading it. */
  readonly bytes: number | null
  /** Newest revision inside; 0 when there is none. */
  readonly lastRevision: number
}

export interface Manifest {
  /** Number that the next file gets. */
  readonly nextFile: number
  /** Changes whenever the log is opened: tells a folder that was put back from a copy. */
  readonly lineage: string
  readonly compactedRevision: number
  /** Oldest first. */
  readonly segments: readonly SegmentEntry[]
}

const pathOf = (folder: string) => join(folder, 'manifest.json')

/** @throws StoreError `Corrupt` */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  const text = await readIfThere(pathOf(folder))
  if (text === undefined) return undefined
  const [json = '', sum] = text.split('\n')
  if (crc32(json) !== Number(sum))
    throw new StoreError(
      'Corrupt',
      `${pathOf(folder)} is damaged: restore the data folder from a backup, or move it away to start empty`,
    )
  return JSON.parse(json) as Manifest
}

export function writeManifest(disk: Disk, folder: string, manifest: Manifest): Promise<void> {
  const json = JSON.stringify(manifest)
  return writeAtomically(disk, pathOf(folder), `${json}\n${crc32(json)}\n`)
}
