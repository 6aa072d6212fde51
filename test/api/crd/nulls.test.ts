// In custom resources a null is a value: taking it away is a change, writing it again is none.
import { expect, test } from 'vitest'
import { startTestApiServer } from '../../support/api-server.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import { CONFIG_MAPS, raw } from '../core/support/raw.ts'
import { defineKind } from './support/define.ts'

test('an update that only takes a null away is written, one that repeats it is not', async () => {
  await using api = await startTestApiServer()
  await defineKind(api, 'Loose', { type: 'object', 'x-kubernetes-preserve-unknown-fields': true })
  /** @param over the version that it is written over; undefined to make it */
  const send = async (spec: object, over?: string) => {
    const metadata = { name: 'one', ...(over && { resourceVersion: over }) }
    const body = { apiVersion: 'rules.example.com/v1', kind: 'Loose', metadata, spec }
    const path = `/apis/rules.example.com/v1/looses${over ? '/one' : ''}`
    const { code, json } = await raw(api, path, { method: over ? 'PUT' : 'POST', body })
    return { code, spec: json.spec as unknown, version: (json.metadata as { resourceVersion: string }).resourceVersion }
  }
  const made = await send({ a: null, b: 1 })
  expect(made).toMatchObject({ code: 201, spec: { a: null, b: 1 } })
  const same = await send({ b: 1, a: null }, made.version)
  expect(same).toEqual({ ...made, code: 200 })
  const without = await send({ b: 1 }, same.version)
  expect([without.code, without.spec]).toEqual([200, { b: 1 }])
  expect(without.version).not.toBe(same.version)
})

test('null where it is not allowed says nothing in a write, and is refused when it is applied', async () => {
  await using api = await startTestApiServer()
  const string = { type: 'string' }
  const map = { type: 'object', additionalProperties: string }
  const fields = { text: string, map, maybe: { ...string, nullable: true }, filled: { ...string, default: 'full' } }
  const spec = { type: 'object', properties: { ...fields, inner: { type: 'object', properties: fields } } }
  await defineKind(api, 'Tight', { type: 'object', properties: { spec } })
  const path = '/apis/rules.example.com/v1/tights'
  const head = { apiVersion: 'rules.example.com/v1', kind: 'Tight', metadata: { name: 'one' } }
  const nulls = { text: null, map: { a: null, b: 'c' }, maybe: null, filled: null }
  const given = { ...nulls, inner: nulls }
  const kept = { map: { b: 'c' }, maybe: null, filled: 'full' }
  const made = await raw(api, path, { body: { ...head, spec: given } })
  expect([made.code, made.json.spec]).toEqual([201, { ...kept, inner: kept }])
  const merge = (body: object) =>
    raw(api, `${path}/one`, { method: 'PATCH', headers: { 'content-type': 'application/json-patch+json' }, body })
  const patched = await merge([{ op: 'add', path: '/spec/text', value: null }])
  expect([patched.code, patched.json.spec]).toEqual([200, { ...kept, inner: kept }])

  const apply = (spec: object) =>
    raw(api, `${path}/two?fieldManager=a`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: { ...head, metadata: { name: 'two' }, spec },
    })
  const told = (at: string) => `${at}: Invalid value: "null": ${at} in body must be of type string: "null"`
  for (const code of [201, 200]) {
    const refused = await apply(given)
    const { causes } = refused.json.details as { causes: { field: string; message: string }[] }
    expect([refused.code, causes.map(({ field, message }) => `${field}: ${message}`)]).toEqual([
      422,
      ['spec.text', 'spec.map.a', 'spec.inner.text', 'spec.inner.map.a'].map(told),
    ])
    const fine = await apply({ maybe: null, filled: null })
    expect([fine.code, fine.json.spec]).toEqual([code, { maybe: null, filled: 'full' }])
  }
})

test('who applies null to a built-in kind owns that there is nothing, beside the parts that others bring', async () => {
  await using api = await startTestApiServer()
  const apply = async (manager: string, object: object, force = true) => {
    const path = `/api/v1/namespaces/default/configmaps/nulls?fieldManager=${manager}&force=${force}`
    const { code, json } = await raw(api, path, {
      method: 'PATCH',
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: { apiVersion: 'v1', kind: 'ConfigMap', ...object },
    })
    const fields = (json.metadata.managedFields as { manager: string; fieldsV1: object }[] | undefined)?.map(
      ({ manager, fieldsV1 }) => [manager, fieldsV1],
    )
    const { data, immutable, metadata } = json
    return { code, data, immutable, labels: metadata.labels, version: metadata.resourceVersion, fields }
  }
  const named = (more: object = {}) => ({ metadata: { name: 'nulls', creationTimestamp: null, ...more } })
  const made = await apply('a', { ...named({ labels: null }), data: null, immutable: null })
  expect(made).toMatchObject({ code: 201, data: undefined, labels: undefined, immutable: undefined })
  expect(made.fields).toEqual([['a', { 'f:data': {}, 'f:immutable': {}, 'f:metadata': { 'f:labels': {} } }]])
  const same = await apply('a', { ...named({ labels: null }), data: null, immutable: null })
  expect(same).toEqual({ ...made, code: 200 })
  const filled = await apply('b', { ...named(), data: { x: '1' }, immutable: false })
  expect(filled).toMatchObject({ data: { x: '1' }, immutable: false })
  const kept = await apply('c', { ...named(), data: null, immutable: null })
  expect(kept).toMatchObject({ data: { x: '1' }, immutable: undefined })
  expect(kept.fields).toContainEqual(['b', { 'f:data': { 'f:x': {} } }])
  expect(kept.fields).toContainEqual(['c', { 'f:data': {}, 'f:immutable': {} }])
})

test('who applies empty labels owns them, though none are stored, until others insist on theirs', async () => {
  await using api = await startTestApiServer()
  await defineKind(api, 'Loose', { type: 'object', 'x-kubernetes-preserve-unknown-fields': true })
  const apply = async (path: string, object: object, manager: string, force = false) => {
    const headers = { 'content-type': 'application/apply-patch+yaml' }
    const { code, json } = await raw(api, `${path}?fieldManager=${manager}&force=${force}`, {
      method: 'PATCH',
      body: object,
      headers,
    })
    const { labels, managedFields } = (json.metadata ?? {}) as Partial<AnyObject['metadata']>
    const owned = (managedFields ?? []).map(entry => [entry.manager, entry.fieldsV1] as const)
    return { code, labels, owned: Object.fromEntries(owned), message: json.message }
  }
  for (const [path, head] of [
    ['/apis/rules.example.com/v1/looses/one', { apiVersion: 'rules.example.com/v1', kind: 'Loose' }],
    [`${CONFIG_MAPS}/one`, { apiVersion: 'v1', kind: 'ConfigMap' }],
  ] as const) {
    const labelled = (labels: object) => ({ ...head, metadata: { name: 'one', labels } })
    const made = await apply(path, labelled({}), 'a')
    expect(made).toMatchObject({ code: 201, labels: undefined, owned: { a: { 'f:metadata': { 'f:labels': {} } } } })
    const refused = await apply(path, labelled({ x: 'y' }), 'b')
    const message = 'Apply failed with 1 conflict: conflict with "a": .metadata.labels'
    expect(refused).toMatchObject({ code: 409, message })
    const forced = await apply(path, labelled({ x: 'y' }), 'b', true)
    expect([forced.code, forced.labels]).toEqual([200, { x: 'y' }])
    expect(forced.owned['b']).toEqual({ 'f:metadata': { 'f:labels': { 'f:x': {} } } })
    const without = await apply(path, labelled({}), 'b')
    expect([without.code, without.labels]).toEqual([200, undefined])
  }
})

test('a property of nothing is a schema of nothing, inside items too: refused in words, not by a crash', async () => {
  await using api = await startTestApiServer()
  const items = { type: 'object', properties: { a: null }, unknownWord: true }
  const define = (name: string, list: object) => {
    const schema = { openAPIV3Schema: { type: 'object', properties: { list } } }
    const versions = [{ name: 'v1', served: true, storage: true, schema }]
    const names = { plural: name, kind: `${name[0]?.toUpperCase()}${name.slice(1)}` }
    const body = { metadata: { name: `${name}.example.com` }, spec: { group: 'example.com', scope: 'Cluster', names, versions } } // prettier-ignore
    return raw(api, '/apis/apiextensions.k8s.io/v1/customresourcedefinitions?fieldValidation=Strict', { body })
  }
  const refused = await define('boats', { type: 'array', items })
  expect([refused.code, refused.json.message]).toEqual([
    422,
    'CustomResourceDefinition.apiextensions.k8s.io "boats.example.com" is invalid: spec.validation.openAPIV3Schema.properties[list].items.properties[a].type: Required value: must not be empty for specified object fields',
  ])
  // Upstream's decoder of what may be a schema or several leaves out what it does not know, and does not tell.
  const made = await define('ships', { type: 'array', items: { type: 'string', unknownWord: true } })
  expect([made.code, made.json.spec.versions[0].schema.openAPIV3Schema.properties.list.items]).toEqual([
    201,
    { type: 'string' },
  ])
})
