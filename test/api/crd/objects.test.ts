// What custom resources are checked for beside their schema, and how parts that no schema knows are owned.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CustomResourceDefinition } from '../../../src/shared/api/apiextensions/v1.ts'
import { eventually } from '../../support/eventually.ts'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { raw } from '../core/support/raw.ts'
import { defineKind } from './support/define.ts'

let api: TestApiServer
beforeAll(async () => {
  api = await startTestApiServer()
  const embedded = { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true } // prettier-ignore
  await defineKind(api, 'Wrapper', { type: 'object', properties: { inner: embedded } })
  await defineKind(api, 'Loose', { type: 'object', 'x-kubernetes-preserve-unknown-fields': true })
})
afterAll(() => api[Symbol.asyncDispose]())

const send = (kind: string, content: object, name = 'one') =>
  raw(api, `/apis/rules.example.com/v1/${kind.toLowerCase()}s`, {
    body: { apiVersion: 'rules.example.com/v1', kind, metadata: { name }, ...content },
  })

test('of a text, the first bound that it does not keep is told', async () => {
  const text = { type: 'string', minLength: 1, maxLength: 3, pattern: '^[a-c]+$' }
  await defineKind(api, 'Bounded', { type: 'object', properties: { text } })
  const told = async (value: string) => {
    const { json } = await raw(api, '/apis/rules.example.com/v1/boundeds', {
      body: { apiVersion: 'rules.example.com/v1', kind: 'Bounded', metadata: { name: 'one' }, text: value },
    })
    return (json.details as { causes: { message: string }[] }).causes.map(({ message }) => message)
  }
  expect(await told('')).toEqual(['Invalid value: "": text in body should be at least 1 chars long'])
  expect(await told('dddd')).toEqual(['Too long: may not be more than 3 bytes'])
  expect(await told('d')).toEqual([`Invalid value: "d": text in body should match '^[a-c]+$'`])
})

describe('an object inside a custom resource', () => {
  test('has the parts of every object in OpenAPI, where they do not hide others', async () => {
    const inner = async (version: 'v2' | 'v3/apis/rules.example.com/v1') => {
      const { json } = await raw(api, `/openapi/${version}`)
      const schemas = json.definitions ?? json.components.schemas
      return schemas['com.example.rules.v1.Wrapper'].properties.inner
    }
    await eventually(async () => expect(await inner('v3/apis/rules.example.com/v1')).toBeDefined())
    const { properties, required } = await inner('v3/apis/rules.example.com/v1')
    expect(Object.keys(properties)).toEqual(['apiVersion', 'kind', 'metadata'])
    expect(required).toEqual(['kind', 'apiVersion'])
    expect((await inner('v2')).properties).toBeUndefined()
  })
  test('whose metadata cannot be read is refused', async () => {
    const metadata = { name: 'a', namespace: 42 }
    const { code, json } = await send('Wrapper', { inner: { apiVersion: 'v1', kind: 'Foo', metadata } })
    expect([code, json.message]).toEqual([
      400,
      'Wrapper in version "v1" cannot be handled as a Wrapper: inner.metadata: Invalid value: {"name":"a","namespace":42}: json: cannot unmarshal number into Go struct field ObjectMeta.namespace of type string',
    ])
  })
  test('has a type, and a name that can stand in a path', async () => {
    const { code, json } = await send('Wrapper', {
      inner: { apiVersion: 'a/b/c', kind: '%', metadata: { name: '..' } },
    })
    expect(code).toBe(422)
    const fields = (json.details as { causes: { field: string }[] }).causes.map(({ field }) => field)
    expect(fields).toEqual(['inner.apiVersion', 'inner.kind', 'inner.metadata.name'])
    const { json: untyped } = await send('Wrapper', { inner: { metadata: {} } })
    expect(untyped.message).toContain('[inner.apiVersion: Required value, inner.kind: Required value]')
  })
})

test('a status that is written by itself is held against its own part of the schema', async () => {
  const phase = { type: 'string', minLength: 3 }
  const schema = {
    type: 'object',
    properties: { spec: { type: 'object' }, status: { type: 'object', properties: { phase } } },
  }
  const kind = await defineKind(api, 'Phased', schema, { status: true })
  await kind.create('one', {})
  const write = (of: string) =>
    raw(api, '/apis/rules.example.com/v1/phaseds/one/status', {
      method: 'PATCH',
      body: { status: { phase: of } },
      headers: { 'content-type': 'application/merge-patch+json' },
    })
  const { code, json } = await write('up')
  expect([code, json.message]).toEqual([
    422,
    'Phased.rules.example.com "one" is invalid: status.phase: Invalid value: "up": phase in body should be at least 3 chars long',
  ])
  const versions = [
    { name: 'v1', served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema: { ...schema, required: ['spec'] } } }, // prettier-ignore
  ]
  const definition = { name: 'phaseds.rules.example.com' }
  await api.clientAs().patch(CustomResourceDefinition, definition, { spec: { versions } }, { type: 'merge' })
  await kind.refused('two', {})
  expect((await write('ready')).code).toBe(200)
})

describe('a kind with a status, a scale and columns', () => {
  const PLACE = '/apis/parts.example.com/v1/namespaces/default/parts'
  const count = { type: 'integer' }
  const counts = { type: 'object', properties: { replicas: count } }
  const free = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  const column = (name: string, type: string, jsonPath: string) => ({ name, type, jsonPath, priority: 42 })
  const version = {
    ...{ name: 'v1', served: true, storage: true },
    schema: { openAPIV3Schema: { type: 'object', properties: { spec: counts, status: counts, more: free } } },
    subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' } },
    selectableFields: [{ jsonPath: '.spec.replicas' }],
    additionalPrinterColumns: [
      column('First', 'string', '.more.list[*]'),
      column('Number', 'integer', '.more.list[0]'),
      column('When', 'date', '.more.when'),
    ],
  }
  beforeAll(async () => {
    await api.clientAs().create(CustomResourceDefinition, {
      metadata: { name: 'parts.parts.example.com' },
      spec: {
        ...{ group: 'parts.example.com', scope: 'Namespaced', names: { plural: 'parts', kind: 'Part' } },
        versions: [version],
      },
    })
    const body = { apiVersion: 'parts.example.com/v1', kind: 'Part', metadata: { name: 'one' }, more: { list: ['a', 'b'] } } // prettier-ignore
    await eventually(async () => expect((await raw(api, PLACE, { body })).code).toBe(201))
  })
  const patch = (path: string, body: object, type = 'merge-patch') =>
    raw(api, `${PLACE}/one${path}`, { method: 'PATCH', body, headers: { 'content-type': `application/${type}+json` } })

  test('shows the first value, where it is of its column', async () => {
    const { json } = await raw(api, PLACE, { headers: { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' } })
    const { columnDefinitions, rows } = json as { columnDefinitions: object[]; rows: { cells: unknown[] }[] }
    expect(rows[0]?.cells.slice(1)).toEqual(['a', null, null])
    expect(columnDefinitions[1]).toEqual({
      ...{ name: 'First', type: 'string', format: '', priority: 42 },
      description: 'Custom resource definition column (in JSONPath format): .more.list[*]',
    })
  })
  test('counts what a Scale can count', async () => {
    const { code, json } = await patch('', { spec: { replicas: 2 ** 31 } })
    expect([code, json.message]).toEqual([
      422,
      'Part.parts.example.com "one" is invalid: .spec.replicas: Invalid value: 2147483648: should be less than or equal to 2147483647',
    ])
  })
  test('has a Scale to read once it says how many, and one to write before', async () => {
    const body = { apiVersion: 'parts.example.com/v1', kind: 'Part', metadata: { name: 'unscaled' } }
    await raw(api, PLACE, { body })
    const path = `${PLACE}/unscaled/scale`
    const { code, json } = await raw(api, path)
    expect([code, json.message]).toEqual([500, 'Internal error occurred: the spec replicas field ".spec.replicas" does not exist']) // prettier-ignore
    const headers = { 'content-type': 'application/merge-patch+json' }
    expect((await raw(api, path, { method: 'PATCH', headers, body: { spec: { replicas: 2 } } })).code).toBe(200)
    expect((await raw(api, path)).json.spec).toEqual({ replicas: 2 })
  })
  test('is named where its metadata cannot be read', async () => {
    const body = {
      apiVersion: 'parts.example.com/v1',
      kind: 'Part',
      metadata: { name: 'late', deletionTimestamp: 'x' },
    }
    const { json } = await raw(api, PLACE, { body })
    expect(json.message).toMatch(/^Part in version "v1" cannot be handled as a Part: parsing time "x"/)
  })
  test('is refused with what its count is, where that is none', async () => {
    const body = { apiVersion: 'parts.example.com/v1', kind: 'Part', metadata: { name: 'many' }, spec: { replicas: 'three' } } // prettier-ignore
    const { json } = await raw(api, PLACE, { body })
    expect(json.message).toContain('.spec.replicas accessor error: three is of the type string, expected int64')
  })

  test.each(['', '/status', '/scale'])('is not patched strategically: %s', async path => {
    expect((await patch(path, { spec: { replicas: 1 } }, 'strategic-merge-patch')).code).toBe(415)
  })
  test('lists its parts in discovery, also in YAML; there is no stream of it', async () => {
    const headers = { accept: 'application/yaml' }
    const { text } = await raw(api, '/apis/parts.example.com/v1', { headers })
    expect([...text.matchAll(/name: (parts.*)/g)].map(([, name]) => name)).toEqual([
      'parts',
      'parts/status',
      'parts/scale',
    ])
    expect((await raw(api, `${PLACE}?watch=1`, { headers })).code).toBe(406)
  })
  test('says in OpenAPI what may be selected by', async () => {
    const { json } = await raw(api, '/openapi/v3/apis/parts.example.com/v1')
    const { schemas } = (json as { components: { schemas: Record<string, object> } }).components
    expect(schemas['com.example.parts.v1.Part']).toMatchObject({
      'x-kubernetes-selectable-fields': [{ fieldPath: 'spec.replicas' }],
    })
  })
  test('has no writes where it has no namespace', async () => {
    const place = '/apis/parts.example.com/v1/parts'
    expect((await raw(api, place, { body: {} })).code).toBe(404)
    expect((await raw(api, place, { method: 'DELETE' })).code).toBe(404)
    expect((await raw(api, '/api/v1/configmaps', { method: 'DELETE' })).code).toBe(405)
  })
})

test('another kind of the version breaks a rule', async () => {
  const { code, json } = await send('Loose', { kind: 'Other' })
  expect([code, json.message]).toEqual([
    422,
    'Other.rules.example.com "one" is invalid: kind: Invalid value: "Other": must be Loose',
  ])
})

test('finalizers that say nothing of whose they are, are warned of when they come', async () => {
  const finalizers = ['example.com/mine', 'mine', 'example.com', 'orphan']
  const { headers } = await send('Loose', { metadata: { name: 'waits', finalizers } })
  expect(headers['warning']).toBe(
    '299 - "metadata.finalizers: \\"example.com\\": prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers", ' +
      '299 - "metadata.finalizers: \\"mine\\": prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers"',
  )
  const body = { metadata: { finalizers: [...finalizers, 'example.com/new'] } }
  const again = await raw(api, '/apis/rules.example.com/v1/looses/waits', {
    ...{ method: 'PATCH', body, headers: { 'content-type': 'application/merge-patch+json' } },
  })
  expect([again.code, again.headers['warning']]).toEqual([200, undefined])
})

test('maps that no schema knows are owned part by part, lists as a whole', async () => {
  const apply = (manager: string, spec: object) =>
    raw(api, `/apis/rules.example.com/v1/looses/shared?fieldManager=${manager}`, {
      method: 'PATCH',
      body: { apiVersion: 'rules.example.com/v1', kind: 'Loose', metadata: { name: 'shared' }, spec },
      headers: { 'content-type': 'application/apply-patch+yaml' },
    })
  await apply('a', { x: { y: 1 }, list: [{ name: 'p' }] })
  const both = await apply('b', { x: { z: 2 } })
  expect([both.code, both.json.spec]).toEqual([200, { x: { y: 1, z: 2 }, list: [{ name: 'p' }] }])
  const owned = (both.json.metadata as { managedFields: { manager: string; fieldsV1: object }[] }).managedFields
  expect(Object.fromEntries(owned.map(({ manager, fieldsV1 }) => [manager, fieldsV1]))).toEqual({
    a: { 'f:spec': { '.': {}, 'f:list': {}, 'f:x': { '.': {}, 'f:y': {} } } },
    b: { 'f:spec': { '.': {}, 'f:x': { '.': {}, 'f:z': {} } } },
  })
  expect((await apply('b', { x: { y: 3 } })).json.message).toBe(
    'Apply failed with 1 conflict: conflict with "a": .spec.x.y',
  )
})

test.each(['PUT', 'PATCH'])('who owns what stays where a %s names nobody, and is reset by [{}]', async method => {
  const name = `owned-${method.toLowerCase()}`
  await send('Loose', { a: 1 }, name)
  const path = `/apis/rules.example.com/v1/looses/${name}`
  const headers = { 'content-type': method === 'PUT' ? 'application/json' : 'application/merge-patch+json' }
  const owners = async (managedFields: object[]) => {
    const { json } = await raw(api, path)
    const body = { ...json, metadata: { ...(json.metadata as object), managedFields } }
    const answer = await raw(api, path, { method, headers, body })
    return (answer.json.metadata as { managedFields?: object[] }).managedFields?.length ?? 0
  }
  expect([await owners([]), await owners([{}])]).toEqual([1, 0])
})
