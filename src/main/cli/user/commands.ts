// `flotilla user …`: people who may use the cluster, each with a certificate and rights of their own.
import { type Command, Option } from 'commander'
import { dataDirOption } from '../data-dir-option.ts'
import { several } from '../several.ts'
import type { InviteFlags } from './invite.ts'

export function addUserCommands(program: Command): void {
  const user = program.command('user').description('people who may use the cluster')
  user
    .command('invite')
    .description('give somebody a kubeconfig with a certificate and rights of their own')
    .argument('<name>')
    .addOption(dataDirOption())
    .addOption(new Option('--role <role>', 'what they may do').choices(['view', 'edit', 'admin']).makeOptionMandatory())
    .option('-n, --namespace <namespace>', 'only here; may be given several times', several)
    .option('--days <days>', 'how long the certificate lives', '90')
    .option('-o, --output <file>', 'where the kubeconfig goes; default: standard output')
    .action(async (name: string, flags: InviteFlags) => (await import('./invite.ts')).invite(name, flags))
  user
    .command('list')
    .description('who was invited, with which rights, and until when')
    .addOption(dataDirOption())
    .option('-o, --output <format>', 'text or json', 'text')
    .action(async (flags: { dataDir: string; output: string }) =>
      (await import('./list.ts')).list(flags.dataDir, flags.output),
    )
  user
    .command('activity')
    .description('what people did and what they were refused, in plain words; the newest last')
    .argument('[name]')
    .addOption(dataDirOption())
    .option('--limit <count>', 'so many of the newest', '100')
    .addOption(new Option('-o, --output <format>').choices(['text', 'json']).default('text'))
    .action(async (name: string | undefined, flags: { dataDir: string; limit: string; output: string }) =>
      (await import('./activity.ts')).activity(name, flags),
    )
  user
    .command('revoke')
    .description('take rights and certificates away; open connections end at once')
    .argument('<name>')
    .addOption(dataDirOption())
    .action(async (name: string, flags: { dataDir: string }) =>
      (await import('./revoke.ts')).revoke(flags.dataDir, name),
    )
}
