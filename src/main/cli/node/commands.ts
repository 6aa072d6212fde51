// `flotilla node …`: hosts over SSH. Every command makes HostOperations and follows them, as the window does.
import { type Command, Option } from 'commander'
import { addAnswerOptions } from '../answer-options.ts'
import { dataDirOption } from '../data-dir-option.ts'
import { several } from '../several.ts'
import { UsageError } from '../../process/usage-error.ts'
import type { OperateFlags } from './operate.ts'
import type { LogsFlags } from './ssh.ts'

interface AddFlags extends OperateFlags {
  readonly file?: string
  readonly name?: string
  readonly nodeName?: string
  readonly label?: string[]
  readonly taint?: string[]
  readonly role?: string[]
  readonly identity?: string
}

const answerable = (command: Command): Command =>
  addAnswerOptions(command.addOption(dataDirOption()), 'SSH and sudo')
    .option('--yes', 'do not ask before changes')
    .option('-o, --output <format>', 'text, or json: a line for each event', 'text')

/** People know `ssh -i`; the connection has to come back later, when nobody gives options. */
const KEYS = 'keys are those of the ssh-agent, of ~/.ssh, and of ~/.ssh/config: name others there, as IdentityFile'

/** Actions on hosts by name. */
const ACTIONS = [
  ['check', 'Check', 'look at hosts without changing anything, and tell what is in the way'],
  ['upgrade', 'Upgrade', 'bring the agents of hosts to this version, one after the other'],
  ['repair', 'Repair', 'do again what is missing for hosts to be nodes'],
  ['restart', 'Restart', 'restart the agents of hosts; pods run on'],
] as const

export function addNodeCommands(program: Command): void {
  const node = program.command('node').description('machines over SSH that are nodes, or become ones')

  answerable(node.command('add'))
    .description('make hosts nodes: checks them, shows what will be done, and does it')
    .argument('[address...]', 'user@host[:port], or names of your SSH configuration')
    .option('-f, --file <file>', 'a YAML or CSV file of hosts')
    .option('--name <name>', 'name of the host; default: from its address')
    .option('--node-name <name>', 'name of the node; default: as the host calls itself')
    .option('--label <key=value>', 'a label for the node', several)
    .option('--taint <key=value:effect>', 'a taint for the node', several)
    .option('--role <role>', 'a role for the node', several)
    .addOption(new Option('-i, --identity <file>').hideHelp())
    .addHelpText('after', `\n${KEYS}`)
    .action(async (addresses: string[], flags: AddFlags) => {
      const { newHost, noneTwice, parseLabels, readInventory } = await import('./inventory.ts')
      const { name, nodeName, label, taint, role, file, identity } = flags
      if (identity !== undefined) throw new UsageError(`there is no option for a key; ${KEYS}`)
      if (addresses.length !== 1 && (name || nodeName)) throw new UsageError('--name and --node-name want one address')
      const hosts = [
        ...addresses.map(address =>
          newHost({
            address,
            name,
            nodeName,
            labels: label && parseLabels(label),
            taints: taint,
            roles: role,
          }),
        ),
        ...(file ? await readInventory(file) : []),
      ]
      if (hosts.length === 0) throw new UsageError('give addresses such as user@host, or a file with --file')
      noneTwice(hosts)
      await (await import('./operate.ts')).add(hosts, flags)
    })

  node
    .command('join-command')
    .description('print a line that makes a host a node which cannot be reached over SSH from here')
    .addOption(dataDirOption())
    .action(async (flags: { dataDir: string }) => (await import('./join-command.ts')).joinCommand(flags.dataDir))
  node
    .command('list')
    .description('hosts and nodes')
    .addOption(dataDirOption())
    .option('-o, --output <format>', 'text or json', 'text')
    .action(async (flags: { dataDir: string; output: string }) =>
      (await import('./show.ts')).list(flags.dataDir, flags.output),
    )
  node
    .command('show')
    .description('one host: what it is, what was found, when it was away')
    .argument('<host>')
    .addOption(dataDirOption())
    .option('-o, --output <format>', 'text or json', 'text')
    .action(async (host: string, flags: { dataDir: string; output: string }) =>
      (await import('./show.ts')).show(flags.dataDir, host, flags.output),
    )
  for (const [command, action, description] of ACTIONS)
    answerable(node.command(command))
      .description(description)
      .argument('[host...]', 'names of hosts; none = all')
      .action(async (hosts: string[], flags: OperateFlags) =>
        (await import('./operate.ts')).operate(action, hosts, flags),
      )
  node
    .command('logs')
    .description('the log of the agent on a host')
    .argument('<host>')
    .addOption(dataDirOption())
    .option('-f, --follow', 'go on with what comes')
    .option('--password-stdin', 'read the password for SSH and sudo from the first line of standard input')
    .action(async (host: string, flags: LogsFlags) => (await import('./ssh.ts')).logs(host, flags))
  node
    .command('shell')
    .description('a login shell on a host')
    .argument('<host>')
    .addOption(dataDirOption())
    .action(async (host: string, flags: { dataDir: string }) => (await import('./ssh.ts')).shell(flags.dataDir, host))
  answerable(node.command('undo'))
    .description('take back what joining did last, or one step of it with what was built on it; the host stays known')
    .argument('<host...>', 'names of hosts')
    .option('--step <step>', 'as the journal calls it: start-agent, configure, push-runtime, …')
    .action(async (hosts: string[], flags: OperateFlags) =>
      (await import('./operate.ts')).operate('Undo', hosts, flags),
    )
  answerable(node.command('remove'))
    .description('take hosts out of the cluster and leave them as they were before')
    .argument('<host...>', 'names of hosts')
    .option('--forget', 'without touching it: a host that cannot be reached any more, or a node that is not over SSH')
    .action(async (hosts: string[], flags: OperateFlags) =>
      (await import('./operate.ts')).operate('Remove', hosts, flags),
    )
}
