// `flotilla image …`: images of this machine's Docker on the nodes, without a registry.
import { type Command, Option } from 'commander'
import { defaultDataDir } from '../../data-dir.ts'
import type { LoadFlags } from './load.ts'

export function addImageCommands(program: Command): void {
  const image = program.command('image').description('images of this machine on the nodes, without a registry')
  image
    .command('load')
    .description("send images of this machine's Docker to hosts over SSH: only the layers that they lack")
    .argument('<image...>', 'names, such as web:1.2')
    .addOption(new Option('--data-dir <dir>', 'where the cluster lives').default(defaultDataDir()))
    .option('--nodes <names>', 'names of hosts, with commas; default: all')
    .option('--password-stdin', 'read the password for sudo from the first line of standard input')
    .action(async (images: string[], flags: LoadFlags) => (await import('./load.ts')).load(images, flags))
}
