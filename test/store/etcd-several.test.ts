// Several control planes on one etcd: each is usable at any time, one leads, and another takes over when it is killed.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectApi } from '../../src/agent/api-client.ts'
import { followServers } from '../../src/agent/servers/follow-servers.ts'
import { KnownServers } from '../../src/agent/servers/known-servers.ts'
import { readKubeconfig } from '../../src/main/data-folder/kubeconfig-file.ts'
import { serviceEndpoint } from '../../src/main/addresses/own-names.ts'
import { Node } from '../../src/shared/api/core/v1.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { silentLog } from '../../src/shared/machinery/log.ts'
import { Cluster, cli, execute } from '../e2e/support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { EtcdServer } from './etcd-server.ts'

const folder = mkdtempSync(join(tmpdir(), 'flotilla-several-'))
let etcd: EtcdServer
const planes: Cluster[] = []
beforeAll(async () => {
  etcd = await EtcdServer.start()
  const args = ['--no-local-node', '--listen', '0.0.0.0:0', '--store', `etcd=${etcd.url}`]
  planes.push(await Cluster.start(args, join(folder, 'one')))
  // The second one is of the same cluster: it has the same authority and keys.
  const file = join(folder, 'authority')
  const passphraseFile = join(folder, 'passphrase')
  writeFileSync(passphraseFile, 'correct horse')
  const certs = (at: string, ...argv: string[]) =>
    cli('certs', ...argv, file, '--passphrase-file', passphraseFile, '--data-dir', join(folder, at))
  expect(await certs('one', 'export')).toMatchObject({ code: 0 })
  expect(await certs('two', 'import')).toMatchObject({ code: 0 })
  planes.push(await Cluster.start(args, join(folder, 'two')))
})
afterAll(async () => {
  for (const plane of planes) await plane[Symbol.asyncDispose]()
  await etcd[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

const kubectl = (at: number, ...args: string[]) =>
  execute('kubectl', args, { env: { KUBECONFIG: planes[at]!.kubeconfig } })
const holder = async (at: number, lease: string) =>
  (await kubectl(at, 'get', 'lease', lease, '-n', 'kube-system', '-o', 'jsonpath={.spec.holderIdentity}')).stdout
const leases = ['kube-controller-manager', 'kube-scheduler', 'flotilla-history']

test('what one writes the other shows at once, changes and deletes, without a conflict that is none', async () => {
  for (let i = 0; i < 10; i++) {
    const [here, there] = [i % 2, (i + 1) % 2]
    expect((await kubectl(here, 'create', 'configmap', `c${i}`)).stderr).toBe('')
    expect((await kubectl(there, 'label', 'configmap', `c${i}`, 'n=1')).stderr).toBe('')
    expect((await kubectl(here, 'delete', 'configmap', `c${i}`)).stderr).toBe('')
    expect((await kubectl(there, 'get', 'configmap', `c${i}`)).stderr).toContain('NotFound')
  }
})

test('a kubeconfig of one works against the other', async () => {
  const text = readFileSync(planes[0]!.kubeconfig, 'utf8').replaceAll(planes[0]!.url, planes[1]!.url)
  const path = join(folder, 'kubeconfig')
  writeFileSync(path, text, { mode: 0o600 })
  const read = await execute('kubectl', ['--kubeconfig', path, 'get', 'namespace', 'default', '-o', 'name'])
  expect(read.stdout).toBe('namespace/default\n')
})

/** What the `kubernetes` Service leads to, as one of them tells. */
const endpoints = async (at: number) => {
  const path = '{range .subsets[*]}{.addresses[*].ip}:{.ports[0].port} {end}'
  const { stdout } = await kubectl(at, 'get', 'endpoints', 'kubernetes', '-o', `jsonpath=${path}`)
  return stdout.trim().split(' ').sort()
}
const portOf = (at: number) => Number(new URL(planes[at]!.url).port)
const ownEndpoint = (at: number) => {
  const { ip, port } = serviceEndpoint({ address: '0.0.0.0', port: portOf(at) }, [], { serviceIP: '10.96.0.1', others: true }) // prettier-ignore
  return `${ip}:${port}`
}

test('the kubernetes Service names both, and each has a Lease', async () => {
  const both = [ownEndpoint(0), ownEndpoint(1)].sort()
  expect(both[0]).not.toBe(both[1])
  for (const at of [0, 1]) await eventually(async () => expect(await endpoints(at)).toEqual(both), 30_000)
  const label = 'apiserver.kubernetes.io/identity=kube-apiserver'
  const names = (await kubectl(0, 'get', 'leases', '-n', 'kube-system', '-l', label, '-o', 'name')).stdout.trim()
  expect(names.split('\n')).toHaveLength(2)
})

test('somebody who was invited at one is not outdated for the other', async () => {
  const user = (at: number, ...args: string[]) => cli('user', ...args, '--data-dir', planes[at]!.dataDir)
  expect(await user(0, 'invite', 'ada', '--role', 'view', '-o', join(folder, 'ada'))).toMatchObject({ code: 0 })
  const { stdout } = await user(1, 'list')
  expect(stdout).toMatch(/^ada +view/m)
  expect(stdout).not.toContain('invite again')
})

/** What an agent does that was joined through the first one. */
async function followAsNode(signal: AbortSignal) {
  const servers = new KnownServers({ servers: [planes[0]!.url], dataDir: join(folder, 'agent') })
  const { ca, cert, key } = readKubeconfig(planes[0]!.kubeconfig)
  const { client, ...api } = connectApi(servers.all, { ca, cert, key })
  await client.create(Node, { metadata: { name: 'box' }, spec: {} })
  const following = followServers({ client, servers, nodeName: 'box', clock: systemClock, log: silentLog, signal })
  return { client, servers, ended: () => following.then(() => api[Symbol.asyncDispose]()) }
}
const clusterInfo = async (at: number) =>
  (await kubectl(at, 'get', 'configmap', 'cluster-info', '-n', 'kube-public', '-o', 'jsonpath={.data.kubeconfig}'))
    .stdout

test('the one that is not killed takes over in less than 20 seconds, and the cluster goes on', async () => {
  const stop = new AbortController()
  const node = await followAsNode(stop.signal)
  await eventually(() => expect(node.servers.all.join()).toContain(ownEndpoint(1)), 30_000)
  expect(await clusterInfo(1)).toContain(`:${portOf(0)}"`)
  for (const lease of leases) await eventually(async () => expect(await holder(0, lease)).not.toBe(''), 20_000)
  await kubectl(0, 'create', 'deployment', 'before', '--image=nginx', '--replicas=2')
  const pods = async (at: number, app: string) =>
    (await kubectl(at, 'get', 'pods', '-l', `app=${app}`, '-o', 'name')).stdout.trim().split('\n').filter(Boolean)
  await eventually(async () => expect(await pods(1, 'before')).toHaveLength(2), 20_000)
  // The first one started first: it leads.
  const leader = await holder(1, 'kube-controller-manager')
  const killedAt = performance.now()
  await planes[0]!.kill()
  // The other one is usable all the while.
  expect((await kubectl(1, 'create', 'deployment', 'after', '--image=nginx', '--replicas=3')).stderr).toBe('')
  await eventually(async () => expect(await pods(1, 'after')).toHaveLength(3), 25_000)
  const took = (performance.now() - killedAt) / 1000
  expect(await holder(1, 'kube-controller-manager')).not.toBe(leader)
  expect(took).toBeLessThan(20)
  await eventually(async () => expect(await endpoints(1)).toEqual([ownEndpoint(1)]), 60_000)
  // So do its nodes, and whoever is about to join is sent elsewhere.
  expect((await node.client.get(Node, { name: 'box' })).metadata.name).toBe('box')
  await eventually(async () => expect(await clusterInfo(1)).toContain(`:${portOf(1)}"`), 20_000)
  stop.abort()
  await node.ended()
})
