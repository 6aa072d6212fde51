// Backups by themselves: when they are due, what becomes of those that fail, and which are kept.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createBackup, listBackups } from '../../src/main/store/backup/backup.ts'
import { type BackupOutcome, readOutcome } from '../../src/main/store/backup/outcome.ts'
import { ScheduledBackups, writeSchedule } from '../../src/main/store/backup/schedule.ts'
import { snapshotOf } from '../../src/main/store/backup/snapshot.ts'
import { silentLog } from '../../src/main/store/log.ts'
import { poll } from '../suites/store-helpers.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { clusterFolders, fillCluster, KEY, NEDB, PASSPHRASE } from './backup-cluster.ts'

const { use, folder, open } = clusterFolders()

test('scheduled backups come when they are due, also after a sleep, and the oldest go', async () => {
  const here = await folder()
  const store = await open(NEDB, here)
  await fillCluster(store, here, 3)
  const clock = new ManualClock(Date.parse('2026-03-01T02:59:00Z'))
  const target = join(here, 'scheduled')
  const passphraseFile = join(here, 'passphrase')
  const setAt = '2026-03-01T02:59:00Z'
  await writeSchedule(here, { cron: '0 * * * *', keep: 2, folder: target, passphraseFile, setAt })
  const failed: string[] = []
  const log = { ...silentLog, error: (detail: object) => failed.push(String((detail as { err: Error }).err.message)) }
  const given: string[] = []
  const readPassphrase = async () => given[0] ?? Promise.reject(new Error('no passphrase file'))
  const outcomes: BackupOutcome[] = []
  use(new ScheduledBackups({ store, dataDir: here, readPassphrase, onOutcome: outcome => outcomes.push(outcome), clock, log }))
  const made = () => listBackups(target)
  /** The next look at the schedule, with whatever it leads to. */
  const look = async () => {
    await poll(() => clock.pending > 0)
    await clock.advance(30_000)
    await poll(() => clock.pending > 0)
  }
  await look()
  expect(failed).toEqual([])
  // Without its passphrase a backup fails, and says so; the next one is tried all the same.
  await look()
  await look()
  expect(failed).toHaveLength(1)
  expect(await made()).toEqual([])
  const told = { failed: { at: '2026-03-01T03:00:00.000Z', message: 'no passphrase file', nextTry: '2026-03-01T03:05:00.000Z' } }
  expect(outcomes).toEqual([{}, told])
  expect(await readOutcome(here)).toEqual(told)
  given.push(PASSPHRASE)
  for (let sleeps = 1; sleeps <= 3; sleeps++) {
    // Five were missed: one is made.
    clock.jump(5 * 3_600_000)
    await look()
    expect(clock.now() - Date.parse((await made())[0]!.header.createdAt)).toBeLessThanOrEqual(30_000)
    expect(await made()).toHaveLength(Math.min(sleeps, 2))
  }
  expect(failed).toEqual(['no passphrase file'])
  expect(outcomes.at(-1)).toEqual({ made: { at: expect.any(String) as string, path: (await made())[0]!.path } })
}) // prettier-ignore

test('a scheduled backup that failed is tried again, sooner than the next one is due, and less and less often', async () => {
  const here = await folder()
  const store = await open(NEDB, here)
  const clock = new ManualClock(Date.parse('2026-03-01T03:00:00Z'))
  const schedule = { cron: '0 3 * * *', keep: 2, folder: join(here, 'scheduled'), passphraseFile: '' }
  await writeSchedule(here, { ...schedule, setAt: '2026-03-01T02:59:00Z' })
  const tries: number[] = []
  let isMended = false
  const readPassphrase = async () => {
    tries.push(Math.round((clock.now() - Date.parse('2026-03-01T03:00:00Z')) / 60_000))
    return isMended ? PASSPHRASE : Promise.reject(new Error('not there'))
  }
  const last: BackupOutcome[] = []
  use(new ScheduledBackups({ store, dataDir: here, readPassphrase, onOutcome: outcome => last.push(outcome), clock, log: silentLog }))
  const passMinutes = async (minutes: number) => {
    for (let looks = 0; looks < minutes * 2; looks++) {
      await poll(() => clock.pending > 0)
      await clock.advance(30_000)
    }
    await poll(() => clock.pending > 0)
  }
  await passMinutes(80)
  expect(tries).toEqual([1, 6, 16, 36, 76])
  expect(last.at(-1)?.failed?.message).toBe('not there')
  isMended = true
  await passMinutes(65)
  expect(tries).toHaveLength(6)
  expect(last.at(-1)).toMatchObject({ made: { path: expect.stringContaining('scheduled-') as string } })
  expect(last.at(-1)?.failed).toBeUndefined()
}) // prettier-ignore

test('a backup that was due while nothing ran is made after the next start, and only once', async () => {
  const here = await folder()
  const store = await open(NEDB, here)
  const target = join(here, 'scheduled')
  const schedule = { cron: '0 3 * * *', keep: 5, folder: target, passphraseFile: join(here, 'passphrase') }
  await writeSchedule(here, { ...schedule, setAt: '2026-03-01T12:00:00Z' })
  /** Runs for a minute from then on. @returns how many backups there are afterwards */
  const runAt = async (time: string) => {
    const clock = new ManualClock(Date.parse(time))
    const readPassphrase = () => Promise.resolve(PASSPHRASE)
    const onOutcome = () => undefined
    await using _running = new ScheduledBackups({
      store,
      dataDir: here,
      readPassphrase,
      onOutcome,
      clock,
      log: silentLog,
    })
    for (let looks = 0; looks < 2; looks++) {
      await clock.advance(30_000)
      await poll(() => clock.pending > 0)
    }
    return (await listBackups(target)).length
  }
  expect(await runAt('2026-03-01T12:30:00Z')).toBe(0)
  expect(await runAt('2026-03-03T12:00:00Z')).toBe(1)
  expect(await runAt('2026-03-03T12:10:00Z')).toBe(1)
  expect(await runAt('2026-03-04T12:00:00Z')).toBe(2)
})

test('backups that a wrong clock has dated in the future neither hold new ones up nor push them out', async () => {
  const here = await folder()
  const store = await open(NEDB, here)
  const target = join(here, 'scheduled')
  const { revision, count } = snapshotOf(store)
  for (const year of [2031, 2032])
    await createBackup({
      folder: target,
      label: 'scheduled',
      passphrase: KEY,
      source: { revision, count, lines: snapshotOf(store).lines },
      clock: new ManualClock(Date.UTC(year, 0)),
    })
  const schedule = { cron: '0 * * * *', keep: 2, folder: target, passphraseFile: join(here, 'passphrase') }
  await writeSchedule(here, { ...schedule, setAt: '2030-01-01T00:00:00Z' })
  const clock = new ManualClock(Date.parse('2026-03-01T02:59:45Z'))
  const readPassphrase = () => Promise.resolve(PASSPHRASE)
  await using _running = new ScheduledBackups({ store, dataDir: here, readPassphrase, onOutcome: () => undefined, clock, log: silentLog }) // prettier-ignore
  const made = async () => (await listBackups(target)).map(({ header }) => header.createdAt.slice(0, 13))
  const look = async () => {
    await poll(() => clock.pending > 0)
    await clock.advance(30_000)
    await poll(() => clock.pending > 0)
  }
  const expected: string[] = []
  for (const hour of ['03', '04', '05']) {
    await look()
    expected.unshift(`2026-03-01T${hour}`)
    expect(await made()).toEqual(['2032-01-01T00', '2031-01-01T00', ...expected.slice(0, 2)])
    clock.jump(3_600_000)
  }
})
