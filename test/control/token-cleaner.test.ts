// token-cleaner: bootstrap tokens go when their time is over.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Secret } from '../../src/shared/api/core/v1.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { type Cluster, startCluster } from './support/cluster.ts'

let cluster: Cluster
const clock = new ManualClock(Date.now())
beforeAll(async () => {
  cluster = await startCluster({ clock })
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

test('a bootstrap token is deleted when it has expired, or was used for its one machine; one without an end and other Secrets stay', async () => {
  const { client } = cluster
  const expiration = new Date(clock.now() + 60_000).toISOString()
  const create = (name: string, type: string, stringData: Record<string, string>) =>
    client.create(Secret, { metadata: { namespace: 'kube-system', name }, type, stringData })
  await create('bootstrap-token-ending', 'bootstrap.kubernetes.io/token', { expiration })
  await create('bootstrap-token-endless', 'bootstrap.kubernetes.io/token', {})
  await create('other', 'Opaque', { expiration })
  const annotations = { 'flotilla.dev/used-at': new Date(clock.now()).toISOString() }
  await client.create(Secret, {
    metadata: { namespace: 'kube-system', name: 'bootstrap-token-used', annotations },
    type: 'bootstrap.kubernetes.io/token',
  })
  const names = async () =>
    (await client.list(Secret, { namespace: 'kube-system' })).items.map(({ metadata }) => metadata.name)
  await eventually(async () => {
    await clock.advance(30_000)
    expect(await names()).toEqual(['bootstrap-token-endless', 'other'])
  })
  expect(cluster.warnings).toEqual([])
})
