// `flotilla encryption status|rotate|change-key|adopt-key`.
import type { Command } from 'commander'
import type { MasterSecret } from '../store/encryption/master-key.ts'
import type { StoreStatus } from '../store/operations/operations.ts'
import { dataDirOption } from './data-dir-option.ts'
import { parseStoreChoice } from './store-choice.ts'
import { parseOutput, ProgressReport } from './progress.ts'
import { runOperation } from './store-operation.ts'
import { addStoreOptions, type StoreFlags } from './store-options.ts'
import { CommandError, UsageError } from '../process/usage-error.ts'

export function addEncryptionCommands(program: Command): void {
  const encryption = program.command('encryption').description('the keys that Secrets are encrypted with')
  addStoreOptions(encryption.command('status'))
    .description('tell whether Secrets are encrypted, and since when with which data key')
    .action((flags: StoreFlags) => runOperation(flags, 'status', result => describeEncryption(result as StoreStatus)))
  addStoreOptions(encryption.command('rotate'))
    .description('encrypt every Secret with a new data key; the passphrase or key file stays')
    .action((flags: StoreFlags) =>
      runOperation(flags, 'rotate-encryption-key', () => 'every Secret is encrypted with a new data key'),
    )
  addStoreOptions(encryption.command('change-key'))
    .description('another passphrase or key file from now on; the cluster must not run')
    .option('--new-key-file <file>', 'the key from now on')
    .option('--new-passphrase-file <file>', 'the passphrase from now on')
    .action(changeKey)
  encryption
    .command('adopt-key')
    .description(
      'hand this running control plane the passphrase or key file that another one of its etcd has changed to',
    )
    .addOption(dataDirOption())
    .option('--new-key-file <file>', 'the key from now on')
    .option('--new-passphrase-file <file>', 'the passphrase from now on')
    .option('-o, --output <format>', 'text or json', 'text')
    .action(adoptKey)
}

export function describeEncryption({ encryption: { encrypted, master, dataKey, outdated } }: StoreStatus): string {
  if (!encrypted || !dataKey) return 'off'
  const newer = outdated
    ? '; another control plane has changed the key: hand it to this one: flotilla encryption adopt-key'
    : ''
  return `Secrets, by ${master === 'key' ? 'a key' : 'a passphrase'}; data key ${dataKey.id} of ${dataKey.createdAt}${newer}`
}

interface NewKeyFlags {
  readonly newKeyFile?: string
  readonly newPassphraseFile?: string
}

async function newSecret({ newKeyFile, newPassphraseFile }: NewKeyFlags): Promise<MasterSecret> {
  const { encryptionSecret } = await import('./encryption-flags.ts')
  const files = {
    ...(newKeyFile ? { encryptionKeyFile: newKeyFile } : {}),
    ...(newPassphraseFile ? { encryptionPassphraseFile: newPassphraseFile } : {}),
  }
  const secret = !newKeyFile === !newPassphraseFile ? undefined : await encryptionSecret(files, {})
  if (!secret) throw new UsageError('give --new-key-file or --new-passphrase-file')
  return secret
}

async function changeKey(flags: StoreFlags & NewKeyFlags): Promise<void> {
  const secret = await newSecret(flags)
  const { openStoreAccess } = await import('./store-access.ts')
  await using access = await openStoreAccess(flags.dataDir, parseStoreChoice(flags.store, flags), flags)
  if (!access.engine) throw new CommandError('the cluster runs; stop it first')
  await access.engine.changeMasterSecret(secret)
  new ProgressReport(parseOutput(flags.output)).end(
    access.engine.encryption,
    'changed; start the cluster with the new one, and hand it to other control planes of the same etcd that run: ' +
      'flotilla encryption adopt-key',
  )
}

async function adoptKey(flags: NewKeyFlags & { readonly dataDir: string; readonly output: string }): Promise<void> {
  const secret = await newSecret(flags)
  const { runningServer } = await import('../data-folder/running-server.ts')
  if (!runningServer(flags.dataDir)) throw new CommandError('no control plane runs here: start it with the new key')
  const { callServer } = await import('./store-access.ts')
  const report = new ProgressReport(parseOutput(flags.output))
  const given = secret.kind === 'key' ? { key: secret.key.toString('base64') } : { passphrase: secret.passphrase }
  for await (const event of callServer(flags.dataDir, { operation: 'adopt-encryption-key', secret: given }))
    if (event.type === 'result') report.end(event.result, 'known from now on; also start this control plane with it')
}
