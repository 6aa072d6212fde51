// PodTopologyLabels: zone and region of the node, on the pods that are placed there.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Node, Pod, ServiceAccount } from '../../../src/shared/api/core/v1.ts'
import { type SecuredCluster, startSecuredCluster } from '../authz/support/cluster.ts'
import { raw } from '../core/support/raw.ts'

const namespace = 'default'
const place = { 'topology.kubernetes.io/zone': 'a', 'topology.kubernetes.io/region': 'eu' }
let cluster: SecuredCluster
beforeAll(async () => {
  cluster = await startSecuredCluster()
  await cluster.admin.create(ServiceAccount, { metadata: { name: 'default', namespace } })
  const labels = { ...place, 'topology.kubernetes.io/rack': '1' }
  await cluster.admin.create(Node, { metadata: { name: 'near', labels } } as never)
  await cluster.admin.create(Node, { metadata: { name: 'nowhere' } } as never)
})
afterAll(() => cluster[Symbol.asyncDispose]())

const make = (name: string, labels: Record<string, string>, nodeName?: string) =>
  cluster.admin.create(Pod, {
    metadata: { name, namespace, labels },
    spec: { containers: [{ name: 'a', image: 'a' }], ...(nodeName ? { nodeName } : {}) },
  } as never)
const bind = (name: string, target: string) =>
  raw(cluster.api, `/api/v1/namespaces/default/pods/${name}/binding`, {
    body: { metadata: { name, labels: { mine: 'b' } }, target: { kind: 'Node', name: target } },
  })
const labelsOf = async (name: string) => (await cluster.admin.get(Pod, { namespace, name })).metadata.labels

test('come with the binding, over those that the pod said of itself, and with the labels of the binding', async () => {
  await make('bound', { app: 'x', 'topology.kubernetes.io/zone': 'wrong' })
  expect((await bind('bound', 'near')).code).toBe(201)
  expect(await labelsOf('bound')).toEqual({ app: 'x', mine: 'b', ...place })
})

test('come with a pod that names its node', async () => {
  await make('named', { app: 'x' }, 'near')
  expect(await labelsOf('named')).toEqual({ app: 'x', ...place })
})

test.each(['nowhere', 'unknown'])('do not come from a node that has none, or is none: %s', async node => {
  await make(node, { app: 'x' })
  expect((await bind(node, node)).code).toBe(201)
  expect(await labelsOf(node)).toEqual({ app: 'x', mine: 'b' })
})
