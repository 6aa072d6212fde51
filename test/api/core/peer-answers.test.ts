// Answers in the words of kube-apiserver, where clients go by them.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { CONFIG_MAPS, configMap, raw } from './support/raw.ts'

let server: TestApiServer
beforeAll(async () => {
  server = await startTestApiServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const MERGE = { 'content-type': 'application/merge-patch+json' }
const patch = (path: string, metadata: Record<string, unknown>) =>
  raw(server, path, { method: 'PATCH', headers: MERGE, body: { metadata } })

test('a patch may bring neither another name nor another uid', async () => {
  await raw(server, CONFIG_MAPS, { body: configMap('patched') })
  const path = `${CONFIG_MAPS}/patched`
  const renamed = await patch(path, { name: 'other' })
  expect([renamed.code, renamed.json.message]).toEqual([400, 'the name of the object (other) does not match the name on the URL (patched)']) // prettier-ignore
  const replaced = await patch(path, { uid: 'other' })
  expect([replaced.code, replaced.json.details.causes]).toEqual([
    422,
    [{ reason: 'FieldValueInvalid', field: 'metadata.uid', message: 'Invalid value: "other": field is immutable' }],
  ])
})

test('an update with another uid is a conflict', async () => {
  const { json } = await raw(server, CONFIG_MAPS, { body: configMap('updated') })
  const body = { ...json, metadata: { ...json.metadata, uid: 'other' } }
  const answer = await raw(server, `${CONFIG_MAPS}/updated`, { method: 'PUT', body })
  expect([answer.code, answer.json.details.kind]).toEqual([409, 'configmaps'])
  expect(answer.json.message).toContain('Precondition failed: UID in precondition: other')
})

test('preconditions of a delete are answered with the kind', async () => {
  await raw(server, CONFIG_MAPS, { body: configMap('guarded') })
  const body = { preconditions: { resourceVersion: '1' } }
  const { code, json } = await raw(server, `${CONFIG_MAPS}/guarded`, { method: 'DELETE', body })
  expect([code, json.details.kind]).toEqual([409, 'ConfigMap'])
  expect(json.message).toMatch(/^Operation cannot be fulfilled on ConfigMap "guarded": the ResourceVersion in the precondition \(1\) does not match the ResourceVersion in record \(\d+\)\. The object might have been modified$/) // prettier-ignore
})

test('a name that was to be generated and is taken may be tried again', async () => {
  await raw(server, CONFIG_MAPS, { body: configMap('taken') })
  const body = configMap('taken', { metadata: { name: 'taken', generateName: 'taken-' } })
  const { code, json } = await raw(server, CONFIG_MAPS, { body })
  expect([code, json.reason, json.details.retryAfterSeconds]).toEqual([409, 'AlreadyExists', 1])
  expect(json.message).toBe('configmaps "taken" already exists, the server was not able to generate a unique name for the object') // prettier-ignore
})

test('of an object that nobody owns, the first apply says who wrote it before', async () => {
  await raw(server, CONFIG_MAPS, { body: { metadata: { name: 'bare' } } })
  const path = `${CONFIG_MAPS}/bare`
  const updated = await patch(path, { labels: { a: 'b' } })
  expect(updated.json.metadata.managedFields).toBeUndefined()
  const applied = await raw(server, `${path}?fieldManager=me`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/apply-patch+yaml' },
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { labels: { a: 'c' } } },
  })
  expect([applied.code, applied.json.message]).toEqual([409, 'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .metadata.labels.a']) // prettier-ignore
})

test('an apply without a manager names the options', async () => {
  const { code, json } = await raw(server, `${CONFIG_MAPS}/applied`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/apply-patch+yaml' },
    body: { apiVersion: 'v1', kind: 'ConfigMap' },
  })
  expect([code, json.details.kind, json.details.group]).toEqual([422, 'PatchOptions', 'meta.k8s.io'])
})

test('a StorageClass that is deleted is the answer', async () => {
  const path = '/apis/storage.k8s.io/v1/storageclasses'
  await raw(server, path, { body: { metadata: { name: 'gone' }, provisioner: 'example.com/disk' } })
  const { code, json } = await raw(server, `${path}/gone`, { method: 'DELETE' })
  expect([code, json.kind, json.metadata.name]).toEqual([200, 'StorageClass', 'gone'])
})

test('an object without a name is named by nothing', async () => {
  const { code, json } = await raw(server, CONFIG_MAPS, { body: {} })
  expect([code, json.message]).toEqual([422, 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required']) // prettier-ignore
})
