// What random walks of requests found to be answered otherwise than by kube-apiserver.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { type AnyJson, CONFIG_MAPS, configMap, raw } from './support/raw.ts'

let server: TestApiServer
beforeAll(async () => {
  server = await startTestApiServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/default/leases'
const patch = async (path: string, type: string, body: unknown) => {
  const headers = { 'content-type': `application/${type}` }
  const { code, json } = await raw(server, path, { method: 'PATCH', headers, body })
  return { code, json, message: (json as AnyJson).message as string }
}
const apply = (path: string, manager: string, body: unknown) =>
  patch(`${path}?fieldManager=${manager}`, 'apply-patch+yaml', body)
const applied = (name: string | null, data: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data }) // prettier-ignore

test('who makes an object anew is told that the old one is still going', async () => {
  const body = { ...configMap('going'), metadata: { name: 'going', finalizers: ['example.com/a'] } }
  await raw(server, CONFIG_MAPS, { body })
  await raw(server, `${CONFIG_MAPS}/going`, { method: 'DELETE' })
  for (const query of ['', '?dryRun=All']) {
    const { code, json } = await raw(server, `${CONFIG_MAPS}${query}`, { body })
    expect([code, json.reason, json.message]).toEqual([409, 'AlreadyExists', 'object is being deleted: configmaps "going" already exists']) // prettier-ignore
  }
})

describe('of an apply', () => {
  test('a status is looked for before it is read', async () => {
    const path = '/apis/apps/v1/namespaces/default/deployments/none/status'
    const body = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'none' }, status: { unknown: 1 } }
    expect(await apply(path, 'a', body)).toMatchObject({ code: 404 })
  })

  test('conflicts are told first, then what stands there twice, then another name', async () => {
    const path = `${CONFIG_MAPS}/taken`
    await apply(path, 'first', applied('taken', { a: '1' }))
    const strict = `${path}?fieldValidation=Strict&fieldManager=second`
    const text = (data: string) => `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"other"},"data":${data}}`
    const conflicting = await patch(strict, 'apply-patch+yaml', text('{"a":"2","a":"3"}'))
    expect(conflicting).toMatchObject({ code: 409 })
    const doubled = await patch(strict, 'apply-patch+yaml', text('{"b":"2","b":"3"}'))
    expect(doubled).toMatchObject({ code: 400, message: expect.stringContaining('already set in map') as string })
    const renamed = await patch(strict, 'apply-patch+yaml', text('{"b":"2"}'))
    expect(renamed.message).toBe('the name of the object (other) does not match the name on the URL (taken)')
  })

  test('a name that is null is none, but one that is left out is that of the URL', async () => {
    const path = `${CONFIG_MAPS}/named`
    await apply(path, 'first', applied('named', {}))
    expect(await apply(path, 'first', applied(null, {}))).toMatchObject({
      ...{ code: 400 },
      message: 'the name of the object (named based on URL) was undeterminable: name must be provided',
    })
    expect(await apply(path, 'first', { apiVersion: 'v1', kind: 'ConfigMap' })).toMatchObject({ code: 200 })
  })

  test('a null that is not kept is dated', async () => {
    const path = `${CONFIG_MAPS}/dated`
    await raw(server, CONFIG_MAPS, { body: configMap('dated') })
    const { json } = await apply(path, 'first', { ...applied('dated', {}), data: undefined, immutable: null })
    const { managedFields } = (json as AnyJson).metadata
    expect(managedFields.find(({ manager }: AnyJson) => manager === 'first')).toMatchObject({
      ...{ fieldsV1: { 'f:immutable': {} } },
      time: expect.stringMatching(/^\d{4}-/) as string,
    })
  })
})

test('a patch may not take the version from what is written in a known one alone', async () => {
  await raw(server, LEASES, { body: { metadata: { name: 'held' } } })
  const taken = await patch(`${LEASES}/held`, 'merge-patch+json', { metadata: { resourceVersion: null } })
  expect([taken.code, taken.message]).toEqual([422, 'leases.coordination.k8s.io "held" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update']) // prettier-ignore
  await raw(server, CONFIG_MAPS, { body: configMap('free') })
  const free = await patch(`${CONFIG_MAPS}/free`, 'merge-patch+json', { metadata: { resourceVersion: null } })
  expect(free.code).toBe(200)
})

test('an update that would make an object does not where it means one with a uid', async () => {
  const body = { metadata: { name: 'gone', uid: 'u' } }
  const { code, json } = await raw(server, `${LEASES}/gone`, { method: 'PUT', body })
  expect([code, json.reason]).toEqual([409, 'Conflict'])
  expect(json.message).toContain('Precondition failed: UID in precondition: u, UID in object meta: ')
})

test.each([
  ['a selector of labels', 'labelSelector=a%3E%3E', 400],
  ['a selector of fields', 'fieldSelector=a', 400],
  ['a field that there is not', 'fieldSelector=a%3Db', 422],
])('of a list, %s is looked at in its turn', async (_what, query, code) => {
  expect((await raw(server, `${CONFIG_MAPS}?resourceVersionMatch=Exact&${query}`)).code).toBe(code)
})

test.each([
  ['deployments', ['updatedReplicas', 'readyReplicas', 'availableReplicas']],
  ['statefulsets', ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas']],
  ['replicasets', ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas']],
])('of a negative count of %s only what their status counts is told', async (plural, parts) => {
  const path = `/apis/apps/v1/namespaces/default/${plural}`
  const labels = { app: 'counted' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'a', image: 'a' }] } }
  await raw(server, path, {
    body: { metadata: { name: 'counted' }, spec: { selector: { matchLabels: labels }, template } },
  })
  const { json } = await patch(`${path}/counted/status`, 'merge-patch+json', { status: { replicas: -1 } })
  expect((json as AnyJson).details.causes.map(({ field }: AnyJson) => field)).toEqual(
    ['replicas', ...parts].map(name => `status.${name}`),
  )
})

test('a class that is taken from a capacity is told as an empty one', async () => {
  const path = '/apis/storage.k8s.io/v1/namespaces/default/csistoragecapacities'
  await raw(server, path, { body: { metadata: { name: 'some' }, storageClassName: 'a' } })
  const { message } = await patch(`${path}/some`, 'merge-patch+json', { storageClassName: null })
  expect(message).toContain('storageClassName: Invalid value: "": field is immutable')
})
