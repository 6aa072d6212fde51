// `flotilla image …`: images of this machine's Docker on the nodes, without a registry.
import type { Command } from 'commander'
import { dataDirOption } from '../data-dir-option.ts'
import type { LoadFlags } from './load.ts'

export function addImageCommands(program: Command): void {
  const image = program.command('image').description('images of this machine on the nodes, without a registry')
  image
    .command('load')
    .description("send images of this machine's Docker to hosts over SSH: only the layers that they lack")
    .argument('<image...>', 'names, such as web:1.2')
    .addOption(dataDirOption())
    .option('--nodes <names>', 'names of hosts, with commas; default: all')
    .option('--password-stdin', 'read the password for sudo from the first line of standard input')
    .action(async (images: string[], flags: LoadFlags) => (await import('./load.ts')).load(images, flags))
}
