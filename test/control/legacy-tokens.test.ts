// legacy-serviceaccount-token-cleaner: tokens that were made by themselves go when nobody uses them for a year.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ConfigMap, Pod, Secret, ServiceAccount } from '../../src/shared/api/core/v1.ts'
import { raw } from '../api/core/support/raw.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { type Cluster, startCluster } from './support/cluster.ts'

const DAY_MS = 86_400_000
const YEAR_MS = 365 * DAY_MS
const LAST_USED = 'kubernetes.io/legacy-token-last-used'
const INVALID_SINCE = 'kubernetes.io/legacy-token-invalid-since'
const namespace = 'default'
const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10)

let cluster: Cluster
/** Of the controllers; the API server's is the system's. */
const clock = new ManualClock(Date.now())
beforeAll(async () => {
  cluster = await startCluster({ clock })
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

const secret = (name: string) => cluster.client.get(Secret, { namespace, name })
const labelOf = async (name: string, label: string) => (await secret(name)).metadata.labels?.[label]
const names = async () =>
  (await cluster.client.list(Secret, { namespace })).items.map(({ metadata }) => metadata.name).sort()
const ask = async (name: string) => {
  const token = Buffer.from((await secret(name)).data?.['token'] ?? '', 'base64').toString()
  return raw(cluster.api, '/api', { as: 'none', headers: { authorization: `Bearer ${token}` } })
}

test('a year without use marks a token as invalid, another one deletes it; one by hand and one in use stay', async () => {
  const { client } = cluster
  const tokens = ['forgotten', 'mounted', 'by-hand']
  await client.create(ServiceAccount, {
    metadata: { namespace, name: 'robot' },
    secrets: [{ name: 'forgotten' }, { name: 'mounted' }],
  })
  for (const name of tokens)
    await client.create(Secret, {
      metadata: { namespace, name, annotations: { 'kubernetes.io/service-account.name': 'robot' } },
      type: 'kubernetes.io/service-account-token',
    })
  await client.create(Pod, {
    metadata: { namespace, name: 'user' },
    spec: {
      containers: [{ name: 'main', image: 'x' }],
      volumes: [{ name: 'token', secret: { secretName: 'mounted' } }],
    },
  })
  const tracking = { namespace: 'kube-system', name: 'kube-apiserver-legacy-service-account-token-tracking' }
  expect((await client.get(ConfigMap, tracking)).data?.['since']).toBe(dayOf(Date.now()))

  // A use is written down, on its day.
  await eventually(async () => expect((await secret('forgotten')).data?.['token']).toBeTruthy())
  expect((await ask('forgotten')).code).toBe(200)
  await eventually(async () => expect(await labelOf('forgotten', LAST_USED)).toBe(dayOf(Date.now())))

  clock.jump(YEAR_MS - 2 * DAY_MS)
  await clock.advance(DAY_MS)
  expect(await labelOf('forgotten', INVALID_SINCE)).toBeUndefined()
  await eventually(async () => {
    await clock.advance(DAY_MS)
    expect(await labelOf('forgotten', INVALID_SINCE)).toBeTruthy()
  })
  expect(Date.parse((await labelOf('forgotten', INVALID_SINCE))!)).toBeGreaterThan(Date.now() + YEAR_MS - DAY_MS)
  expect((await ask('forgotten')).code).toBe(401)

  clock.jump(YEAR_MS - 2 * DAY_MS)
  await clock.advance(DAY_MS)
  expect(await names()).toEqual(['by-hand', 'forgotten', 'mounted'])
  await eventually(async () => {
    await clock.advance(DAY_MS)
    expect(await names()).toEqual(['by-hand', 'mounted'])
  })
  for (const name of ['by-hand', 'mounted']) expect(await labelOf(name, INVALID_SINCE)).toBeUndefined()
})
