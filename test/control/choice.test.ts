// Which controllers run, by kube-controller-manager's names.
import { describe, expect, test } from 'vitest'
import { chooseControllers, chosenParts } from '../../src/main/controllers/choice.ts'
import { controllers } from '../../src/main/controllers/index.ts'
import { Node, Service } from '../../src/shared/api/core/v1.ts'
import { Endpoints } from '../../src/shared/api/core/v1.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { eventually } from '../support/eventually.ts'
import { startCluster } from './support/cluster.ts'

const all = controllers({
  clock: systemClock,
  rootCa: '',
  signToken: () => Promise.resolve(''),
  pki: { servingNames: [] } as never,
}).map(({ name }) => name)
const running = (...list: string[]) => all.filter(chooseControllers(list))

describe('--controllers', () => {
  test('has a name for every part that runs, and for nothing else', () => {
    expect(chosenParts.toSorted()).toEqual(all.toSorted())
  })
  test('* is all of them', () => expect(running('*')).toEqual(all))
  test('- takes one out, with all that does its work', () => {
    expect(running('*', '-service-lb-controller')).toEqual(all.filter(name => name !== 'service'))
    expect(running('*', '-job-controller')).toEqual(all.filter(name => !name.startsWith('job')))
  })
  test('without * only those run that are named', () =>
    expect(running('deployment-controller', 'replicaset-controller')).toEqual(['deployment', 'replicaset']))
  test('a name wins over its -', () => {
    expect(running('-job-controller', 'job-controller', '*')).toEqual(all)
  })
  test.each(['service', '-servicelb', '', '--job-controller', '__proto__'])('%j is no controller', name =>
    expect(() => chooseControllers(['*', name])).toThrow(
      `there is no controller ${JSON.stringify(name)}; there are bootstrap-signer-controller, `,
    ),
  )
})

test('without the one for load balancers, Services of that type wait for somebody else’s', async () => {
  await using cluster = await startCluster({ choice: chooseControllers(['*', '-service-lb-controller']) })
  const namespace = 'default'
  await cluster.client.create(Node, { metadata: { name: 'a' }, spec: {} })
  const addresses = [{ type: 'InternalIP', address: '192.0.2.1' }]
  const conditions = [{ type: 'Ready', status: 'True' }]
  await cluster.client.patch(Node, { name: 'a' }, { status: { addresses, conditions } }, {
    subresource: 'status', type: 'merge',
  }) // prettier-ignore
  const spec = { type: 'LoadBalancer', ports: [{ port: 80 }], selector: { app: 'web' } }
  await cluster.client.create(Service, { metadata: { namespace, name: 'web' }, spec })
  // Others have looked at it.
  await eventually(() => cluster.client.get(Endpoints, { namespace, name: 'web' }))
  const ingress = [{ ip: '198.51.100.7' }]
  await cluster.client.patch(Service, { namespace, name: 'web' }, { status: { loadBalancer: { ingress } } }, {
    subresource: 'status', type: 'merge',
  }) // prettier-ignore
  await cluster.client.create(Node, { metadata: { name: 'b' }, spec: {} })
  await cluster.client.create(Service, { metadata: { namespace, name: 'later' }, spec })
  await eventually(() => cluster.client.get(Endpoints, { namespace, name: 'later' }))
  const { status } = await cluster.client.get(Service, { namespace, name: 'web' })
  expect(status.loadBalancer?.ingress).toMatchObject(ingress)
  expect((await cluster.client.get(Service, { namespace, name: 'later' })).status.loadBalancer).toEqual({})
})
