// Which flags of `serve` go along when the control plane moves, and how a server is told them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { extract } from 'tar-stream'
import { afterAll, expect, test } from 'vitest'
import { addApiServerOptions } from '../../src/main/cli/apiserver-flags.ts'
import { carriedFlags } from '../../src/main/cli/carried-flags.ts'
import type { CarriedFlag } from '../../src/main/data-folder/running-server.ts'
import { packFlags, planFlags } from '../../src/main/cli/control-plane/server-flags.ts'
import { dataDirOption } from '../../src/main/cli/data-dir-option.ts'
import { addEncryptionOptions } from '../../src/main/cli/encryption-flags.ts'
import { networkBackendOption } from '../../src/main/cli/network-backend-option.ts'
import { addEtcdOptions } from '../../src/main/cli/store-options.ts'

const folder = mkdtempSync(join(tmpdir(), 'flotilla-flags-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

function carried(...args: string[]): CarriedFlag[] {
  const serve = new Command('serve').addOption(dataDirOption()).addOption(networkBackendOption())
  addEtcdOptions(serve)
  addEncryptionOptions(serve)
  addApiServerOptions(serve)
  return carriedFlags(serve.parse(args, { from: 'user' }))
}

async function namesAndTexts(tar: Buffer): Promise<Record<string, string>> {
  const files: Record<string, string> = {}
  const archive = extract()
  archive.end(tar)
  for await (const entry of archive) {
    const chunks: Buffer[] = []
    for await (const chunk of entry) chunks.push(chunk as Buffer)
    files[entry.header.name] = Buffer.concat(chunks).toString('utf8')
  }
  return files
}

test('are those that were given: no defaults', () => {
  expect(carried()).toEqual([])
  expect(carried('--event-ttl', '60', '--audit-log-path', '-')).toEqual([
    { flag: '--audit-log-path', value: '-' },
    { flag: '--event-ttl', value: '60' },
  ])
})

test('are as often there as they were given, and name files from everywhere', () => {
  const given = ['--oidc-required-claim', 'a=1', '--oidc-required-claim', 'b=2', '--token-auth-file', 'tokens.csv']
  expect(carried(...given, '--audit-log-path', 'audit.log')).toEqual([
    { flag: '--token-auth-file', value: resolve('tokens.csv'), file: 'read' },
    { flag: '--oidc-required-claim', value: 'a=1' },
    { flag: '--oidc-required-claim', value: 'b=2' },
    { flag: '--audit-log-path', value: resolve('audit.log'), file: 'written' },
  ])
})

test('are not those that the cluster keeps, or that a move decides by itself', () => {
  const own = ['--data-dir', '/d', '--etcd-ca', '/ca', '--encryption-key-file', '/key']
  expect(carried('--network-backend', 'wireguard', ...own)).toEqual([])
})

test('on the server, files are where only root reads them, and what is written goes where it stays', async () => {
  const tokens = file('tokens.csv', 'secret,ada,1\n')
  const policy = file('policy.yaml', 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n')
  const given = ['--token-auth-file', tokens, '--audit-policy-file', policy, '--audit-log-path', '/home/ada/audit.log']
  const flags = carried(...given, '--event-ttl', '60')
  const { args, files } = await packFlags(flags)
  expect(args).toEqual([
    '--token-auth-file=/etc/flotilla-server/flags/token-auth-file',
    '--audit-policy-file=/etc/flotilla-server/flags/audit-policy-file',
    '--audit-log-path=/var/log/flotilla-server/audit.log',
    '--event-ttl=60',
  ])
  expect(await namesAndTexts(files)).toEqual({
    'token-auth-file': 'secret,ada,1\n',
    'audit-policy-file': expect.stringContaining('kind: Policy') as string,
  })
  expect(planFlags(flags)).toEqual([
    `start it with --token-auth-file, as here: ${tokens} is copied to /etc/flotilla-server/flags/token-auth-file`,
    `start it with --audit-policy-file, as here: ${policy} is copied to /etc/flotilla-server/flags/audit-policy-file`,
    'start it with --audit-log-path: what is written here to /home/ada/audit.log goes there to /var/log/flotilla-server/audit.log, and stays there',
    'start it with --event-ttl, as here',
  ])
})

test('with which no server would start are refused before anything moves', async () => {
  const tokens = file('broken.csv', 'only-a-token\n')
  await expect(packFlags(carried('--token-auth-file', tokens))).rejects.toThrow(/^--token-auth-file .*broken\.csv: /)
  await expect(packFlags(carried('--token-auth-file', join(folder, 'gone')))).rejects.toThrow(/ENOENT/)
  await expect(packFlags(carried('--event-ttl', 'soon'))).rejects.toThrow(/--event-ttl wants a whole number/)
})
