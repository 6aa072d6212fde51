// How a command is given the key of an encrypted store.
import { type Command, Option } from 'commander'
import { type MasterSecret, readKeyFile } from '../store/encryption/master-key.ts'
import { readPassphrase } from '../data-folder/passphrase-file.ts'
import { UsageError } from '../process/usage-error.ts'

export interface EncryptionFlags {
  readonly encryptionKeyFile?: string
  readonly encryptionPassphraseFile?: string
}

/** Takes the passphrase itself, where a file would be in the way. */
const PASSPHRASE_VARIABLE = 'FLOTILLA_ENCRYPTION_PASSPHRASE'

export function addEncryptionOptions(command: Command): void {
  command
    .addOption(
      new Option('--encryption-key-file <file>', 'encrypt Secrets at rest with this key (32 bytes, or base64)').env(
        'FLOTILLA_ENCRYPTION_KEY_FILE',
      ),
    )
    .addOption(
      new Option(
        '--encryption-passphrase-file <file>',
        `encrypt Secrets at rest with the passphrase in this file; ${PASSPHRASE_VARIABLE} gives the passphrase itself`,
      ).env('FLOTILLA_ENCRYPTION_PASSPHRASE_FILE'),
    )
}

/** @throws UsageError | CommandError | StoreError `WrongKey` */
export async function encryptionSecret(
  { encryptionKeyFile, encryptionPassphraseFile }: EncryptionFlags,
  env: NodeJS.ProcessEnv = process.env,
): Promise<MasterSecret | undefined> {
  if (encryptionKeyFile && encryptionPassphraseFile)
    throw new UsageError('--encryption-key-file and --encryption-passphrase-file exclude each other')
  if (encryptionKeyFile) return readKeyFile(encryptionKeyFile)
  const passphrase = encryptionPassphraseFile
    ? await readPassphrase(encryptionPassphraseFile)
    : env[PASSPHRASE_VARIABLE]
  return passphrase ? { kind: 'passphrase', passphrase } : undefined
}
