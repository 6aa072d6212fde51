// The addresses that Ingresses of the cluster's own class are reached on.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Node } from '../../src/shared/api/core/v1.ts'
import { Ingress, IngressClass } from '../../src/shared/api/networking/v1.ts'
import { INGRESS_CONTROLLER, INGRESS_NODE_LABEL } from '../../src/shared/machinery/ingress/ours.ts'
import { eventually } from '../support/eventually.ts'
import { type Cluster, startCluster } from './support/cluster.ts'

const namespace = 'default'
let cluster: Cluster
beforeEach(async () => (cluster = await startCluster()))
afterEach(() => cluster?.[Symbol.asyncDispose]())

async function join(name: string, addresses: { type: string; address: string }[]): Promise<void> {
  await cluster.client.create(Node, { metadata: { name }, spec: {} })
  const status = { addresses, conditions: [{ type: 'Ready', status: 'True' }] }
  await cluster.client.patch(Node, { name }, { status }, { subresource: 'status', type: 'merge' })
}
const addresses = async () =>
  (await cluster.client.get(Ingress, { namespace, name: 'site' })).status.loadBalancer?.ingress?.map(({ ip }) => ip) ??
  []
const shows = (expected: string[]) => eventually(async () => expect(await addresses()).toEqual(expected))

describe('ingress', () => {
  test('an Ingress of our class shows the nodes that serve it, by their external addresses where they have some', async () => {
    await join('a', [{ type: 'InternalIP', address: '192.0.2.1' }])
    await join('b', [
      { type: 'InternalIP', address: '192.0.2.2' },
      { type: 'ExternalIP', address: '198.51.100.2' },
    ])
    const backend = { service: { name: 'web', port: { number: 80 } } }
    await cluster.client.create(Ingress, {
      metadata: { name: 'site', namespace },
      spec: { ingressClassName: 'flotilla', defaultBackend: backend },
    })
    await cluster.client.create(IngressClass, {
      metadata: { name: 'flotilla' },
      spec: { controller: INGRESS_CONTROLLER },
    })
    await shows(['192.0.2.1', '198.51.100.2'])
    const labels = { [INGRESS_NODE_LABEL]: 'true' }
    await cluster.client.patch(Node, { name: 'a' }, { metadata: { labels } }, { type: 'merge' })
    await shows(['192.0.2.1'])
    await cluster.client.delete(Node, { name: 'a' })
    await shows(['198.51.100.2'])
  })
})
