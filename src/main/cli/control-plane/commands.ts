// `flotilla control-plane …`: where the control plane runs.
import type { Command } from 'commander'
import { addAnswerOptions } from '../answer-options.ts'
import { dataDirOption } from '../data-dir-option.ts'
import { UsageError } from '../../process/usage-error.ts'
import { addEncryptionOptions } from '../encryption-flags.ts'
import type { DepartFlags } from './depart.ts'
import type { BackFlags } from './move-back.ts'
import type { ReceiveFlags } from './receive.ts'
import type { UpgradeFlags } from './upgrade.ts'

export function addControlPlaneCommands(program: Command): void {
  const command = program.command('control-plane').description('where the control plane runs')
  const moving = command
    .command('move')
    .description('put the control plane on a server, as a service of its systemd; with --back: bring it here again')
    .argument('[address]', 'user@host[:port], or a name of your SSH configuration')
    .addOption(dataDirOption())
    .option('--back', 'bring it back from where it is')
    .option('--port <port>', 'of the API server there', '6443')
    .option('--leave-flags', 'leave the flags that "flotilla serve" was given here, and their files, behind')
  addEncryptionOptions(moving)
  moving.option('--encrypt-later', 'with --back: leave Secrets in the clear until the next start with the key')
  addAnswerOptions(moving, 'SSH and sudo')
    .option('--yes', 'do not ask before changes')
    .action(async (address: string | undefined, flags: BackFlags & { back?: boolean }) => {
      if ((address === undefined) === !flags.back) throw new UsageError('give the server, or --back')
      if (flags.back) await (await import('./move-back.ts')).moveBack(flags)
      else await (await import('./move.ts')).move(address ?? '', flags)
    })
  const upgrading = command
    .command('upgrade')
    .description("put this machine's version on the server that the control plane has moved to")
    .addOption(dataDirOption())
  addAnswerOptions(upgrading, 'SSH and sudo')
    .option('--yes', 'do not ask before changes')
    .action(async (flags: UpgradeFlags) => (await import('./upgrade.ts')).upgradeServer(flags))
  command
    .command('ready', { hidden: true })
    .addOption(dataDirOption())
    .requiredOption('--within <seconds>')
    .action(async (flags: { dataDir: string; within: string }) => (await import('./ready.ts')).ready(flags))
  const receiving = command.command('receive', { hidden: true })
  addEncryptionOptions(receiving)
  receiving
    .argument('<file>')
    .addOption(dataDirOption())
    .requiredOption('--id <id>')
    .requiredOption('--cluster <id>')
    .requiredOption('--key-file <file>')
    .action(async (file: string, flags: ReceiveFlags) => (await import('./receive.ts')).receive(file, flags))
  command
    .command('activate', { hidden: true })
    .addOption(dataDirOption())
    .requiredOption('--id <id>')
    .action(async (flags: { dataDir: string; id: string }) => (await import('./receive.ts')).activate(flags))
  const departing = command.command('depart', { hidden: true })
  addEncryptionOptions(departing)
  departing
    .argument('<file>')
    .addOption(dataDirOption())
    .requiredOption('--id <id>')
    .requiredOption('--from <id>')
    .requiredOption('--to <name>')
    .requiredOption('--key-file <file>')
    .action(async (file: string, flags: DepartFlags) => (await import('./depart.ts')).depart(file, flags))
  command
    .command('leave', { hidden: true })
    .addOption(dataDirOption())
    .requiredOption('--id <id>')
    .action(async (flags: { dataDir: string; id: string }) => (await import('./depart.ts')).leave(flags))
}
