import { afterEach, beforeEach, expect, test } from 'vitest'
import { Service, ServiceAccount } from '../../src/shared/api/core/v1.ts'
import { IPAddress, ServiceCIDR } from '../../src/shared/api/networking/v1.ts'
import { cidrContains, isNetwork } from '../../src/shared/machinery/cidr.ts'
import { conditionOf } from '../../src/shared/machinery/conditions.ts'
import { isNotFound } from '../../src/shared/machinery/status.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { type Cluster, startCluster } from './support/cluster.ts'

const namespace = 'default'
let cluster: Cluster
let clock: ManualClock
beforeEach(async () => {
  clock = new ManualClock(Date.now())
  cluster = await startCluster({ clock })
  await eventually(() => cluster.client.get(ServiceAccount, { namespace, name: 'default' }))
})
afterEach(() => cluster?.[Symbol.asyncDispose]())

const cidrOf = (name: string) => cluster.client.get(ServiceCIDR, { name })
const ready = async (name: string) => conditionOf((await cidrOf(name)).status.conditions, 'Ready')
const addressesOf = async (name: string) =>
  (await cluster.client.list(IPAddress)).items
    .filter(({ spec }) => spec.parentRef.name === name)
    .map(({ metadata }) => metadata.name)
const serve = (name: string, clusterIP?: string, ipFamilyPolicy?: string) =>
  cluster.client.create(Service, {
    metadata: { namespace, name },
    spec: { ports: [{ port: 80 }], ...(clusterIP && { clusterIP }), ...(ipFamilyPolicy && { ipFamilyPolicy }) },
  })
const isGone = (read: () => Promise<unknown>) =>
  eventually(async () => {
    await clock.advance(1_000)
    return read().then(() => false, isNotFound) // prettier-ignore
  })

test('the cluster’s own range is there from the start, and ready', async () => {
  await eventually(async () => expect(await ready('kubernetes')).toMatchObject({ status: 'True' }))
  expect((await cidrOf('kubernetes')).spec.cidrs).toEqual(['10.96.0.0/16', 'fd00:10:96::/112'])
  await eventually(async () => expect(await addressesOf('kubernetes')).toEqual(['10.96.0.1']))
})

test('every address of a Service has an IPAddress, which goes with it', async () => {
  const { spec } = await serve('web')
  expect(await addressesOf('web')).toEqual([spec.clusterIP])
  expect(await cluster.client.get(IPAddress, { name: spec.clusterIP ?? '' })).toMatchObject({
    metadata: {
      labels: {
        'ipaddress.kubernetes.io/ip-family': 'IPv4',
        'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
      },
    },
    spec: { parentRef: { resource: 'services', namespace, name: 'web' } },
  })
  expect((await cluster.client.get(IPAddress, { name: spec.clusterIP ?? '' })).spec.parentRef).not.toHaveProperty(
    'group',
  )
  await cluster.client.delete(IPAddress, { name: spec.clusterIP ?? '' })
  await eventually(async () => {
    await clock.advance(1_000)
    expect(await addressesOf('web')).toEqual([spec.clusterIP])
  })
  await cluster.client.delete(Service, { namespace, name: 'web' })
  expect(await addressesOf('web')).toEqual([])
})

test('they follow a Service that is given addresses and gives them back', async () => {
  const ref = { namespace, name: 'web' }
  const { spec } = await serve('web', undefined, 'RequireDualStack')
  expect((await addressesOf('web')).sort()).toEqual([...(spec.clusterIPs ?? [])].sort())
  await cluster.client.patch(Service, ref, { spec: { ipFamilyPolicy: 'SingleStack' } })
  expect(await addressesOf('web')).toEqual([spec.clusterIP])
  await cluster.client.patch(Service, ref, { spec: { type: 'ExternalName', externalName: 'x.example' } })
  expect(await addressesOf('web')).toEqual([])
  await cluster.client.patch(Service, ref, { spec: { type: 'ClusterIP', externalName: null } })
  expect(await addressesOf('web')).toHaveLength(1)
  await cluster.client.patch(Service, ref, { metadata: { finalizers: ['example.com/wait'] } })
  await cluster.client.delete(Service, ref)
  expect(await addressesOf('web')).toHaveLength(1)
  await cluster.client.patch(Service, ref, { metadata: { finalizers: null } })
  expect(await addressesOf('web')).toEqual([])
})

test('an address that changes hands at once shows who has it', async () => {
  for (let i = 0; i < 10; i++) {
    const name = `s${i}`
    await serve(name, '10.96.0.77')
    expect(await addressesOf(name)).toEqual(['10.96.0.77'])
    const answered = cluster.client.delete(Service, { namespace, name })
    // The next one does not wait for the answer.
    if (i % 2) await answered
    else await eventually(() => cluster.client.get(Service, { namespace, name }).then(() => false, isNotFound))
  }
})

test('an address that somebody has made an object for is not given to a Service', async () => {
  const parentRef = { group: 'example.com', resource: 'machines', name: 'm' }
  await cluster.client.create(IPAddress, { metadata: { name: '10.96.0.99' }, spec: { parentRef } })
  await expect(serve('web', '10.96.0.99')).rejects.toThrow(
    'Service "web" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.99"]: failed to allocate IP 10.96.0.99: provided IP is already allocated',
  )
  await cluster.client.delete(IPAddress, { name: '10.96.0.99' })
  await serve('web', '10.96.0.99')
  expect((await cluster.client.get(IPAddress, { name: '10.96.0.99' })).spec.parentRef.name).toBe('web')
})

test('a dual-stack Service has an IPAddress of each family', async () => {
  const { spec } = await serve('both', undefined, 'RequireDualStack')
  expect(spec.ipFamilies).toEqual(['IPv4', 'IPv6'])
  await eventually(async () => expect((await addressesOf('both')).sort()).toEqual([...(spec.clusterIPs ?? [])].sort()))
  const second = await cluster.client.get(IPAddress, { name: spec.clusterIPs?.[1] ?? '' })
  expect(second.metadata.labels?.['ipaddress.kubernetes.io/ip-family']).toBe('IPv6')
})

test('another range gives addresses once it is added, and is kept while one of them is in use', async () => {
  await expect(serve('early', '10.97.5.5')).rejects.toThrow('is not in the valid range')
  await cluster.client.create(ServiceCIDR, { metadata: { name: 'more' }, spec: { cidrs: ['10.97.0.0/16'] } })
  await eventually(async () => expect(await ready('more')).toMatchObject({ status: 'True' }))
  await serve('web', '10.97.5.5')
  await eventually(async () => expect(await addressesOf('web')).toEqual(['10.97.5.5']))
  await cluster.client.delete(ServiceCIDR, { name: 'more' })
  await eventually(async () =>
    expect(await ready('more')).toMatchObject({
      status: 'False',
      reason: 'Terminating',
      message:
        'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
    }),
  )
  await expect(serve('late', '10.97.5.6')).rejects.toThrow('is not in the valid range')
  await cluster.client.delete(Service, { namespace, name: 'web' })
  await isGone(() => cidrOf('more'))
})

test('of two ranges that go and hold the same address, the smaller one goes first', async () => {
  const add = async (name: string, cidr: string) => {
    await cluster.client.create(ServiceCIDR, { metadata: { name }, spec: { cidrs: [cidr] } })
    await eventually(async () => expect(await ready(name)).toMatchObject({ status: 'True' }))
  }
  await add('outer', '10.97.0.0/24')
  await add('inner', '10.97.0.0/28')
  await serve('web', '10.97.0.5')
  for (const name of ['outer', 'inner']) await cluster.client.delete(ServiceCIDR, { name })
  await isGone(() => cidrOf('inner'))
  await eventually(async () => {
    await clock.advance(1_000)
    expect(await ready('outer')).toMatchObject({ status: 'False', reason: 'Terminating' })
  })
  await cluster.client.delete(Service, { namespace, name: 'web' })
  await isGone(() => cidrOf('outer'))
})

test('nothing is given of the cluster’s own range once that is deleted, and what has an address of it keeps it', async () => {
  const ref = { namespace, name: 'old' }
  const { spec } = await serve('old')
  await cluster.client.create(ServiceCIDR, { metadata: { name: 'next' }, spec: { cidrs: ['10.97.0.0/16'] } })
  await eventually(async () => expect(await ready('next')).toMatchObject({ status: 'True' }))
  await cluster.client.delete(ServiceCIDR, { name: 'kubernetes' })
  expect((await serve('new')).spec.clusterIP).toMatch(/^10\.97\./)
  await expect(serve('late', '10.96.7.7')).rejects.toThrow('is not in the valid range')
  await cluster.client.patch(Service, ref, { spec: { selector: { app: 'x' } } })
  expect((await cluster.client.get(Service, ref)).spec.clusterIP).toBe(spec.clusterIP)
})

test('ranges are what they say', async () => {
  const add = (...cidrs: string[]) => cluster.client.create(ServiceCIDR, { metadata: { name: 'bad' }, spec: { cidrs } })
  await expect(add('10.97.0.1/16')).rejects.toThrow('must be a valid CIDR value')
  await expect(add('10.97.0.0/16', '10.98.0.0/16')).rejects.toThrow('no more than one IP for each IP family')
  await expect(add('fd00::1/64')).rejects.toThrow('must be a valid CIDR value')
  await expect(add('10.97.0.0/16', '10.98.0.0/16', '10.99.0.0/16')).rejects.toThrow('may only hold up to 2 values')
  await expect(
    cluster.client.patch(ServiceCIDR, { name: 'kubernetes' }, { spec: { cidrs: ['10.1.0.0/16'] } }, { type: 'merge' }),
  ).rejects.toThrow('field is immutable')
  expect(cidrContains('10.96.0.0/16', '10.96.255.255')).toBe(true)
  expect(cidrContains('10.96.0.0/16', '10.97.0.0')).toBe(false)
  expect(cidrContains('10.96.0.0/16', 'fd00::1')).toBe(false)
  expect(cidrContains('fd00:10:96::/112', 'fd00:10:96::ffff')).toBe(true)
  expect(cidrContains('fd00:10:96::/112', 'fd00:10:96::1:0')).toBe(false)
  expect([isNetwork('10.96.0.0/16'), isNetwork('10.96.0.1/16'), isNetwork('0.0.0.0/0')]).toEqual([true, false, true])
})
