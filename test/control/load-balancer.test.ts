import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Node, Service } from '../../src/shared/api/core/v1.ts'
import { EndpointSlice } from '../../src/shared/api/discovery/v1.ts'
import { eventually } from '../support/eventually.ts'
import { type Cluster, eventsAbout, startCluster } from './support/cluster.ts'

const namespace = 'default'
let cluster: Cluster
beforeEach(async () => (cluster = await startCluster()))
afterEach(() => cluster?.[Symbol.asyncDispose]())

async function join(name: string, ip: string, labels: Record<string, string> = {}): Promise<void> {
  await cluster.client.create(Node, { metadata: { name, labels }, spec: {} })
  const conditions = [{ type: 'Ready', status: 'True' }]
  const status = { addresses: [{ type: 'InternalIP', address: ip }], conditions }
  await cluster.client.patch(Node, { name }, { status }, { subresource: 'status', type: 'merge' })
}
const isReady = (name: string, status: string) =>
  cluster.client.patch(
    Node,
    { name },
    { status: { conditions: [{ type: 'Ready', status }] } },
    { subresource: 'status', type: 'merge' },
  )
const create = (name: string, port: number, spec: Partial<Service['spec']> = {}) =>
  cluster.client.create(Service, {
    metadata: { namespace, name },
    spec: { type: 'LoadBalancer', ports: [{ port }], ...spec },
  })
const addresses = async (name: string) =>
  (await cluster.client.get(Service, { namespace, name })).status.loadBalancer?.ingress?.map(({ ip }) => ip) ?? []
const conditions = async (name: string) =>
  (await cluster.client.get(Service, { namespace, name })).status.conditions ?? []
const shows = (name: string, expected: string[]) =>
  eventually(async () => expect(await addresses(name)).toEqual(expected))
const hasEvent = (name: string, event: string) =>
  eventually(async () => expect(await eventsAbout(cluster.client, namespace, name)).toContain(event))

describe('service', () => {
  test('a LoadBalancer has the addresses of the nodes, also of those that join; excluded ones are left out', async () => {
    await join('a', '192.0.2.1')
    await join('b', '192.0.2.2', { 'node.kubernetes.io/exclude-from-external-load-balancers': '' })
    await create('web', 80)
    await shows('web', ['192.0.2.1'])
    await hasEvent('web', 'EnsuredLoadBalancer: Ensured load balancer')
    await join('c', '192.0.2.3')
    await shows('web', ['192.0.2.1', '192.0.2.3'])
    await isReady('c', 'False')
    await shows('web', ['192.0.2.1'])
    // Of none that is ready, nobody knows which still answer.
    await isReady('a', 'Unknown')
    await shows('web', ['192.0.2.1', '192.0.2.3'])
    await isReady('c', 'True')
    await shows('web', ['192.0.2.3'])
    await isReady('a', 'True')
    await shows('web', ['192.0.2.1', '192.0.2.3'])
    await cluster.client.delete(Node, { name: 'a' })
    await shows('web', ['192.0.2.3'])
    await cluster.client.patch(Service, { namespace, name: 'web' }, { spec: { type: 'ClusterIP' } })
    await shows('web', [])
  })

  test('a port belongs to the Service that had it first; the next one gets it when it is free', async () => {
    await join('a', '192.0.2.1')
    await create('first', 80)
    await shows('first', ['192.0.2.1'])
    await cluster.client.get(Service, { namespace, name: 'first' })
    const first = await cluster.client.get(Service, { namespace, name: 'first' })
    // Times of creation are whole seconds: two Services of the same second are ordered by uid.
    await eventually(() => Date.now() >= Date.parse(first.metadata.creationTimestamp) + 1000)
    await create('second', 80)
    await hasEvent(
      'second',
      'SyncLoadBalancerFailed: Error syncing load balancer: port TCP/80 is taken by Service default/first',
    )
    expect(await addresses('second')).toEqual([])
    await eventually(async () =>
      expect(await conditions('second')).toMatchObject([
        {
          type: 'LoadBalancerPortsError',
          status: 'True',
          reason: 'PortConflict',
          message: 'port TCP/80 is taken by Service default/first',
        },
      ]),
    )
    expect(await conditions('first')).toEqual([])
    expect(await addresses('first')).toEqual(['192.0.2.1'])
    await cluster.client.delete(Service, { namespace, name: 'first' })
    await shows('second', ['192.0.2.1'])
    expect(await conditions('second')).toEqual([])
  })

  test("the nodes' own ports are refused", async () => {
    await join('a', '192.0.2.1')
    await create('ssh', 22)
    await hasEvent(
      'ssh',
      'SyncLoadBalancerFailed: Error syncing load balancer: port TCP/22 belongs to the nodes themselves',
    )
    expect(await addresses('ssh')).toEqual([])
    await eventually(async () => expect(await conditions('ssh')).toHaveLength(1))
    await cluster.client.patch(Service, { namespace, name: 'ssh' }, { spec: { type: 'ClusterIP' } })
    await eventually(async () => expect(await conditions('ssh')).toEqual([]))
  })

  test('externalTrafficPolicy Local has only nodes with ready endpoints', async () => {
    await join('a', '192.0.2.1')
    await join('b', '192.0.2.2')
    await create('web', 80, { externalTrafficPolicy: 'Local' })
    await cluster.client.create(EndpointSlice, {
      metadata: { namespace, name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
      addressType: 'IPv4',
      endpoints: [
        { addresses: ['10.244.0.2'], nodeName: 'b', conditions: { ready: true } },
        { addresses: ['10.244.1.2'], nodeName: 'a', conditions: { ready: false } },
      ],
    })
    await shows('web', ['192.0.2.2'])
  })
})
