// The `flotilla` command line. Every command is a file of its own, loaded only when it is called.
import { Command, CommanderError, Option } from 'commander'
import type { NetworkBackend } from '../../shared/machinery/node-network.ts'
import { isHostName } from '../provisioning/ssh/address.ts'
import { productVersion } from '../process/version.ts'
import { dataDirOption } from './data-dir-option.ts'
import { addBackupCommands } from './backup.ts'
import { addCertsCommands } from './certs.ts'
import { addApiServerOptions, type ApiServerFlags } from './apiserver-flags.ts'
import { addEncryptionCommands } from './encryption.ts'
import { addEncryptionOptions, type EncryptionFlags } from './encryption-flags.ts'
import { carriedFlags } from './carried-flags.ts'
import { addConnectCommand } from './connect/command.ts'
import { addControlPlaneCommands } from './control-plane/commands.ts'
import { addExplainCommands } from './explain.ts'
import { type EtcdFlags, parseStoreChoice } from './store-choice.ts'
import { parseListenAddress } from '../addresses/listen-address.ts'
import { addImageCommands } from './image/commands.ts'
import { addLocalCommands } from './local/commands.ts'
import { addNodeCommands } from './node/commands.ts'
import { networkBackendOption } from './network-backend-option.ts'
import { parseControllers } from './controllers-flag.ts'
import { parseNodePortAddresses } from './node-port-addresses.ts'
import { addSchedulingCommands } from './scheduling.ts'
import { type RangeFlags, parseClusterRanges } from '../addresses/cluster-ranges.ts'
import { several } from './several.ts'
import { addStoreCommands } from './store.ts'
import { addEtcdOptions } from './store-options.ts'
import { systemErrorText } from '../process/system-error.ts'
import { showWhatSteers } from './terminal-text.ts'
import { addUserCommands } from './user/commands.ts'
import { mistakeText } from './mistake-text.ts'
import { Interrupted, UsageError } from '../process/usage-error.ts'

type ServeFlags = {
  dataDir: string
  listen: string
  store: string
  localNode: boolean
  localCluster?: string
  advertise?: string[]
  schedulerConfig?: string
  controllers?: string
  nodeportAddresses?: string
  loopbackNodePorts?: boolean
  networkBackend?: NetworkBackend
} & EtcdFlags &
  RangeFlags &
  EncryptionFlags &
  ApiServerFlags

function build(): Command {
  const program = new Command('flotilla')
  program
    .description('A Kubernetes that lives in one program: control plane here, nodes wherever you can SSH.')
    .version(`flotilla ${productVersion}`, '-V, --version')
    .showSuggestionAfterError()
    .configureOutput({ outputError: () => undefined })
    .exitOverride()

  const serve = program
    .command('serve')
    .description('run the cluster; prints "ready" with its URL and kubeconfig path')
    .addOption(dataDirOption())
    .option('--listen <host:port>', 'address of the API server and the window', '127.0.0.1:6443')
    .option('--advertise <name>', 'another name or address under which clients reach the API server', several)
    .option('--store <engine>', 'nedb (embedded), or etcd=URL[,URL…]', 'nedb')
    .option('--no-local-node', 'do not make this machine a node')
    .addOption(new Option('--local-cluster <folder>', 'run the nodes of this local cluster').hideHelp())
    .option(
      '--scheduler-config <file>',
      'a KubeSchedulerConfiguration: profiles, plugins with their arguments, extenders',
    )
    .option(
      '--controllers <list>',
      'which run: names of kube-controller-manager, each alone or after -, and * for all others (*)',
    )
    .option('--nodeport-addresses <list>', "ranges of the nodes' addresses that answer for node ports, or primary")
    .option(
      '--loopback-node-ports',
      "open Services' node ports and load balancers' ports on 127.0.0.1 of this machine, too",
    )
    .option('--cluster-cidr <ranges>', 'of pods: IPv4, or IPv4,IPv6 (10.244.0.0/16)')
    .option('--service-cluster-ip-range <ranges>', 'of Services: IPv4, or IPv4,IPv6 (10.96.0.0/16)')
    .addOption(networkBackendOption())
    .action(async (options: ServeFlags, command: Command) => {
      const { dataDir, localNode, schedulerConfig, advertise = [] } = options
      for (const name of advertise)
        if (!isHostName(name)) throw new UsageError(`--advertise wants a host name or an address, not "${name}"`)
      const nodePortAddresses = options.nodeportAddresses && parseNodePortAddresses(options.nodeportAddresses)
      const controllers = options.controllers === undefined ? undefined : parseControllers(options.controllers)
      const listen = parseListenAddress(options.listen)
      const store = parseStoreChoice(options.store, options)
      await (
        await import('./serve.ts')
      ).serve({
        dataDir,
        listen,
        advertise,
        store,
        localNode,
        ...(options.localCluster && { localCluster: options.localCluster }),
        schedulerConfig,
        ...(controllers && { controllers }),
        encryption: options,
        apiServer: options,
        ...(nodePortAddresses ? { nodePortAddresses } : {}),
        ...(options.networkBackend && { networkBackend: options.networkBackend }),
        loopbackNodePorts: options.loopbackNodePorts ?? false,
        ranges: parseClusterRanges(options),
        flags: carriedFlags(command),
      })
    })
  addEtcdOptions(serve)
  addEncryptionOptions(serve)
  addApiServerOptions(serve)
  addStoreCommands(program)
  addEncryptionCommands(program)
  addBackupCommands(program)
  addCertsCommands(program)
  program
    .command('status')
    .description('tell whether the cluster runs, where, and how its nodes are')
    .addOption(dataDirOption())
    .option('-o, --output <format>', 'text or json', 'text')
    .action(async (options: { dataDir: string; output: string }) => {
      if (!['text', 'json'].includes(options.output))
        throw new UsageError(`--output wants text or json, not "${options.output}"`)
      await (await import('./status.ts')).status(options.dataDir, options.output === 'json')
    })
  program
    .command('kubeconfig')
    .description('print a kubeconfig, or add the cluster to ~/.kube/config')
    .addOption(dataDirOption())
    .option(
      '--user <name>',
      'a client certificate of its own for this user (no rights until a role binding gives some)',
    )
    .option('--merge', 'add the cluster to ~/.kube/config and make it current')
    .option('--unmerge', 'take the cluster out of ~/.kube/config again')
    .action(async (options: { dataDir: string; user?: string; merge?: boolean; unmerge?: boolean }) => {
      if (options.merge && options.unmerge) throw new UsageError('--merge and --unmerge exclude each other')
      await (await import('./kubeconfig.ts')).kubeconfig(options)
    })
  program
    .command('login')
    .description('print a fresh one-time URL for the window')
    .addOption(dataDirOption())
    .action(async (options: { dataDir: string }) => (await import('./login.ts')).login(options.dataDir))
  program
    .command('reset')
    .description('delete the cluster of this data folder: its containers, network rules, mounts and data')
    .addOption(dataDirOption())
    .option('--yes', 'do not ask')
    .action(async (options: { dataDir: string; yes?: boolean }) =>
      (await import('./reset.ts')).reset(options.dataDir, options.yes ?? false),
    )
  program
    .command('uninstall')
    .description('reset, and take the cluster out of ~/.kube/config: this machine is as it was before')
    .addOption(dataDirOption())
    .option('--yes', 'do not ask')
    .action(async (options: { dataDir: string; yes?: boolean }) =>
      (await import('./reset.ts')).uninstall(options.dataDir, options.yes ?? false),
    )
  addSchedulingCommands(program, addExplainCommands(program))
  addImageCommands(program)
  addLocalCommands(program)
  addNodeCommands(program)
  addControlPlaneCommands(program)
  addConnectCommand(program)
  addUserCommands(program)
  program
    .command('version')
    .description('print the version')
    .action(() => console.log(`flotilla ${productVersion}`))
  return program
}

/** Usage mistakes exit 2, failures 1, each with one line. */
async function main(argv: readonly string[]): Promise<number | undefined> {
  const program = build()
  try {
    if (argv.length <= 2) {
      program.outputHelp()
      return 0
    }
    await program.parseAsync([...argv])
    return undefined // a command may have set its own exit code
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0
      console.error(`flotilla: ${mistakeText(error, program, argv)}`)
      return 2
    }
    if (error instanceof UsageError) {
      console.error(`flotilla: ${error.message}`)
      return 2
    }
    const known =
      error instanceof Error &&
      ['CommandError', 'StoreError', 'ListenError', 'MovedError', 'ApiError', 'SshError', 'UnforeseenError'].includes(
        error.name,
      )
    const sentence = known ? (error as Error).message : systemErrorText(error)
    console.error(`flotilla: ${sentence ?? (error instanceof Error ? (error.stack ?? error.message) : String(error))}`)
    return error instanceof Interrupted ? 130 : 1
  }
}

showWhatSteers()
process.exitCode = (await main(process.argv)) ?? process.exitCode
