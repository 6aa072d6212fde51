// Several API servers of one cluster: each is told of by a Lease, and the `kubernetes` Service names those that are alive.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { identityName, LOOK_MS, Peers, type PeersOptions } from '../../../src/main/apiserver/peers/peers.ts'
import { Lease } from '../../../src/shared/api/coordination/v1.ts'
import { clusterInfo, serverOf } from '../../../src/main/apiserver/bootstrap/cluster-info.ts'
import { ConfigMap, Endpoints } from '../../../src/shared/api/core/v1.ts'
import { EndpointSlice } from '../../../src/shared/api/discovery/v1.ts'
import type { Client } from '../../../src/shared/client/client.ts'
import { API_SERVERS } from '../../../src/shared/machinery/api-servers.ts'
import { IDENTITY_SELECTOR } from '../../../src/shared/machinery/api-server-identity.ts'
import { silentLog } from '../../../src/shared/machinery/log.ts'
import { type TestApiServer, startTestApiServer } from '../../support/api-server.ts'
import { ManualClock } from '../../support/manual-clock.ts'

let api: TestApiServer
let client: Client
let clock: ManualClock
beforeAll(async () => {
  api = await startTestApiServer()
  client = api.clientAs()
})
afterAll(() => api[Symbol.asyncDispose]())
beforeEach(async () => {
  clock = new ManualClock()
  await client.deleteCollection(Lease, { namespace: 'kube-system' })
  await client.deleteCollection(EndpointSlice, { namespace: 'default' })
  await client.deleteCollection(Endpoints, { namespace: 'default' })
  await client.deleteCollection(ConfigMap, { namespace: 'kube-public' })
})

/** One that is driven by hand: time passes only in `pass`. */
const peer = (ip: string, options: Partial<PeersOptions> & { port?: number } = {}) =>
  new Peers({
    client,
    clock,
    log: silentLog,
    hostname: `host-${ip}`,
    place: '/data',
    endpoint: () => ({ ip, port: options.port ?? 6443 }),
    urls: () => ['https://127.0.0.1:6443', `https://${ip}:6443`],
    clusterInfo: { url: `https://${ip}:6443`, caPem: 'the CA' },
    masterKey: () => undefined,
    serviceIP: '10.96.0.1',
    isAlone: false,
    ...options,
  })
async function pass(seconds: number, ...running: Peers[]): Promise<void> {
  for (let i = 0; i < seconds / (LOOK_MS / 1000); i++) {
    clock.jump(LOOK_MS)
    for (const each of running) await each.look()
  }
}
async function looked(...peers: Peers[]): Promise<void> {
  for (const each of peers) await each.look()
}
const told = async () =>
  ((await client.get(Endpoints, { namespace: 'default', name: 'kubernetes' })).subsets ?? []).flatMap(
    ({ addresses = [], ports = [] }) => addresses.map(({ ip }) => `${ip}:${ports[0]?.port}`),
  )
const slices = async () =>
  (await client.list(EndpointSlice, { namespace: 'default' })).items.map(
    ({ metadata, endpoints = [], ports = [] }) =>
      `${metadata.name} ${endpoints.flatMap(({ addresses }) => addresses).join(' ')} at ${ports[0]?.port}`,
  )
const leases = async () =>
  (await client.list(Lease, { namespace: 'kube-system', labelSelector: IDENTITY_SELECTOR })).items

describe('the Lease of an API server', () => {
  test("has upstream's name, labels, holder and duration, and is renewed every ten seconds", async () => {
    const one = peer('192.0.2.1')
    await one.look()
    const [lease] = await leases()
    expect(lease).toMatchObject({
      metadata: {
        name: expect.stringMatching(/^apiserver-[a-z2-7]{26}$/) as string,
        labels: { 'apiserver.kubernetes.io/identity': 'kube-apiserver', 'kubernetes.io/hostname': 'host-192.0.2.1' },
      },
      spec: { holderIdentity: expect.stringMatching(`^${one.name}_[0-9a-f-]{36}$`) as string, leaseDurationSeconds: 3600 },
    }) // prettier-ignore
    const renewals = new Set<string | undefined>()
    for (let i = 0; i < 8; i++) {
      await pass(5, one)
      renewals.add((await leases())[0]?.spec.renewTime)
    }
    expect(renewals.size).toBe(5)
  })
  test('is there whatever the host is called', async () => {
    await peer('192.0.2.1', { hostname: "Ann's MacBook (2)" }).look()
    expect((await leases())[0]?.metadata.labels).toMatchObject({ 'kubernetes.io/hostname': 'Ann-s-MacBook--2' })
  })
  test('is the same after a restart, and another for another place on the same host', () => {
    expect(identityName('host', '/a')).toBe(identityName('host', '/a'))
    expect(identityName('host', '/a')).not.toBe(identityName('host', '/b'))
  })
  test('is deleted by the others an hour after its last renewal, and not before', async () => {
    const [one, two] = [peer('192.0.2.1'), peer('192.0.2.2')]
    await looked(one, two)
    await pass(20, two)
    clock.jump(3_570_000)
    await two.look()
    expect(await leases()).toHaveLength(2)
    await pass(10, two)
    expect((await leases()).map(({ metadata }) => metadata.name)).toEqual([two.name])
  })
  test('of whoever was here before goes at once where nobody else can be', async () => {
    await peer('192.0.2.1').look()
    const alone = peer('192.0.2.2', { isAlone: true })
    await alone.look()
    expect((await leases()).map(({ metadata }) => metadata.name)).toEqual([alone.name])
    expect(await told()).toEqual(['192.0.2.2:6443'])
  })
})

describe('the kubernetes Service', () => {
  test('names every API server, in one slice as upstream writes it', async () => {
    const [one, two, three] = [peer('192.0.2.1'), peer('192.0.2.2'), peer('192.0.2.3')]
    await looked(one, three, two)
    await pass(15, three, one, two)
    expect(await told()).toEqual(['192.0.2.1:6443', '192.0.2.2:6443', '192.0.2.3:6443'])
    const [slice, ...more] = (await client.list(EndpointSlice, { namespace: 'default' })).items
    expect(more).toEqual([])
    expect(slice).toMatchObject({
      addressType: 'IPv4',
      metadata: { name: 'kubernetes', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
      ports: [{ name: 'https', port: 6443, protocol: 'TCP' }],
      endpoints: ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map(ip => ({ addresses: [ip], conditions: { ready: true } })),
    })
  })
  test('is written once: looks that find nothing new write nothing but the Leases', async () => {
    const [one, two] = [peer('192.0.2.1'), peer('192.0.2.2')]
    await looked(one, two)
    await pass(15, one, two)
    const before = await client.get(Endpoints, { namespace: 'default', name: 'kubernetes' })
    await pass(60, one, two)
    expect(await client.get(Endpoints, { namespace: 'default', name: 'kubernetes' })).toEqual(before)
  })
  test('loses one that died after 15 to 30 seconds, and has it back when it is', async () => {
    const [one, two] = [peer('192.0.2.1'), peer('192.0.2.2')]
    await looked(one, two)
    await pass(20, one, two)
    await pass(10, one)
    expect(await told()).toEqual(['192.0.2.1:6443', '192.0.2.2:6443'])
    await pass(20, one)
    expect(await told()).toEqual(['192.0.2.1:6443'])
    await pass(20, one, peer('192.0.2.2'))
    expect(await told()).toEqual(['192.0.2.1:6443', '192.0.2.2:6443'])
  })
  test('loses one that ends at once, whose Lease is kept', async () => {
    const [one, two] = [peer('192.0.2.1'), peer('192.0.2.2')]
    await looked(one, two)
    await pass(20, one, two)
    await one[Symbol.asyncDispose]()
    expect(await told()).toEqual(['192.0.2.2:6443'])
    await pass(10, two)
    expect(await told()).toEqual(['192.0.2.2:6443'])
    expect(await leases()).toHaveLength(2)
    // Nobody is left who could be asked.
    await two[Symbol.asyncDispose]()
    expect(await told()).toEqual(['192.0.2.2:6443'])
  })
  test('does not get one back that is long dead because another one starts, nor loses one that lives', async () => {
    const [dead, living] = [peer('192.0.2.1'), peer('192.0.2.2')]
    await looked(dead, living)
    await pass(40, living)
    const late = peer('192.0.2.3')
    await late.look()
    expect(await told()).toEqual(['192.0.2.2:6443', '192.0.2.3:6443'])
    await pass(30, late, living)
    expect(await told()).toEqual(['192.0.2.2:6443', '192.0.2.3:6443'])
  })
  test("keeps everybody over a minute in which the store gave no answer, and over one's own sleep", async () => {
    const [one, two] = [peer('192.0.2.1'), peer('192.0.2.2')]
    await looked(one, two)
    await pass(20, one, two)
    clock.jump(60_000)
    await one.look()
    expect(await told()).toEqual(['192.0.2.1:6443', '192.0.2.2:6443'])
    await looked(two)
    await pass(30, one, two)
    expect(await told()).toEqual(['192.0.2.1:6443', '192.0.2.2:6443'])
  })
  test('has a slice for each port and family, which goes with the last of its servers', async () => {
    const [one, two, three] = [peer('192.0.2.1'), peer('192.0.2.1', { port: 7443, place: '/other' }), peer('2001:db8::1')]
    await looked(one, two, three)
    await pass(15, one, two, three)
    expect(await slices()).toEqual([
      'kubernetes 192.0.2.1 at 6443',
      'kubernetes-ipv4-7443 192.0.2.1 at 7443',
      'kubernetes-ipv6-6443 2001:db8::1 at 6443',
    ])
    await two[Symbol.asyncDispose]()
    await three[Symbol.asyncDispose]()
    expect(await slices()).toEqual(['kubernetes 192.0.2.1 at 6443'])
  }) // prettier-ignore
  test('follows an address that changes', async () => {
    let ip = '192.0.2.1'
    const one = peer(ip, { endpoint: () => ({ ip, port: 6443 }) })
    await one.look()
    ip = '192.0.2.7'
    await one.look()
    expect(await told()).toEqual(['192.0.2.7:6443'])
  })
  test('names all of five servers that start at the same time', async () => {
    const many = Array.from({ length: 5 }, (_, i) => peer(`192.0.2.${10 + i}`))
    await Promise.all(many.map(each => each.start()))
    expect(await told()).not.toEqual([])
    await pass(10, ...many)
    expect(await told()).toHaveLength(5)
    for (const each of many) await each[Symbol.asyncDispose]()
  })
})

describe('whoever is outside', () => {
  const INFO = { namespace: 'kube-public', name: 'cluster-info' }
  const url = (last: number) => `https://192.0.2.${last}:6443`
  const nodesHear = async () => (await client.get(ConfigMap, API_SERVERS)).data
  const named = async () => serverOf((await client.get(ConfigMap, INFO)).data?.kubeconfig)

  test('hears of every API server that lives, as a node, and of no address that leads to itself', async () => {
    const host = 'https://localhost-1.example:6443'
    const urls = () => ['https://127.9.0.1', 'https://[::1]:6443', 'https://localhost:6443', 'https://2001:db8::1:6443', host, url(1)]
    const [one, two] = [peer('192.0.2.1', { urls }), peer('192.0.2.2')]
    await looked(one, two)
    await pass(20, one, two)
    expect(await nodesHear()).toEqual({ peers: JSON.stringify([url(1), url(2), host]) })
    // What a move tells them is another matter.
    await client.patch(ConfigMap, API_SERVERS, { data: { servers: '["https://198.51.100.1:6443"]' } }, { type: 'merge' })
    await pass(30, two)
    expect(await nodesHear()).toEqual({ peers: JSON.stringify([url(2)]), servers: '["https://198.51.100.1:6443"]' })
    await peer('192.0.2.2', { isAlone: true }).look()
    expect(await nodesHear()).toEqual({ servers: '["https://198.51.100.1:6443"]' })
  }) // prettier-ignore
  test('is told nothing again and again by an API server that is alone', async () => {
    const asked: unknown[] = []
    const get: Client['get'] = (type, name, ...rest) => {
      asked.push(name.name)
      return client.get(type, name, ...rest)
    }
    await pass(
      30,
      peer('192.0.2.1', { isAlone: true, client: Object.assign(Object.create(client) as Client, { get }) }),
    )
    expect(asked.filter(name => name === API_SERVERS.name)).toHaveLength(1)
  })
  test('finds an API server that lives, before joining: the one named stays until it does not', async () => {
    await client.create(ConfigMap, clusterInfo({ url: url(1), caPem: 'the CA' }))
    const [one, two] = [peer('192.0.2.1'), peer('192.0.2.2')]
    await looked(one, two)
    await pass(20, one, two)
    expect(await named()).toBe(url(1))
    await pass(30, two)
    expect(await named()).toBe(url(2))
    await pass(30, one, two)
    expect(await named()).toBe(url(2))
  })
})
