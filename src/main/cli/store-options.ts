// Options that the commands around the store share.
import { type Command, Option } from 'commander'
import { dataDirOption } from './data-dir-option.ts'
import { addEncryptionOptions, type EncryptionFlags } from './encryption-flags.ts'
import type { EtcdFlags } from './store-choice.ts'

export type StoreFlags = { readonly dataDir: string; readonly store: string; readonly output: string } & EtcdFlags &
  EncryptionFlags

export function addEtcdOptions(command: Command): void {
  command
    .addOption(new Option('--etcd-ca <file>', "PEM file of etcd's certificate authority").env('ETCDCTL_CACERT'))
    .addOption(new Option('--etcd-cert <file>', 'PEM file of the client certificate for etcd').env('ETCDCTL_CERT'))
    .addOption(new Option('--etcd-key <file>', 'PEM file of its private key').env('ETCDCTL_KEY'))
    .addOption(
      new Option('--etcd-user <name:password>', 'user of etcd; the environment keeps it out of process lists').env(
        'ETCDCTL_USER',
      ),
    )
}

export function addStoreOptions(command: Command): Command {
  command
    .addOption(dataDirOption())
    .option('--store <engine>', 'nedb (embedded), or etcd=URL[,URL…]', 'nedb')
    .option('-o, --output <format>', 'text, or json: a line for each step and one for the result', 'text')
  addEtcdOptions(command)
  addEncryptionOptions(command)
  return command
}

/** Takes the passphrase of backups itself, where a file would be in the way. */
export const BACKUP_PASSPHRASE_VARIABLE = 'FLOTILLA_BACKUP_PASSPHRASE'

export const addPassphraseOption = (command: Command): Command =>
  command.addOption(
    new Option(
      '--passphrase-file <file>',
      `the passphrase of backups, in a file; ${BACKUP_PASSPHRASE_VARIABLE} gives the passphrase itself`,
    ).env('FLOTILLA_BACKUP_PASSPHRASE_FILE'),
  )
