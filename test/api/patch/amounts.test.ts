// Amounts that are applied: the way they are written counts for who changes them, and one way is stored.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { raw } from '../core/support/raw.ts'

let api: TestApiServer
beforeAll(async () => {
  api = await startTestApiServer()
})
afterAll(() => api[Symbol.asyncDispose]())

const AT = '/apis/apps/v1/namespaces/default/deployments'
const headers = { 'content-type': 'application/apply-patch+yaml' }
const applied = (name: string, manager: string, cpu: string | number, more = '') =>
  raw(api, `${AT}/${name}?fieldManager=${manager}${more}`, {
    method: 'PATCH',
    headers,
    body: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name },
      spec: {
        selector: { matchLabels: { app: 'x' } },
        template: {
          metadata: { labels: { app: 'x' } },
          spec: { containers: [{ name: 'main', image: 'x', resources: { limits: { cpu } } }] },
        },
      },
    },
  })
const cpuOf = (json: { spec: { template: { spec: { containers: { resources: { limits: object } }[] } } } }) =>
  json.spec.template.spec.containers[0]?.resources.limits
const ownersOf = async (name: string) => {
  const { json } = await raw(api, `${AT}/${name}`)
  const owners = json.metadata.managedFields as { manager: string; fieldsV1: object }[]
  return owners
    .filter(({ fieldsV1 }) => JSON.stringify(fieldsV1).includes('f:cpu'))
    .map(({ manager }) => manager)
    .sort()
}

test.each(['1000m', 1])('written otherwise (%s) than another one has it, they are a conflict', async cpu => {
  const name = `conflict-${cpu}`
  expect((await applied(name, 'ann', '1')).code).toBe(201)
  const { code, json } = await applied(name, 'bob', cpu)
  expect(code).toBe(409)
  expect(json.details.causes).toEqual([
    expect.objectContaining({ field: '.spec.template.spec.containers[name="main"].resources.limits.cpu' }),
  ])
  const forced = await applied(name, 'bob', cpu, '&force=true')
  expect([forced.code, cpuOf(forced.json)]).toEqual([200, { cpu: '1' }])
  expect(await ownersOf(name)).toEqual(['bob'])
})

test('written as they are stored, they are shared', async () => {
  expect((await applied('shared', 'ann', '1000m')).code).toBe(201)
  expect((await applied('shared', 'bob', '1')).code).toBe(200)
  expect(await ownersOf('shared')).toEqual(['ann', 'bob'])
})

test('their own writer may write them in any way, which changes nothing', async () => {
  const first = await applied('own', 'ann', '1000m')
  expect(cpuOf(first.json)).toEqual({ cpu: '1' })
  for (const cpu of ['1000m', '1', 1, '1.0']) {
    const { code, json } = await applied('own', 'ann', cpu)
    expect([code, cpuOf(json), json.metadata.resourceVersion]).toEqual([
      200,
      { cpu: '1' },
      first.json.metadata.resourceVersion,
    ])
  }
})

test('that cannot be read are refused', async () => {
  expect((await applied('odd', 'ann', 'much')).code).toBe(400)
})
