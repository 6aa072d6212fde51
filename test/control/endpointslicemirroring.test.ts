import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Mirror,
  mirrorSlice,
  mirrorsOf,
  planMirrors,
} from '../../src/main/controllers/endpointslicemirroring/mirror.ts'
import { Endpoints, Namespace, Service } from '../../src/shared/api/core/v1.ts'
import { EndpointSlice } from '../../src/shared/api/discovery/v1.ts'
import { eventually } from '../support/eventually.ts'
import { type Cluster, eventsAbout, startCluster } from './support/cluster.ts'

let cluster: Cluster
let count = 0
beforeAll(async () => (cluster = await startCluster()))
afterAll(() => cluster?.[Symbol.asyncDispose]())

async function newNamespace(): Promise<string> {
  const name = `mirror-${++count}`
  await cluster.client.create(Namespace, { metadata: { name }, spec: {} })
  return name
}
const service = (namespace: string, name = 'db') =>
  cluster.client.create(Service, { metadata: { namespace, name }, spec: { ports: [{ port: 5432 }] } })
const ports = [{ name: 'sql', port: 5432 }]
const endpoints = (namespace: string, extra: Partial<Endpoints['metadata']> = {}) =>
  cluster.client.create(Endpoints, {
    metadata: { namespace, name: 'db', ...extra },
    subsets: [{ addresses: [{ ip: '192.0.2.1' }], notReadyAddresses: [{ ip: '192.0.2.2' }], ports }],
  })
const slices = async (namespace: string) => (await cluster.client.list(EndpointSlice, { namespace })).items

describe('endpointslicemirroring', () => {
  test('hand-written Endpoints become slices that follow them and go with them', async () => {
    const namespace = await newNamespace()
    await service(namespace)
    const written = await endpoints(namespace, { labels: { tier: 'data' }, annotations: { note: 'by hand' } })
    const [slice] = await eventually(async () => {
      const found = await slices(namespace)
      expect(found).toHaveLength(1)
      return found
    })
    expect(slice!.metadata.labels).toEqual({
      tier: 'data',
      'kubernetes.io/service-name': 'db',
      'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
    })
    expect(slice!.metadata.annotations).toEqual({ note: 'by hand' })
    expect(slice!.metadata.ownerReferences).toMatchObject([{ kind: 'Endpoints', uid: written.metadata.uid }])
    expect(slice!).toMatchObject({ addressType: 'IPv4', ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }] })
    expect(slice!.endpoints).toEqual([
      { addresses: ['192.0.2.1'], conditions: { ready: true } },
      { addresses: ['192.0.2.2'], conditions: { ready: false } },
    ])
    const subsets = [
      { addresses: [{ ip: '192.0.2.1' }, { ip: '192.0.2.2' }], ports },
      { addresses: [{ ip: '2001:db8::1' }], ports },
    ]
    await cluster.client.patch(Endpoints, { namespace, name: 'db' }, { subsets }, { type: 'merge' })
    await eventually(async () => {
      const found = await slices(namespace)
      expect(found.map(({ addressType }) => addressType).sort()).toEqual(['IPv4', 'IPv6'])
      const four = found.find(({ addressType }) => addressType === 'IPv4')!
      expect(four.metadata.name).toBe(slice!.metadata.name)
      expect(four.endpoints!.map(({ conditions }) => conditions!.ready)).toEqual([true, true])
    })
    await cluster.client.delete(Endpoints, { namespace, name: 'db' })
    await eventually(async () => expect(await slices(namespace)).toEqual([]))
  })

  test('a slice that somebody deletes comes back; a Service that gets a selector takes the mirror away', async () => {
    const namespace = await newNamespace()
    await service(namespace)
    await endpoints(namespace)
    const [slice] = await eventually(async () => {
      const found = await slices(namespace)
      expect(found).toHaveLength(1)
      return found
    })
    await cluster.client.delete(EndpointSlice, slice!.metadata)
    await eventually(async () => {
      const [again] = await slices(namespace)
      expect(again!.metadata.uid).not.toBe(slice!.metadata.uid)
    })
    await cluster.client.patch(Service, { namespace, name: 'db' }, { spec: { selector: { app: 'db' } } })
    await eventually(async () => {
      const managers = (await slices(namespace)).map(s => s.metadata.labels!['endpointslice.kubernetes.io/managed-by'])
      expect(managers).toEqual(['endpointslice-controller.k8s.io'])
    })
  })

  test('an annotation alone is carried over', async () => {
    const namespace = await newNamespace()
    await service(namespace)
    await endpoints(namespace)
    const annotationsNow = (expected: unknown) =>
      eventually(async () => expect((await slices(namespace)).map(s => s.metadata.annotations)).toEqual([expected]))
    await annotationsNow(undefined)
    const annotate = (note: string | null) =>
      cluster.client.patch(Endpoints, { namespace, name: 'db' }, { metadata: { annotations: { note } } })
    await annotate('later')
    await annotationsNow({ note: 'later' })
    await annotate(null)
    await annotationsNow(undefined)
  })

  test('an address of several subsets is the one that was named first, and ready where no subset of its port denies it', async () => {
    const namespace = await newNamespace()
    await service(namespace)
    const [sql, admin] = [{ name: 'sql', port: 5432 }, { name: 'admin', port: 8080 }] // prettier-ignore
    await cluster.client.create(Endpoints, {
      metadata: { namespace, name: 'db' },
      subsets: [
        { addresses: [{ ip: '192.0.2.1', hostname: 'one' }, { ip: '192.0.2.2' }], ports: [sql] },
        { addresses: [{ ip: '192.0.2.1' }], ports: [admin] },
        { notReadyAddresses: [{ ip: '192.0.2.2' }], ports: [sql] },
      ],
    })
    await eventually(async () => {
      const found = await slices(namespace)
      const told = found.map(({ ports: [port] = [], endpoints: all = [] }) => [
        port?.name,
        all.map(({ addresses, hostname, conditions }) => [addresses[0], hostname, conditions?.ready]).sort(),
      ])
      expect(told.sort()).toEqual([
        ['admin', [['192.0.2.1', 'one', true]]],
        ['sql', [['192.0.2.1', 'one', true], ['192.0.2.2', undefined, false]]], // prettier-ignore
      ])
    })
  })

  test('a subset is one slice of at most 1,000 addresses, and what is left out is told', async () => {
    const namespace = await newNamespace()
    await service(namespace)
    const addresses = Array.from({ length: 1_010 }, (_, i) => ({ ip: `198.51.${i >> 8}.${i & 255}` }))
    await cluster.client.create(Endpoints, {
      metadata: { namespace, name: 'db' },
      subsets: [{ notReadyAddresses: addresses.slice(0, 500), addresses: addresses.slice(500), ports }],
    })
    await eventually(async () => {
      const [slice, ...others] = await slices(namespace)
      expect(others).toEqual([])
      expect(slice!.endpoints).toHaveLength(1_000)
      expect(slice!.endpoints!.filter(({ conditions }) => conditions?.ready)).toHaveLength(510)
      expect(await eventsAbout(cluster.client, namespace, 'db')).toContain(
        'TooManyAddressesToMirror: A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. 10 addresses were skipped',
      )
    })
  })

  test('Endpoints that say so, or have no Service, are not mirrored', async () => {
    const namespace = await newNamespace()
    const other = await newNamespace()
    await service(namespace)
    await endpoints(namespace, { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } })
    await endpoints(other)
    await service(other, 'later')
    const metadata = { namespace: other, name: 'later' }
    await cluster.client.create(Endpoints, { metadata, subsets: [{ addresses: [{ ip: '192.0.2.9' }], ports }] })
    // The one written last is mirrored: those before it have been looked at.
    await eventually(async () => expect(await slices(other)).toHaveLength(1))
    expect((await slices(other))[0]!.metadata.labels).toMatchObject({ 'kubernetes.io/service-name': 'later' })
    expect(await slices(namespace)).toEqual([])
  })
})

describe('of Endpoints of many', () => {
  const many = Array.from({ length: 60 }, (_, i) => i)
  const portOf = (i: number) => ({ name: `p${i}`, port: 1_000 + i })
  const written = (subsets: Endpoints['subsets']): Endpoints => ({
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { namespace: 'default', name: 'db', uid: '1', resourceVersion: '1', creationTimestamp: '' },
    ...(subsets && { subsets }),
  })

  test('ports, an address is looked at as often as of one', () => {
    let looks = 0
    const addresses = many.map(i => ({
      get ip() {
        looks++
        return `192.0.2.${i}`
      },
    }))
    const { mirrors } = mirrorsOf(written([{ addresses, ports: many.map(portOf) }]))
    expect(mirrors).toMatchObject([{ addressType: 'IPv4' }])
    expect(mirrors[0]!.ports).toHaveLength(many.length)
    expect(mirrors[0]!.endpoints).toHaveLength(many.length)
    expect(looks).toBeLessThan(10 * many.length)
  })

  test('subsets, a slice is looked at as often as of one, and finds its own', () => {
    const endpoints = written(many.map(i => ({ addresses: [{ ip: `192.0.2.${i}` }], ports: [portOf(i)] })))
    const { mirrors } = mirrorsOf(endpoints)
    let looks = 0
    const sliceOf = (mirror: Mirror, i: number): EndpointSlice => {
      const { metadata, ports, ...rest } = mirrorSlice(endpoints, mirror)
      const of = { namespace: 'default', name: `db-${i}`, uid: `${i}`, resourceVersion: '1', creationTimestamp: '' }
      const slice = {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        ...rest,
        metadata: { ...metadata, ...of },
      }
      return Object.defineProperty(slice as EndpointSlice, 'ports', { enumerable: true, get: () => (looks++, ports) })
    }
    const present = mirrors.map(sliceOf).reverse()
    expect(planMirrors(endpoints, present, mirrors)).toEqual({ create: [], update: [], delete: [] })
    expect(looks).toBeLessThan(10 * many.length)
    // One port is another now: its slice becomes that one's, and of two for the same ports one goes.
    const moved = written([...endpoints.subsets!.slice(1), { addresses: [{ ip: '192.0.2.0' }], ports: [portOf(99)] }])
    const plan = planMirrors(moved, [...present, sliceOf(mirrors[1]!, 99)], mirrorsOf(moved).mirrors)
    expect(plan.create).toEqual([])
    expect(plan.update.map(({ mirror }) => mirror.ports)).toEqual([[expect.objectContaining({ name: 'p99' })]])
    expect(plan.delete).toHaveLength(1)
  })
})
