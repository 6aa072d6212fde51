// A status is written by a path of its own where a kind has the subresource; without it, it is a field like any other.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JSONSchemaProps } from '../../../src/shared/api/apiextensions/v1.ts'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { raw } from '../core/support/raw.ts'
import { applyOn } from './support/apply.ts'
import { defineKind } from './support/define.ts'

const LOOSE: JSONSchemaProps = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
let api: TestApiServer
beforeAll(async () => {
  api = await startTestApiServer()
  await defineKind(api, 'Loose', LOOSE)
})
afterAll(() => api[Symbol.asyncDispose]())
const apply = (path: string, body: object, manager = 'a') => applyOn(api, path, body, manager)

test('who applies the status of a custom resource without the subresource owns it, beside whoever patches more of it', async () => {
  const path = '/apis/rules.example.com/v1/looses/one'
  const loose = (status: object) => ({
    apiVersion: 'rules.example.com/v1',
    kind: 'Loose',
    metadata: { name: 'one' },
    status,
  })
  const made = await apply(path, loose({ phase: 'New' }))
  expect(made).toMatchObject({ code: 201, status: { phase: 'New' } })
  expect(made.owned['a']).toEqual({ 'f:status': { '.': {}, 'f:phase': {} } })
  const headers = { 'content-type': 'application/merge-patch+json' }
  await raw(api, `${path}?fieldManager=p`, { method: 'PATCH', headers, body: { status: { count: 4 } } })
  const next = await apply(path, loose({ phase: 'Done' }))
  expect(next).toMatchObject({ code: 200, status: { phase: 'Done', count: 4 } })
  expect(next.owned['p']).toEqual({ 'f:status': { 'f:count': {} } })
  const other = await apply(path, loose({ phase: 'Mine' }), 'b')
  expect(other).toMatchObject({ code: 409, message: 'Apply failed with 1 conflict: conflict with "a": .status.phase' })
  expect(await apply(path, loose({}))).toMatchObject({ code: 200, status: { count: 4 } })
})

test('who makes a node by applying it gives it a status and does not own that; of other kinds nobody gives one so', async () => {
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' }, status: { capacity: { cpu: '4' } } }
  const made = await apply('/api/v1/nodes/n1', node)
  expect(made).toMatchObject({ code: 201, status: { capacity: { cpu: '4' }, allocatable: { cpu: '4' } } })
  expect(JSON.stringify(made.owned)).not.toContain('f:status')
  const changed = await apply('/api/v1/nodes/n1', { ...node, status: { capacity: { cpu: '8' } } })
  expect(changed).toMatchObject({ code: 200, status: { capacity: { cpu: '4' } } })
  const spec = { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } } // prettier-ignore
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd' },
    spec,
    status: { replicas: 3 },
  }
  expect(await apply('/apis/apps/v1/namespaces/default/deployments/d', deployment)).toMatchObject({
    code: 201,
    status: {},
  })
})

test('who applies the status of a custom resource with the subresource writes and owns nothing else, not even labels', async () => {
  const { type } = await defineKind(api, 'Apart', LOOSE, { status: true })
  const path = `/apis/${type.group}/v1/aparts/one`
  const apart = (labels: object, status: object) => ({
    apiVersion: 'rules.example.com/v1',
    kind: 'Apart',
    metadata: { name: 'one', labels },
    status,
  })
  await apply(path, apart({ a: 'b' }, {}), 'a')
  const told = await apply(`${path}/status`, apart({ a: 'c', d: 'e' }, { phase: 'New' }), 'b')
  expect(told).toMatchObject({ code: 200, status: { phase: 'New' } })
  expect(told.owned['b']).toEqual({ 'f:status': { '.': {}, 'f:phase': {} } })
  expect(((await raw(api, path)).json.metadata as { labels: object }).labels).toEqual({ a: 'b' })
})
