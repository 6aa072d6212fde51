// Backups by themselves while the cluster runs: when, where, how many are kept. The passphrase stays in its own file.
import { join } from 'node:path'
import { Cron } from 'croner'
import type { Clock } from '../../../shared/machinery/clock.ts'
import type { ObjectStore } from '../contract.ts'
import type { StoreLog } from '../log.ts'
import { realDisk, readIfThere, removeIfThere, writeAtomically } from '../nedb/disk.ts'
import { backupFolder, createBackup, listBackups, thinOut } from './backup.ts'
import { type BackupOutcome, readOutcome, writeOutcome } from './outcome.ts'
import { clusterFiles, type SnapshotLine, snapshotOf } from './snapshot.ts'

export interface BackupSchedule {
  /** Five fields of cron, in local time. */
  readonly cron: string
  /** Newest ones that are kept. */
  readonly keep: number
  readonly folder: string
  readonly passphraseFile: string
  /** When it was set, RFC 3339: what was due before needs no backup. */
  readonly setAt: string
}

export const SCHEDULED = 'scheduled'
const pathOf = (dataDir: string) => join(dataDir, 'backup-schedule.json')

export async function readSchedule(dataDir: string): Promise<BackupSchedule | undefined> {
  const text = await readIfThere(pathOf(dataDir))
  return text === undefined ? undefined : (JSON.parse(text) as BackupSchedule)
}

export const writeSchedule = (dataDir: string, schedule: BackupSchedule | undefined): Promise<void> =>
  schedule
    ? writeAtomically(realDisk, pathOf(dataDir), `${JSON.stringify(schedule, undefined, 2)}\n`)
    : removeIfThere(pathOf(dataDir))

/** @returns the next time after `nowMs`; undefined when the text is no schedule or never comes */
export function nextTime(cron: string, nowMs: number): number | undefined {
  try {
    return new Cron(cron, { paused: true }).nextRun(new Date(nowMs))?.getTime()
  } catch {
    return undefined
  }
}

/** How often the schedule is looked at: it may be changed while the cluster runs, and the machine may have slept. */
const LOOK_EVERY_MS = 30_000
/** After a failure; twice as long after each further one, up to the longest. */
const RETRY_MS = 300_000
/** Sooner than the Event of the failure before is forgotten, an hour after it: the window goes by it. */
const LONGEST_RETRY_MS = 3_000_000

export interface ScheduledBackupsParts {
  readonly store: ObjectStore
  readonly dataDir: string
  readonly readPassphrase: (path: string) => Promise<string>
  /** Told at the start, and after each attempt. */
  readonly onOutcome: (outcome: BackupOutcome) => void
  readonly clock: Clock
  readonly log: StoreLog
}

export class ScheduledBackups implements AsyncDisposable {
  readonly #parts: ScheduledBackupsParts
  #cancel: () => void = () => undefined
  #running: Promise<void> = Promise.resolve()
  /** Up to when the schedule was followed; unknown until the first look. */
  #lookedMs: number | undefined
  #outcome: BackupOutcome = {}
  #failures = 0
  #retryAtMs = Infinity
  #ended = false

  constructor(parts: ScheduledBackupsParts) {
    this.#parts = parts
    this.#running = this.#tellOutcome().finally(() => this.#wait())
  }

  async #tellOutcome(): Promise<void> {
    const { dataDir, onOutcome, log } = this.#parts
    try {
      this.#outcome = await readOutcome(dataDir)
      onOutcome(this.#outcome)
    } catch (error) {
      log.warn({ err: error }, 'what became of the scheduled backups is not known')
    }
  }

  #wait(): void {
    if (this.#ended) return
    this.#cancel = this.#parts.clock.after(LOOK_EVERY_MS, () => {
      this.#running = this.#look()
        .catch((error: unknown) => this.#parts.log.error({ err: error }, 'the backup schedule cannot be followed'))
        .finally(() => this.#wait())
    })
  }

  /** One backup is due, however many times went by meanwhile, also while nothing ran. */
  async #look(): Promise<void> {
    const { dataDir, clock } = this.#parts
    const nowMs = clock.now()
    const schedule = await readSchedule(dataDir)
    const sinceMs = this.#lookedMs ?? (schedule ? await lastTime(schedule, nowMs) : nowMs)
    this.#lookedMs = nowMs
    if (!schedule) return void (this.#retryAtMs = Infinity)
    const due = nextTime(schedule.cron, sinceMs)
    if ((due !== undefined && due <= nowMs) || this.#retryAtMs <= nowMs) await this.#attempt(schedule)
  }

  async #attempt(schedule: BackupSchedule): Promise<void> {
    const { dataDir, clock, log, onOutcome } = this.#parts
    const at = new Date(clock.now()).toISOString()
    try {
      this.#outcome = { made: { at, path: await this.#backUp(schedule) } }
      this.#failures = 0
      this.#retryAtMs = Infinity
    } catch (error) {
      log.error({ err: error }, 'the scheduled backup failed')
      this.#retryAtMs = clock.now() + Math.min(RETRY_MS * 2 ** this.#failures++, LONGEST_RETRY_MS)
      const nextTry = new Date(this.#retryAtMs).toISOString()
      const { made } = this.#outcome
      this.#outcome = { ...(made && { made }), failed: { at, message: (error as Error).message, nextTry } }
    }
    onOutcome(this.#outcome)
    await writeOutcome(dataDir, this.#outcome)
  }

  /** @returns its path */
  async #backUp({ folder, keep, passphraseFile }: BackupSchedule): Promise<string> {
    const { store, dataDir, readPassphrase, clock, log } = this.#parts
    const passphrase = await readPassphrase(passphraseFile)
    // What others have written to a shared store is in it, and one that cannot be read makes no backup.
    await store.fresh()
    const source = wholeCluster(store, dataDir)
    const { path } = await createBackup({ folder, label: SCHEDULED, passphrase, source, clock })
    const deleted = await thinOut(folder, SCHEDULED, keep, clock.now())
    log.info({ path, deleted: deleted.length }, 'a scheduled backup was made and checked')
    return path
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    this.#cancel()
    await this.#running
  }
}

/** The newest scheduled backup, or when the schedule was set; what a wrong clock dated later than now says nothing. */
async function lastTime({ folder, setAt }: BackupSchedule, nowMs: number): Promise<number> {
  const times = (await listBackups(folder, `${SCHEDULED}-`)).map(({ header }) => Date.parse(header.createdAt))
  return Math.max(0, ...[Date.parse(setAt), ...times].filter(time => time <= nowMs))
}

function wholeCluster(store: ObjectStore, dataDir: string) {
  const { revision, count, lines } = snapshotOf(store)
  const all = async function* (): AsyncGenerator<SnapshotLine, void> {
    yield* clusterFiles(dataDir)
    yield* lines
  }
  return { revision, count, lines: all() }
}

export const defaultSchedule = (dataDir: string, passphraseFile: string): Omit<BackupSchedule, 'setAt'> => ({
  cron: '0 3 * * *',
  keep: 14,
  folder: backupFolder(dataDir),
  passphraseFile,
})
