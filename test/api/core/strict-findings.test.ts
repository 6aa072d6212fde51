// Fields that are unknown or given twice, in the order and the words of upstream's decoders: as errors and as warnings.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { defineKind } from '../crd/support/define.ts'
import { CONFIG_MAPS, raw } from './support/raw.ts'

const PODS = '/api/v1/namespaces/default/pods'
const SPEC = '"spec":{"zz":{"a":1,"a":2},"containers":[{"name":"a","image":"a","xx":1,"image":"b"}],"aa":1,"aa":2}'
const YAML = `apiVersion: v1
kind: Pod
metadata:
  name: yaml
  name: yaml
spec:
  zz: 1
  containers:
  - name: a
    image: a
    image: b
    xx: 1
  aa: 1
  aa: 2
`

let api: TestApiServer
beforeAll(async () => {
  api = await startTestApiServer()
  const embedded = { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { spec: { type: 'object' } } }
  await defineKind(api, 'Strict', { type: 'object', properties: { inner: embedded, spec: { type: 'object' } } })
})
afterAll(() => api[Symbol.asyncDispose]())

/** @returns the warnings of one that is let in, and the complaint about one that is not */
async function both(path: string, options: { method: string; body: string; type: string }) {
  const { method, body, type } = options
  const send = (validation: string) =>
    raw(api, `${path}?fieldManager=me&fieldValidation=${validation}`, {
      method,
      body,
      headers: { 'content-type': type },
    })
  const strict = await send('Strict')
  const complaint = /strict decoding (?:error|YAML): (.*)$/s.exec(String(strict.json.message))?.[1]
  const warn = await send('Warn')
  const warnings = String(warn.headers['warning'] ?? '')
    .split(/, (?=299 )/)
    .map(text => text.slice('299 - "'.length, -1).replaceAll('\\"', '"'))
  return { codes: [strict.code, warn.code], complaint, warnings }
}

test('JSON: as the text goes; what nobody knows is not looked into', async () => {
  const body = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"json"},${SPEC}}`
  const warnings = [
    'unknown field "spec.zz"',
    'unknown field "spec.containers[0].xx"',
    'duplicate field "spec.containers[0].image"',
    'unknown field "spec.aa"',
  ]
  expect(await both(PODS, { method: 'POST', body, type: 'application/json' })).toEqual({
    ...{ codes: [400, 201], complaint: warnings.join(', '), warnings },
  })
})

test('YAML: lines first, then unknown fields by their names', async () => {
  const lines = ['line 5: key "name"', 'line 11: key "image"', 'line 14: key "aa"'].map(
    text => `${text} already set in map`,
  )
  const unknown = ['spec.aa', 'spec.containers[0].xx', 'spec.zz'].map(path => `unknown field "${path}"`)
  expect(await both(PODS, { method: 'POST', body: YAML, type: 'application/yaml' })).toEqual({
    codes: [400, 201],
    complaint: [`yaml: unmarshal errors:\n  ${lines.join('\n  ')}`, ...unknown].join(', '),
    warnings: [...lines, ...unknown],
  })
})

test('a JSON patch: its operations first', async () => {
  await raw(api, CONFIG_MAPS, { body: { metadata: { name: 'patched' } } })
  const body = '[{"op":"add","path":"/zz","value":1,"foo":1},{"op":"add","path":"/aa","path":"/bb","value":1}]'
  const warnings = [
    'json patch unknown field "[0].foo"',
    'json patch duplicate field "[1].path"',
    'unknown field "bb"',
    'unknown field "zz"',
  ]
  const type = 'application/json-patch+json'
  expect(await both(`${CONFIG_MAPS}/patched`, { method: 'PATCH', body, type })).toEqual({
    ...{ codes: [422, 200], complaint: warnings.join(', '), warnings },
  })
})

test('an apply: a warning for each line', async () => {
  const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: applied\ndata:\n  a: b\n  a: c\ndata:\n  a: d\n'
  const { warnings, codes } = await both(`${CONFIG_MAPS}/applied`, {
    ...{ method: 'PATCH', body, type: 'application/apply-patch+yaml' },
  })
  const lines = ['line 7: key "a" already set in map', 'line 8: key "data" already set in map']
  expect([codes, warnings]).toEqual([[400, 201], lines])
})

test('a custom resource: doubled fields, then its metadata, its schema, and metadata inside', async () => {
  const inner = '{"apiVersion":"v1","kind":"Foo","metadata":{"name":"a","aa":1}}'
  const head = '"apiVersion":"rules.example.com/v1","kind":"Strict"'
  const body = `{${head},"bb":1,"bb":2,"inner":${inner},"metadata":{"name":"one","mm":1}}`
  const warnings = [
    'duplicate field "bb"',
    'unknown field "metadata.mm"',
    'unknown field "bb"',
    'unknown field "inner.metadata.aa"',
  ]
  const path = '/apis/rules.example.com/v1/stricts'
  expect(await both(path, { method: 'POST', body, type: 'application/json' })).toEqual({
    ...{ codes: [400, 201], complaint: warnings.join(', '), warnings },
  })
})
