// Which flags of `serve` a move of the control plane names, since the server would not have them.
import { Command } from 'commander'
import { expect, test } from 'vitest'
import { addApiServerOptions } from '../../src/main/cli/apiserver-flags.ts'
import { dataDirOption } from '../../src/main/cli/data-dir-option.ts'
import { addEncryptionOptions } from '../../src/main/cli/encryption-flags.ts'
import { networkBackendOption } from '../../src/main/cli/network-backend-option.ts'
import { stayingFlags } from '../../src/main/cli/staying-flags.ts'
import { addEtcdOptions } from '../../src/main/cli/store-options.ts'

function staying(...args: string[]): string[] {
  const serve = new Command('serve').addOption(dataDirOption()).addOption(networkBackendOption())
  addEtcdOptions(serve)
  addEncryptionOptions(serve)
  addApiServerOptions(serve)
  return stayingFlags(serve.parse(args, { from: 'user' }))
}

test('are those that were given: no defaults', () => {
  expect(staying()).toEqual([])
  expect(staying('--event-ttl', '60', '--audit-log-path', '/var/log/audit')).toEqual([
    '--audit-log-path',
    '--event-ttl',
  ])
})

test('are not those that the cluster keeps, or that a move carries by itself', () => {
  const carried = ['--data-dir', '/d', '--etcd-ca', '/ca', '--encryption-key-file', '/key']
  expect(staying('--network-backend', 'wireguard', ...carried)).toEqual([])
})
