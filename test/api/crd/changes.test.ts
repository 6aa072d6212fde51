// What a definition says now holds for what was stored before, and for who watches.
import { expect, test } from 'vitest'
import { CustomResourceDefinition, type JSONSchemaProps } from '../../../src/shared/api/apiextensions/v1.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import { type TestApiServer, startTestApiServer } from '../../support/api-server.ts'
import { eventually } from '../../support/eventually.ts'
import { failure } from '../authz/support/cluster.ts'
import { raw } from '../core/support/raw.ts'
import { defineKind } from './support/define.ts'

const PATH = '/apis/rules.example.com/v1/things'
const NAME = 'things.rules.example.com'
const object = (spec: JSONSchemaProps['properties']): JSONSchemaProps => ({
  type: 'object',
  properties: { spec: { type: 'object', properties: spec ?? {} } },
})
const text: JSONSchemaProps = { type: 'string' }

/** Gives the kind another schema. */
const redefine = (api: TestApiServer, schema: JSONSchemaProps) =>
  api
    .clientAs()
    .patch(
      CustomResourceDefinition,
      { name: NAME },
      [{ op: 'replace', path: '/spec/versions/0/schema/openAPIV3Schema', value: schema }],
      { type: 'json' },
    )

test('defaults that came later show in what was stored before, and what is not declared any more does not', async () => {
  await using api = await startTestApiServer()
  const things = await defineKind(api, 'Thing', object({ kept: text, gone: text }))
  await things.create('one', { spec: { kept: 'a', gone: 'b' } })
  await redefine(api, object({ kept: text, added: { ...text, default: 'c' } }))
  const specs = async () => {
    const [one, list] = [await raw(api, `${PATH}/one`), await raw(api, PATH)]
    return [one.json.spec as unknown, (list.json as { items: AnyObject[] }).items[0]?.['spec']]
  }
  const spec = { kept: 'a', added: 'c' }
  await eventually(async () => expect(await specs()).toEqual([spec, spec]))
})

test('defaults of many items are set as far as an object may be long: beyond that nothing is written, and all is read', async () => {
  await using api = await startTestApiServer()
  const items = (item: JSONSchemaProps['properties']) =>
    object({ list: { type: 'array', items: { type: 'object', properties: item ?? {} } } })
  const things = await defineKind(api, 'Thing', items({ a: text }))
  const list = Array.from({ length: 20_000 }, () => ({}))
  await things.create('before', { spec: { list } })
  await redefine(api, items({ a: text, b: { ...text, default: 'x'.repeat(50_000) } }))
  await eventually(async () =>
    expect(await failure(things.create('after', { spec: { list } }))).toMatchObject({ code: 413 }),
  )
  expect(await failure(things.patch('before', { spec: { c: 1 } }))).toMatchObject({ code: 413 })
  const before = await raw(api, `${PATH}/before`)
  const read = (before.json as { spec: { list: { b?: string }[] } }).spec.list
  expect([before.code, read.length, read[0]?.b?.length, read.at(-1)]).toEqual([200, 20_000, 50_000, {}])
  await things.create('few', { spec: { list: list.slice(0, 10) } })
})

test('watches end when the definition changes, so that watchers begin anew, and not when its labels do', async () => {
  await using api = await startTestApiServer()
  await defineKind(api, 'Thing', object({ a: text }))
  let ended = false
  const watching = raw(api, `${PATH}?watch=1&timeoutSeconds=60`).then(() => (ended = true))
  await eventually(async () => expect((await raw(api, `${PATH}?watch=1&timeoutSeconds=1`)).code).toBe(200))
  await api.clientAs().patch(CustomResourceDefinition, { name: NAME }, { metadata: { labels: { a: 'b' } } })
  expect(ended).toBe(false)
  await redefine(api, object({ a: text, b: text }))
  await watching
})

test('items that have become the same by other keys are not held against an update', async () => {
  await using api = await startTestApiServer()
  const list = (keys: string[]): JSONSchemaProps => ({
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': keys,
    items: { type: 'object', required: ['a', 'b'], properties: { a: text, b: text } },
  })
  const things = await defineKind(api, 'Thing', object({ list: list(['a', 'b']) }))
  const one = { a: '1', b: '1' }
  await things.create('one', { spec: { list: [one, { a: '1', b: '2' }] } })
  const twice = { spec: { list: [one, { a: '1', b: '2' }, one] } }
  await expect(things.patch('one', twice)).rejects.toMatchObject({ code: 422 })
  await redefine(api, object({ list: list(['a']) }))
  await eventually(async () => expect((await things.patch('one', twice)).spec).toEqual(twice.spec))
})

test('items in another order are no change where they have keys: stricter bounds are not held against it', async () => {
  await using api = await startTestApiServer()
  const list = (maxItems: number): JSONSchemaProps => ({
    ...{ type: 'array', maxItems, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['a'] },
    items: { type: 'object', required: ['a'], properties: { a: text } },
  })
  const things = await defineKind(api, 'Thing', object({ list: list(3) }))
  const items = ['1', '2', '3'].map(a => ({ a }))
  await things.create('one', { spec: { list: items } })
  await redefine(api, object({ list: list(2) }))
  await things.refused('two', { spec: { list: items } })
  const reversed = { spec: { list: [...items].reverse() } }
  expect((await things.patch('one', reversed)).spec).toEqual(reversed.spec)
  await expect(things.patch('one', { spec: { list: [...items, { a: '4' }] } })).rejects.toMatchObject({ code: 422 })
})

test('items that nothing tells apart are let be while the list is what it was, and are all looked at once it is not', async () => {
  await using api = await startTestApiServer()
  const long = 'x'.repeat(9)
  const lists = (item: JSONSchemaProps) =>
    object({
      other: text,
      plain: { type: 'array', maxItems: 9, items: item },
      set: { type: 'array', maxItems: 9, 'x-kubernetes-list-type': 'set', items: item },
      keyed: {
        ...{ type: 'array', maxItems: 9, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['a'] },
        items: { type: 'object', required: ['a'], properties: { a: text, b: item } },
      },
    })
  const things = await defineKind(api, 'Thing', lists(text))
  const spec = { plain: [long, 'a'], set: [long, 'a'], keyed: [{ a: '1', b: long }, { a: '2', b: 'a' }] } // prettier-ignore
  await things.create('one', { spec })
  const rules = [{ rule: 'self != "never"' }]
  await redefine(api, lists({ ...text, maxLength: 3, 'x-kubernetes-validations': rules }))
  await things.refused('two', { spec })
  expect((await things.patch('one', { spec: { other: 'b' } })).spec).toEqual({ ...spec, other: 'b' })
  for (const list of ['plain', 'set']) {
    const error = await failure(things.patch('one', { spec: { [list]: [long, 'b'] } }))
    expect(error.message).toContain(`spec.${list}[0]: Too long: may not be more than 3 bytes`)
  }
  const keyed = [{ a: '1', b: long }, { a: '2', b: 'b' }] // prettier-ignore
  expect((await things.patch('one', { spec: { keyed } })).spec).toMatchObject({ keyed })
})
test('nothing is made, applied either, while the definition is being deleted', async () => {
  await using api = await startTestApiServer()
  await defineKind(api, 'Thing', object({ a: text }))
  const client = api.clientAs()
  await client.patch(CustomResourceDefinition, { name: NAME }, { metadata: { finalizers: ['example.com/wait'] } })
  await client.delete(CustomResourceDefinition, { name: NAME })
  const body = { apiVersion: 'rules.example.com/v1', kind: 'Thing', metadata: { name: 'one' } }
  const headers = { 'content-type': 'application/apply-patch+yaml' }
  for (const answer of [
    await raw(api, PATH, { body }),
    await raw(api, `${PATH}/one?fieldManager=me`, { method: 'PATCH', body, headers }),
  ])
    expect([answer.code, answer.json.message]).toEqual([
      405,
      'create not allowed while custom resource definition is terminating',
    ])
})

test('a definition whose webhook has no certificate that can be read is not served, until it has one', async () => {
  await using api = await startTestApiServer()
  const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: object({}) } }]
  const webhook = (caBundle: string) => ({
    clientConfig: { url: 'https://convert.example.com/', caBundle: Buffer.from(caBundle).toString('base64') },
    conversionReviewVersions: ['v1'],
  })
  const client = api.clientAs()
  await client.create(CustomResourceDefinition, {
    metadata: { name: NAME },
    spec: {
      ...{ group: 'rules.example.com', scope: 'Cluster', names: { plural: 'things', kind: 'Thing' }, versions },
      conversion: { strategy: 'Webhook', webhook: webhook('\n') },
    },
  })
  const established = async () => {
    const { status } = await client.get(CustomResourceDefinition, { name: NAME })
    return status.conditions?.find(({ type }) => type === 'Established')
  }
  await eventually(async () =>
    expect(await established()).toMatchObject({ status: 'False', reason: 'InvalidCABundle' }),
  )
  const spec = { conversion: { webhook: webhook(api.pki.caPem) } }
  await client.patch(CustomResourceDefinition, { name: NAME }, { spec }, { type: 'merge' })
  await eventually(async () => expect(await established()).toMatchObject({ status: 'True' }))
})

test('what is written in another version is answered as it will be read, a trial as well: without what the stored one lacks', async () => {
  await using api = await startTestApiServer()
  const colour = { type: 'string' }
  const version = (name: string, storage: boolean, properties: object) => ({
    ...{ name, served: true, storage },
    schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } } },
  })
  const versions = [version('v1', true, { a: { ...colour, default: 'red' } }), version('v2', false, { b: colour })]
  const body = {
    metadata: { name: 'boats.example.com' },
    spec: { group: 'example.com', scope: 'Cluster', names: { plural: 'boats', kind: 'Boat' }, versions },
  }
  await raw(api, '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { body })
  const path = '/apis/example.com/v2/boats'
  await eventually(async () => expect((await raw(api, path)).code).toBe(200))
  const boat = { apiVersion: 'example.com/v2', kind: 'Boat', metadata: { name: 'one' }, spec: { b: 'blue' } }
  for (const query of ['?dryRun=All', '']) {
    const { code, json } = await raw(api, `${path}${query}`, { body: boat })
    expect([code, json.apiVersion, json.spec]).toEqual([201, 'example.com/v2', {}])
  }
  const { json } = await raw(api, `${path}/one`)
  const changed = { ...json, metadata: { ...json.metadata, labels: { a: 'b' } }, spec: { b: 'green' } }
  const { json: tried } = await raw(api, `${path}/one?dryRun=All`, { method: 'PUT', body: changed })
  expect([tried.metadata.labels, tried.spec]).toEqual([{ a: 'b' }, {}])
})
