// Lists of custom resources whose items are told apart by keys that have defaults.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { eventually } from '../../support/eventually.ts'
import { raw } from '../core/support/raw.ts'

let api: TestApiServer
const PATH = '/apis/keys.example.com/v1/listeners'
beforeAll(async () => {
  api = await startTestApiServer()
  const item = {
    type: 'object',
    required: ['name'],
    properties: { name: { type: 'string' }, port: { type: 'integer', default: 80 }, value: { type: 'string' } },
  }
  const ports = {
    ...{ type: 'array', items: item },
    ...{ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name', 'port'] },
  }
  const schema = {
    openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { ports } } } },
  }
  const body = {
    metadata: { name: 'listeners.keys.example.com' },
    spec: {
      ...{ group: 'keys.example.com', scope: 'Cluster', names: { plural: 'listeners', kind: 'Listener' } },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  }
  await raw(api, '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { body })
  await eventually(async () => expect((await raw(api, PATH)).code).toBe(200))
})
afterAll(() => api[Symbol.asyncDispose]())

test('an item that is applied without such a key is the one that has the default', async () => {
  const apply = (manager: string, ...ports: object[]) =>
    raw(api, `${PATH}/x?fieldManager=${manager}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: { apiVersion: 'keys.example.com/v1', kind: 'Listener', metadata: { name: 'x' }, spec: { ports } },
    })
  const made = await apply('ann', { name: 'web', value: 'a' })
  expect(made.json.metadata.managedFields[0].fieldsV1['f:spec']).toEqual({
    'f:ports': { 'k:{"name":"web","port":80}': { '.': {}, 'f:name': {}, 'f:value': {} } },
  })
  const again = await apply('ann', { name: 'web', value: 'b' })
  expect(again.json.spec.ports).toEqual([{ name: 'web', port: 80, value: 'b' }])
  expect((await apply('bob', { name: 'web', value: 'c' })).code).toBe(409)
  const both = await apply('bob', { name: 'web', port: 81 })
  expect(both.json.spec.ports).toEqual([{ name: 'web', port: 80, value: 'b' }, { name: 'web', port: 81 }]) // prettier-ignore
})
