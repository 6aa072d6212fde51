// What became of the scheduled backups, in a file beside the schedule: it outlives the server, and commands tell it.
import { join } from 'node:path'
import { readIfThere, realDisk, writeAtomically } from '../nedb/disk.ts'

export interface BackupOutcome {
  /** The newest one that was made and checked; times are RFC 3339. */
  readonly made?: { readonly at: string; readonly path: string }
  /** Since that one, or ever: the newest one that came to nothing. */
  readonly failed?: { readonly at: string; readonly message: string; readonly nextTry: string }
}

const pathOf = (dataDir: string) => join(dataDir, 'backup-outcome.json')

export async function readOutcome(dataDir: string): Promise<BackupOutcome> {
  const text = await readIfThere(pathOf(dataDir))
  return text === undefined ? {} : (JSON.parse(text) as BackupOutcome)
}

export const writeOutcome = (dataDir: string, outcome: BackupOutcome): Promise<void> =>
  writeAtomically(realDisk, pathOf(dataDir), `${JSON.stringify(outcome, undefined, 2)}\n`)

/** @returns the lines for people; none when nothing has happened yet */
export function outcomeText({ made, failed }: BackupOutcome): string[] {
  const last = made ? `the last good one is of ${made.at}` : 'there is no good one yet'
  if (failed) return [`FAILED at ${failed.at}: ${failed.message}; tried again at ${failed.nextTry}; ${last}`]
  return made ? [`last made at ${made.at}: ${made.path}`] : []
}
