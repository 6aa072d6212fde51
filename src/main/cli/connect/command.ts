// `flotilla connect`.
import type { Command } from 'commander'
import { addAnswerOptions } from '../answer-options.ts'
import { dataDirOption } from '../data-dir-option.ts'
import type { ConnectFlags } from './connect.ts'

export function addConnectCommand(program: Command): void {
  const command = program
    .command('connect')
    .description('reach the API server on this loopback, through a host of the cluster that you may SSH into')
    .argument('[address]', 'user@host[:port], or a name of your SSH configuration; default: where the control plane is')
    .addOption(dataDirOption())
    .option('--kubeconfig <file>', "whose certificate and authority are used; default: the cluster's here, or your own")
    .option('--port <port>', 'of the loopback; default: as in the kubeconfig')
    .option('--merge', 'add the cluster to ~/.kube/config and make it current')
  addAnswerOptions(command, 'SSH').action(async (address: string | undefined, flags: ConnectFlags) =>
    (await import('./connect.ts')).connect(address, flags),
  )
}
