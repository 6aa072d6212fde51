// Objects of custom kinds get into the version that stores when they are written, changed or not.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CustomResourceDefinition, type JSONSchemaProps } from '../../../src/shared/api/apiextensions/v1.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { eventually } from '../../support/eventually.ts'
import { startWebhookServer, type WebhookServer } from '../../support/webhook-server.ts'
import { raw } from '../core/support/raw.ts'

const group = 'stored.example.com'
let api: TestApiServer
let hooks: WebhookServer
beforeAll(async () => {
  api = await startTestApiServer()
  hooks = await startWebhookServer()
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
  await hooks[Symbol.asyncDispose]()
})

const text: JSONSchemaProps = { type: 'string' }
const version = (name: string, storage: boolean, properties: Record<string, JSONSchemaProps> = { a: text }) => ({
  name,
  served: true,
  storage,
  schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } } },
  subresources: { status: {} },
})
type Versions = ReturnType<typeof version>[]

async function define(plural: string, kind: string, versions: Versions, conversion?: object): Promise<void> {
  const spec = { group, scope: 'Cluster', names: { plural, kind }, versions, ...(conversion ? { conversion } : {}) }
  await api.clientAs().create(CustomResourceDefinition, { metadata: { name: `${plural}.${group}` }, spec } as never)
  await served(plural, versions)
}
const served = (plural: string, versions: Versions) =>
  eventually(() => {
    const known = versions.map(({ name }) => api.server.context.resources.byUrl(group, name, plural)?.storedAs)
    const kind = `${group}/${versions.find(({ storage }) => storage)?.name}/`
    expect(known.every(stored => stored?.startsWith(kind))).toBe(true)
  })
async function redefine(plural: string, versions: Versions): Promise<void> {
  const change = [{ op: 'replace', path: '/spec/versions', value: versions }]
  await api.clientAs().patch(CustomResourceDefinition, { name: `${plural}.${group}` }, change, { type: 'json' })
  await served(plural, versions)
}

/** A merge patch that says no more than which object it means, in which state. */
async function rewrite(path: string, { apiVersion, kind, metadata }: AnyObject) {
  const { name, resourceVersion } = metadata
  const headers = { 'content-type': 'application/merge-patch+json' }
  const answer = await raw(api, path, {
    method: 'PATCH',
    headers,
    body: { apiVersion, kind, metadata: { name, resourceVersion } },
  })
  return { code: answer.code, object: answer.json as AnyObject }
}
const storedAs = (plural: string, name: string) => api.store.get(`/registry/${group}/${plural}/${name}`)?.object

test.each(['', '/status'])('one that is patched%s to what it is gets into the version that stores now', async part => {
  const [plural, kind] = part ? ['parts', 'Part'] : ['things', 'Thing']
  await define(plural, kind, [version('v1', true)])
  const at = (name: string) => `/apis/${group}/${name}/${plural}`
  const body = { apiVersion: `${group}/v1`, kind, metadata: { name: 'one' }, spec: { a: '1' } }
  await raw(api, at('v1'), { body })
  await redefine(plural, [version('v1', false), version('v2', true)])
  const before = (await raw(api, `${at('v2')}/one`)).json as AnyObject
  expect(storedAs(plural, 'one')?.apiVersion).toBe(`${group}/v1`)

  const first = await rewrite(`${at('v2')}/one${part}`, before)
  expect([first.code, first.object.metadata.generation]).toEqual([200, 1])
  expect(first.object.metadata.resourceVersion).not.toBe(before.metadata.resourceVersion)
  expect(storedAs(plural, 'one')?.apiVersion).toBe(`${group}/v2`)

  const again = await rewrite(`${at('v2')}/one${part}`, first.object)
  expect(again.object).toEqual(first.object)
  expect((await rewrite(`${at('v2')}/one${part}`, before)).code).toBe(409)
})

test('defaults that came later, and fields that went, are stored so by a write that changes nothing', async () => {
  await define('gadgets', 'Gadget', [version('v1', true, { a: text, gone: text })])
  const path = `/apis/${group}/v1/gadgets`
  const body = { apiVersion: `${group}/v1`, kind: 'Gadget', metadata: { name: 'one' }, spec: { a: '1', gone: '2' } }
  await raw(api, path, { body })
  await redefine('gadgets', [version('v1', true, { a: text, added: { ...text, default: 'x' } })])
  const spec = { a: '1', added: 'x' }
  const before = await eventually(async () => {
    const read = (await raw(api, `${path}/one`)).json as AnyObject
    expect(read['spec']).toEqual(spec)
    return read
  })
  expect(storedAs('gadgets', 'one')?.['spec']).toEqual({ a: '1', gone: '2' })
  const first = await rewrite(`${path}/one`, before)
  expect(storedAs('gadgets', 'one')?.['spec']).toEqual(spec)
  expect((await rewrite(`${path}/one`, first.object)).object).toEqual(first.object)
})

test('once written so, it needs its webhook for the version that went no more', async () => {
  hooks.on('/convert', ({ desiredAPIVersion, objects }: { desiredAPIVersion: string; objects: AnyObject[] }) => ({
    convertedObjects: objects.map(object => ({ ...object, apiVersion: desiredAPIVersion, spec: { a: 'converted' } })),
    result: { status: 'Success' },
  }))
  const webhook = { clientConfig: { url: hooks.url('/convert'), caBundle: hooks.caBundle }, conversionReviewVersions: ['v1'] } // prettier-ignore
  await define('hooked', 'Hooked', [version('v1', true), version('v2', false)], { strategy: 'Webhook', webhook })
  const at = (name: string) => `/apis/${group}/${name}/hooked`
  const body = { apiVersion: `${group}/v1`, kind: 'Hooked', metadata: { name: 'one' }, spec: { a: '1' } }
  await raw(api, at('v1'), { body })
  await redefine('hooked', [version('v1', false), version('v2', true)])
  const before = (await raw(api, `${at('v2')}/one`)).json as AnyObject
  const { object } = await rewrite(`${at('v2')}/one`, before)
  expect(storedAs('hooked', 'one')).toMatchObject({ apiVersion: `${group}/v2`, spec: { a: 'converted' } })

  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/hooked.${group}/status`
  const headers = { 'content-type': 'application/merge-patch+json' }
  await raw(api, path, { method: 'PATCH', headers, body: { status: { storedVersions: ['v2'] } } })
  await redefine('hooked', [version('v2', true)])
  hooks.on('/convert', () => 500)
  expect((await raw(api, `${at('v2')}/one`)).json).toEqual(object)
})

test('what the version that stores declares alone is not there in another one', async () => {
  const versions = [
    version('v1', true, { a: { type: 'string', default: 'one' }, c: text }),
    version('v2', false, { b: text, c: text }),
  ]
  await define('parted', 'Parted', versions)
  const at = (name: string) => `/apis/${group}/${name}/parted`
  const body = { apiVersion: `${group}/v2`, kind: 'Parted', metadata: { name: 'x' }, spec: { c: 'kept' } }
  expect((await raw(api, at('v2'), { body })).json.spec).toEqual({ c: 'kept' })
  expect((await raw(api, `${at('v1')}/x`)).json.spec).toEqual({ a: 'one', c: 'kept' })
  expect((await raw(api, `${at('v2')}/x`)).json.spec).toEqual({ c: 'kept' })
  const patched = await raw(api, `${at('v2')}/x?fieldValidation=Strict`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { metadata: { labels: { a: 'b' } } },
  })
  expect([patched.code, patched.json.spec]).toEqual([200, { c: 'kept' }])
})

test('to apply in another version what is there already is no change, whatever has defaults there', async () => {
  const versions = [
    version('v1', true, { c: text }),
    version('v2', false, { b: { type: 'string', default: 'more' }, c: text }),
  ]
  await define('still', 'Still', versions)
  const at = (name: string) => `/apis/${group}/${name}/still`
  const body = { apiVersion: `${group}/v2`, kind: 'Still', metadata: { name: 'x' }, spec: { c: 'kept' } }
  await raw(api, at('v2'), { body })
  const applied = await raw(api, `${at('v2')}/x?fieldManager=ann`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/apply-patch+yaml' },
    body: { apiVersion: `${group}/v2`, kind: 'Still', metadata: { name: 'x' } },
  })
  expect([applied.code, applied.json.metadata.generation, applied.json.spec]).toEqual([200, 1, { c: 'kept' }])
})
