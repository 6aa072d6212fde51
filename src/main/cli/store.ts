// `flotilla store status|verify|compact|migrate` and `flotilla encryption status|rotate|change-key`.
import type { Command } from 'commander'
import { CommandError, UsageError } from './usage-error.ts'
import { parseStoreChoice } from './listen-address.ts'
import { parseOutput, ProgressReport, showBytes } from './progress.ts'
import { addStoreOptions, type StoreFlags } from './store-options.ts'
import type { OperationName, StoreStatus } from '../store/operations/operations.ts'

export function addStoreCommands(program: Command): void {
  const store = program.command('store').description("look after the cluster's data")
  addStoreOptions(store.command('status'))
    .description('tell how large the store is, at which revision, and whether it is healthy and encrypted')
    .action((flags: StoreFlags) => run(flags, 'status', result => describe(result as StoreStatus)))
  addStoreOptions(store.command('verify'))
    .description('read everything from where it lies and check it')
    .action((flags: StoreFlags) =>
      run(flags, 'verify', result => {
        const { ok, records, differing } = result as { ok: boolean; records: number; differing: string[] }
        if (!ok) process.exitCode = 1
        return ok ? `${records} records, all good` : `not as acknowledged: ${differing.join(', ')}`
      }),
    )
  addStoreOptions(store.command('compact'))
    .description('forget the past and give its room back')
    .action((flags: StoreFlags) =>
      run(flags, 'compact', result => {
        const { beforeBytes, afterBytes } = result as { beforeBytes: number; afterBytes: number }
        return `${showBytes(beforeBytes)} before, ${showBytes(afterBytes)} now`
      }),
    )
  addStoreOptions(store.command('migrate'))
    .description('copy the cluster from --store into another, empty one; revisions only move forward')
    .requiredOption('--to <engine>', 'nedb, or etcd=URL[,URL…]')
    .action(migrate)

  const encryption = program.command('encryption').description('the keys that Secrets are encrypted with')
  addStoreOptions(encryption.command('status'))
    .description('tell whether Secrets are encrypted, and since when with which data key')
    .action((flags: StoreFlags) => run(flags, 'status', result => describeEncryption(result as StoreStatus)))
  addStoreOptions(encryption.command('rotate'))
    .description('encrypt every Secret with a new data key; the passphrase or key file stays')
    .action((flags: StoreFlags) =>
      run(flags, 'rotate-encryption-key', () => 'every Secret is encrypted with a new data key'),
    )
  addStoreOptions(encryption.command('change-key'))
    .description('another passphrase or key file from now on; the cluster must not run')
    .option('--new-key-file <file>', 'the key from now on')
    .option('--new-passphrase-file <file>', 'the passphrase from now on')
    .action(changeKey)
}

async function run(flags: StoreFlags, operation: OperationName, text: (result: object) => string): Promise<void> {
  const report = new ProgressReport(parseOutput(flags.output))
  const choice = parseStoreChoice(flags.store, flags)
  const { openStoreAccess } = await import('./store-access.ts')
  await using access = await openStoreAccess(flags.dataDir, choice, flags)
  try {
    for await (const event of access.run(operation)) {
      if (event.type === 'progress') report.tell({ phase: event.phase, done: event.done, ...totalOf(event) })
      else if (event.type === 'result') report.end(event.result, text(event.result))
    }
  } finally {
    report.clear()
  }
}

const totalOf = ({ total }: { readonly total?: number }) => (total === undefined ? {} : { total })

function describe(status: StoreStatus): string {
  const { engine, diskBytes, liveBytes, revision, objects, health } = status
  return [
    `engine      ${engine}`,
    `health      ${health.state}${health.detail ? `: ${health.detail}` : ''}`,
    `revision    ${revision}`,
    `objects     ${objects}`,
    `on disk     ${showBytes(diskBytes)}${liveBytes === undefined ? '' : ` (${showBytes(liveBytes)} without the past)`}`,
    `encryption  ${describeEncryption(status)}`,
  ].join('\n')
}

function describeEncryption({ encryption: { encrypted, master, dataKey, outdated } }: StoreStatus): string {
  if (!encrypted || !dataKey) return 'off'
  const newer = outdated ? '; another control plane has changed the key: restart this one with the new one' : ''
  return `Secrets, by ${master === 'key' ? 'a key' : 'a passphrase'}; data key ${dataKey.id} of ${dataKey.createdAt}${newer}`
}

async function changeKey(
  flags: StoreFlags & { readonly newKeyFile?: string; readonly newPassphraseFile?: string },
): Promise<void> {
  const { newKeyFile, newPassphraseFile } = flags
  if (!newKeyFile === !newPassphraseFile) throw new UsageError('give --new-key-file or --new-passphrase-file')
  const { encryptionSecret } = await import('./encryption-flags.ts')
  const secret = await encryptionSecret(
    {
      ...(newKeyFile ? { encryptionKeyFile: newKeyFile } : {}),
      ...(newPassphraseFile ? { encryptionPassphraseFile: newPassphraseFile } : {}),
    },
    {},
  )
  const { openStoreAccess } = await import('./store-access.ts')
  await using access = await openStoreAccess(flags.dataDir, parseStoreChoice(flags.store, flags), flags)
  if (!access.engine) throw new CommandError('the cluster runs; stop it first')
  if (secret) await access.engine.changeMasterSecret(secret)
  new ProgressReport(parseOutput(flags.output)).end(
    access.engine.encryption,
    'changed; start the cluster with the new one',
  )
}

async function migrate(flags: StoreFlags & { readonly to: string }): Promise<void> {
  const [from, to] = [parseStoreChoice(flags.store, flags), parseStoreChoice(flags.to, flags)]
  if (from.engine === to.engine) throw new UsageError('--to wants the other engine: nedb, or etcd=URL[,URL…]')
  const { runningServer } = await import('./running.ts')
  if (runningServer(flags.dataDir)) throw new CommandError('the cluster runs; stop it first')
  const { requireCluster } = await import('./store-access.ts')
  requireCluster(flags.dataDir, from)
  const report = new ProgressReport(parseOutput(flags.output))
  const { migrateStore } = await import('../store/operations/migrate.ts')
  try {
    const { dataDir } = flags
    const result = await migrateStore({ from, to, dataDir, onProgress: progress => report.tell(progress) })
    const next = to.engine === 'nedb' ? 'flotilla serve' : `flotilla serve --store ${flags.to}`
    report.end(result, `${result.records} records copied, now at revision ${result.revision}; go on with: ${next}`)
  } finally {
    report.clear()
  }
}
