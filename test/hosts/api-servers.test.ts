// How agents learn of the API server's other addresses while they run, and keep to the one that answers for the cluster.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import { type AddressInfo, type Socket, connect as connectTcp, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectApi } from '../../src/agent/api-client.ts'
import { followServers } from '../../src/agent/servers/follow-servers.ts'
import { KnownServers } from '../../src/agent/servers/known-servers.ts'
import { ConfigMap, Node } from '../../src/shared/api/core/v1.ts'
import { API_SERVERS, KNOWN_API_SERVERS } from '../../src/shared/machinery/api-servers.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { silentLog } from '../../src/shared/machinery/log.ts'
import { type Cluster, startCluster } from '../control/support/cluster.ts'
import { eventually } from '../support/eventually.ts'

const CONFIGURED = 'https://127.0.0.1:6443'
const TOLD = 'https://10.1.2.3:6443'
const PEER = 'https://10.1.2.4:6443'
let cluster: Cluster
let folder: string

beforeAll(async () => {
  cluster = await startCluster()
  folder = mkdtempSync(join(tmpdir(), 'flotilla-servers-'))
})
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

const known = () => new KnownServers({ servers: [CONFIGURED], dataDir: join(folder, 'agent') })
const annotation = async () =>
  (await cluster.client.get(Node, { name: 'box' })).metadata.annotations?.[KNOWN_API_SERVERS]

test('a node follows the addresses that the cluster tells of, remembers them, and says so', async () => {
  const stop = new AbortController()
  const servers = known()
  const client = cluster.api.clientAs({ name: 'system:node:box', groups: ['system:nodes', 'system:authenticated'] })
  await client.create(Node, { metadata: { name: 'box' }, spec: {} })
  const following = followServers({
    client, servers, nodeName: 'box', clock: systemClock, log: silentLog, signal: stop.signal,
  }) // prettier-ignore
  try {
    const data = { servers: JSON.stringify([TOLD, 'javascript:alert(1)']) }
    await cluster.client.create(ConfigMap, { metadata: API_SERVERS, data })
    await eventually(async () => (await annotation()) === data.servers)
    expect(servers.all).toEqual([CONFIGURED, TOLD])
    expect(known().all).toEqual([CONFIGURED, TOLD])
    // Those of a shared store come and go beside it.
    const peers = JSON.stringify([PEER])
    await cluster.client.patch(ConfigMap, API_SERVERS, { data: { peers } }, { type: 'merge' })
    await eventually(() => expect(servers.all).toEqual([CONFIGURED, TOLD, PEER]))
    expect(await annotation()).toBe(data.servers)
    await cluster.client.delete(ConfigMap, API_SERVERS)
    await eventually(async () => (await annotation()) === undefined)
    expect(servers.all).toEqual([CONFIGURED])
    expect(known().all).toEqual([CONFIGURED])
  } finally {
    stop.abort()
    await following
  }
})

/** What comes between an agent and the API server, until it swallows everything. */
async function wire(to: string) {
  const sockets: Socket[] = []
  let isSilent = false
  const front = createTcpServer(socket => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    if (isSilent) return void socket.resume()
    const there = connectTcp(Number(new URL(to).port), '127.0.0.1').on('error', () => socket.destroy())
    sockets.push(there)
    socket.pipe(there).pipe(socket)
  }).listen(0, '127.0.0.1')
  await once(front, 'listening')
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: `https://127.0.0.1:${(front.address() as AddressInfo).port}`,
    silence() {
      isSilent = true
      cut()
    },
    [Symbol.dispose]() {
      cut()
      front.close()
    },
  }
}

test('requests take whichever address answers, also when it is another one from one moment to the next', async () => {
  const { pki, url } = cluster.api
  const certificate = await pki.issueClientCertificate({ commonName: 'admin', organizations: ['system:masters'] })
  using silent = await wire(url)
  silent.silence()
  using front = await wire(url)
  const all = ['https://127.0.0.1:2', silent.url, front.url, url]
  await using api = connectApi(all, { ca: pki.caPem, cert: certificate.certPem, key: certificate.keyPem })
  const write = (name: string) => api.client.create(ConfigMap, { metadata: { namespace: 'default', name } })
  const from = performance.now()
  await Promise.all([write('one'), write('two'), write('three')])
  expect(api.servers()[0]).toBe(front.url)
  front.silence()
  await Promise.all([write('four'), write('five')])
  expect(api.servers()[0]).toBe(url)
  expect(performance.now() - from).toBeLessThan(8_000)
  const { items } = await cluster.client.list(ConfigMap, { namespace: 'default' })
  expect(items.filter(({ metadata }) => /^(one|two|three|four|five)$/.test(metadata.name))).toHaveLength(5)
})

test('requests that no address answers tell what each of them said', async () => {
  await using api = connectApi(['https://127.0.0.1:2', 'https://127.0.0.1:3'], { ca: cluster.api.pki.caPem })
  await expect(api.client.get(Node, { name: 'box' })).rejects.toThrow(/:2: .*ECONNREFUSED.*; .*:3: .*ECONNREFUSED/)
})

test('a server that answers for something else is passed over for one that answers for the cluster', async () => {
  const { pki, url } = cluster.api
  const { certPem: cert, keyPem: key } = pki.serving
  const elsewhere = createServer({ cert, key }, (_request, response) => response.writeHead(421).end('moved'))
  await new Promise<void>(resolve => elsewhere.listen(0, '127.0.0.1', resolve))
  const wrong = `https://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`
  const { certPem, keyPem } = await pki.issueClientCertificate({
    commonName: 'system:node:box',
    organizations: ['system:nodes'],
  })
  const all = [wrong]
  await using api = connectApi(all, { ca: pki.caPem, cert: certPem, key: keyPem })
  await expect(api.client.get(Node, { name: 'box' })).rejects.toThrow(/does not answer for the cluster/)
  all.push(url) // as the cluster would have told
  expect((await api.client.get(Node, { name: 'box' })).metadata.name).toBe('box')
  expect(api.servers()).toEqual([url, wrong])
  elsewhere.closeAllConnections()
  elsewhere.close()
})
