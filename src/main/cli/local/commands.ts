// `flotilla local …`: clusters of several nodes on this machine, each node a container.
import { type Command, Option } from 'commander'
import { localClustersFolder } from '../../data-folder/data-dir.ts'
import type { CreateFlags } from './run.ts'

const folder = () => new Option('--folder <dir>', 'where local clusters live').default(localClustersFolder())
const DEFAULT_NAME = 'local'

const ACTIONS = [
  ['start', 'run it again, as it was'],
  ['stop', 'stop its nodes, their pods and its control plane; nothing is lost'],
  ['reset', 'delete all that is in it and make it anew'],
  ['delete', 'delete it, and everything of it'],
] as const

export function addLocalCommands(program: Command): void {
  const local = program.command('local').description('clusters of several nodes on this machine, in Docker containers')
  local
    .command('create')
    .description('make a cluster; images that are on this machine need no registry')
    .argument('[name]', 'its name', DEFAULT_NAME)
    .option('--nodes <number>', 'how many nodes', '1')
    .option('--cluster-cidr <range>', 'of pods, IPv4 (10.244.0.0/16)')
    .option('--service-cluster-ip-range <range>', 'of Services, IPv4 (10.96.0.0/16)')
    .addOption(folder())
    .action(async (name: string, flags: CreateFlags) => (await import('./run.ts')).create(name, flags))
  for (const [action, description] of ACTIONS)
    local
      .command(action)
      .description(description)
      .argument('[name]', 'its name', DEFAULT_NAME)
      .addOption(folder())
      .action(async (name: string, flags: { folder: string }) =>
        (await import('./run.ts')).act(action, name, flags.folder),
      )
  local
    .command('list')
    .description('local clusters, and whether they run')
    .addOption(folder())
    .action(async (flags: { folder: string }) => (await import('./run.ts')).list(flags.folder))
}
