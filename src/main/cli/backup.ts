// `flotilla backup create|list|restore|schedule`.
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { isThere, noCluster } from '../data-folder/data-dir.ts'
import { dataDirOption } from './data-dir-option.ts'
import { parseStoreChoice } from './store-choice.ts'
import { parseOutput, ProgressReport, showBytes } from './progress.ts'
import { snapshotSource } from './snapshot-source.ts'
import { addPassphraseOption, addStoreOptions, BACKUP_PASSPHRASE_VARIABLE, type StoreFlags } from './store-options.ts'
import { CommandError, UsageError } from '../process/usage-error.ts'

type BackupFlags = StoreFlags & { readonly passphraseFile?: string; readonly folder?: string }

export function addBackupCommands(program: Command): void {
  const backup = program.command('backup').description('keep copies of the whole cluster, encrypted with a passphrase')
  addPassphraseOption(addStoreOptions(backup.command('create')))
    .description('write a backup at one revision, with authority and keys, and check it; the cluster may run')
    .option('--folder <dir>', 'where backups go (default: backups in the data folder)')
    .action(create)
  backup
    .command('list')
    .description('tell which backups there are, newest first')
    .addOption(dataDirOption())
    .option('--folder <dir>', 'where backups are (default: backups in the data folder)')
    .option('-o, --output <format>', 'text or json', 'text')
    .action(list)
  addPassphraseOption(addStoreOptions(backup.command('restore')))
    .description('put a backup into an empty data folder; revisions move forward')
    .argument('<file>', 'the backup')
    .option('--replace', 'move a cluster that is there aside')
    .action(restore)
  addPassphraseOption(backup.command('schedule'))
    .description('back up by itself while the cluster runs; without an option: tell the schedule')
    .addOption(dataDirOption())
    .option('--cron <schedule>', 'when, as cron has it, in local time: "0 3 * * *" is every night at three')
    .option('--keep <count>', 'how many of the scheduled backups are kept')
    .option('--folder <dir>', 'where backups go')
    .option('--off', 'no scheduled backups any more')
    .option('-o, --output <format>', 'text or json', 'text')
    .action(schedule)
}

export async function passphraseOf({ passphraseFile }: { readonly passphraseFile?: string }): Promise<string> {
  const { readPassphrase } = await import('../data-folder/passphrase-file.ts')
  const passphrase = passphraseFile ? await readPassphrase(passphraseFile) : process.env[BACKUP_PASSPHRASE_VARIABLE]
  if (!passphrase)
    throw new UsageError(`backups are encrypted: give --passphrase-file or set ${BACKUP_PASSPHRASE_VARIABLE}`)
  return passphrase
}

async function create(flags: BackupFlags): Promise<void> {
  const passphrase = await passphraseOf(flags)
  const report = new ProgressReport(parseOutput(flags.output))
  const choice = parseStoreChoice(flags.store, flags)
  const { openStoreAccess } = await import('./store-access.ts')
  const { backupFolder, createBackup } = await import('../store/backup/backup.ts')
  const folder = resolve(flags.folder ?? backupFolder(flags.dataDir))
  await using access = await openStoreAccess(flags.dataDir, choice, flags)
  const source = await snapshotSource(access.run('snapshot'))
  const { revision, count } = source
  try {
    const made = await createBackup({
      folder,
      label: 'backup',
      passphrase,
      source,
      onProgress: progress => report.tell(progress),
    })
    const { path, bytes } = made
    report.end(
      { path, bytes, revision, objects: count },
      `${path} (${showBytes(bytes)}, ${count} objects at revision ${revision}, checked)`,
    )
  } finally {
    report.clear()
  }
}

async function list(flags: { readonly dataDir: string; readonly folder?: string; readonly output: string }) {
  const format = parseOutput(flags.output)
  const { backupFolder, listBackups } = await import('../store/backup/backup.ts')
  // One that was named must be there; the default one comes with the first backup.
  if (flags.folder !== undefined) await readdir(flags.folder)
  const backups = await listBackups(resolve(flags.folder ?? backupFolder(flags.dataDir)))
  for (const { path, bytes, header } of backups) {
    const { createdAt, revision, version } = header
    if (format === 'json') console.log(JSON.stringify({ path, bytes, createdAt, revision, version }))
    else console.log(`${createdAt}  revision ${revision}  ${showBytes(bytes)}  ${path}`)
  }
  if (format === 'json') return
  if (backups.length === 0) console.log('no backups')
  const { outcomeText, readOutcome } = await import('../store/backup/outcome.ts')
  const { failed, ...rest } = await readOutcome(flags.dataDir)
  if (failed) console.log(`scheduled backups: ${outcomeText({ ...rest, failed }).join('\n')}`)
}

async function restore(path: string, flags: BackupFlags & { readonly replace?: boolean }): Promise<void> {
  const passphrase = await passphraseOf(flags)
  const report = new ProgressReport(parseOutput(flags.output))
  const store = parseStoreChoice(flags.store, flags)
  const { runningServer } = await import('../data-folder/running-server.ts')
  if (runningServer(flags.dataDir)) throw new CommandError('the cluster runs; stop it first')
  const { encryptionSecret } = await import('./encryption-flags.ts')
  const { restoreBackup } = await import('../store/backup/restore.ts')
  const encryption = await encryptionSecret(flags)
  try {
    const result = await restoreBackup({
      path,
      passphrase,
      dataDir: resolve(flags.dataDir),
      store,
      ...(encryption ? { encryption } : {}),
      replace: flags.replace ?? false,
      onProgress: progress => report.tell(progress),
    })
    const before = result.replaced ? `; the cluster that was there lies in ${result.replaced}` : ''
    report.end(result, `${result.records} objects restored, now at revision ${result.revision}${before}`)
  } finally {
    report.clear()
  }
}

interface ScheduleFlags {
  readonly dataDir: string
  readonly cron?: string
  readonly keep?: string
  readonly folder?: string
  readonly passphraseFile?: string
  readonly off?: boolean
  readonly output: string
}

async function schedule(flags: ScheduleFlags): Promise<void> {
  const format = parseOutput(flags.output)
  const { defaultSchedule, nextTime, readSchedule, writeSchedule } = await import('../store/backup/schedule.ts')
  const { dataDir, cron, keep, folder, passphraseFile, off } = flags
  // Whichever engine it is on, a cluster has its keys here.
  if (!isThere(join(dataDir, 'pki'))) throw new CommandError(noCluster(dataDir))
  const known = await readSchedule(dataDir)
  if (off) await writeSchedule(dataDir, undefined)
  else if (cron !== undefined || keep !== undefined || folder !== undefined || (passphraseFile && !known)) {
    const file = passphraseFile ?? known?.passphraseFile
    if (!file) throw new UsageError('scheduled backups are encrypted: give --passphrase-file')
    await passphraseOf({ passphraseFile: file })
    const base = known ?? defaultSchedule(resolve(dataDir), file)
    const next = {
      cron: cron ?? base.cron,
      keep: keep === undefined ? base.keep : Number(keep),
      folder: resolve(folder ?? base.folder),
      passphraseFile: resolve(file),
      setAt: known && cron === undefined ? known.setAt : new Date().toISOString(),
    }
    if (nextTime(next.cron, Date.now()) === undefined)
      throw new UsageError(`--cron wants five fields, not "${next.cron}"`)
    if (!Number.isSafeInteger(next.keep) || next.keep < 1)
      throw new UsageError(`--keep wants a number from 1, not "${keep}"`)
    const { makeFolder } = await import('../store/nedb/disk.ts')
    await makeFolder(next.folder)
    await writeSchedule(dataDir, next)
  }
  const now = await readSchedule(dataDir)
  const { outcomeText, readOutcome } = await import('../store/backup/outcome.ts')
  const outcome = await readOutcome(dataDir)
  if (format === 'json') return console.log(JSON.stringify(now ? { ...now, ...outcome } : null))
  if (!now) return console.log('no scheduled backups')
  const next = nextTime(now.cron, Date.now())
  console.log(
    `"${now.cron}" into ${now.folder}, the newest ${now.keep} kept; next ${next ? new Date(next).toISOString() : 'never'}`,
  )
  for (const line of outcomeText(outcome)) console.log(line)
}
