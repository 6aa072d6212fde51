// Definitions of several groups and versions, as clients find, explain, select and watch them while versions come and go.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CustomResourceDefinition, type JSONSchemaProps } from '../../../src/shared/api/apiextensions/v1.ts'
import { ServiceAccount } from '../../../src/shared/api/core/v1.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import type { ResourceType } from '../../../src/shared/machinery/resource-type.ts'
import { eventually } from '../../support/eventually.ts'
import { type SecuredCluster, startSecuredCluster } from '../authz/support/cluster.ts'
import { type AnyJson, raw } from '../core/support/raw.ts'

let cluster: SecuredCluster
beforeAll(async () => {
  cluster = await startSecuredCluster()
  await cluster.admin.create(ServiceAccount, { metadata: { name: 'default', namespace: 'default' } })
})
afterAll(() => cluster[Symbol.asyncDispose]())

const text = (description: string): JSONSchemaProps => ({ type: 'string', description })
const ofSpec = (properties: Record<string, JSONSchemaProps>): JSONSchemaProps => ({
  type: 'object',
  properties: { spec: { type: 'object', properties } },
})
const version = (name: string, schema: JSONSchemaProps, more: object = {}) => ({
  ...{ name, served: true, storage: name === 'v1', schema: { openAPIV3Schema: schema } },
  ...more,
})
async function define(group: string, kind: string, versions: ReturnType<typeof version>[]) {
  const plural = `${kind.toLowerCase()}s`
  await cluster.admin.create(CustomResourceDefinition, {
    metadata: { name: `${plural}.${group}` },
    spec: { group, scope: 'Namespaced', names: { plural, kind }, versions },
  })
  await eventually(() => expect(cluster.api.server.context.resources.byUrl(group, 'v1', plural)).toBeDefined())
  return { group, version: 'v1', kind, plural, namespaced: true } satisfies ResourceType<AnyObject>
}
const json = async (path: string): Promise<AnyJson> => (await raw(cluster.api, path)).json
/** Of a group: the versions in discovery, those with a document of their own, and those with types in the old document. */
async function versionsTold(group: string): Promise<string[][]> {
  const { groups } = await json('/apis')
  const found = (groups as AnyJson[]).find(({ name }) => name === group)?.versions as AnyJson[]
  const documents = Object.keys((await json('/openapi/v3')).paths as object)
  const definitions = Object.keys((await json('/openapi/v2')).definitions as object)
  const prefix = `${group.split('.').reverse().join('.')}.`
  return [
    found.map(({ version: name }) => name as string),
    documents.filter(path => path.startsWith(`apis/${group}/`)).map(path => path.split('/')[2]!),
    [...new Set(definitions.filter(name => name.startsWith(prefix)).map(name => name.slice(prefix.length).split('.')[0]!))], // prettier-ignore
  ].map(names => names.sort())
}
const explain = async (...args: string[]) => (await cluster.kubectl(['explain', ...args])).stdout

test('kinds of several groups and versions are described apart, each with its own words', async () => {
  const [one, two] = ['one.served.example.com', 'two.served.example.com']
  await define(one, 'Cup', [
    version('v1', ofSpec({ size: text('In the words of one, v1.') })),
    version('v2', ofSpec({ volume: text('In the words of one, v2.') })),
  ])
  await define(two, 'Cup', [version('v1', ofSpec({ size: text('In the words of two.') }))])
  expect(await versionsTold(one)).toEqual(Array(3).fill(['v1', 'v2']))
  expect(await versionsTold(two)).toEqual(Array(3).fill(['v1']))
  expect(await explain('cups.spec.volume', `--api-version=${one}/v2`)).toContain('In the words of one, v2.')
  expect(await explain('cups.spec.size', `--api-version=${one}/v1`)).toContain('In the words of one, v1.')
  expect(await explain(`cups.${two}.spec.size`)).toContain('In the words of two.')
}, 60_000)

test('a version that is renamed, or not served any more, is gone everywhere at once, and its objects are not', async () => {
  const group = 'renamed.served.example.com'
  const type = await define(group, 'Jar', [
    version('v1', ofSpec({ size: text('small') })),
    version('v2', ofSpec({ size: text('small') })),
  ])
  const at = (name: string) => `/apis/${group}/${name}/namespaces/default/jars`
  await cluster.admin.create(type, { metadata: { name: 'kept', namespace: 'default' }, spec: { size: 'a' } } as never)
  expect((await json(`${at('v2')}/kept`)).apiVersion).toBe(`${group}/v2`)
  const change = (versions: object[]) =>
    cluster.admin.patch(CustomResourceDefinition, { name: `jars.${group}` }, { spec: { versions } }, { type: 'merge' })

  await change([version('v1', ofSpec({ size: text('small') })), version('v3', ofSpec({ size: text('small') }))])
  expect(await versionsTold(group)).toEqual(Array(3).fill(['v1', 'v3']))
  expect((await raw(cluster.api, `${at('v2')}/kept`)).code).toBe(404)
  expect(await json(`${at('v3')}/kept`)).toMatchObject({ apiVersion: `${group}/v3`, spec: { size: 'a' } })

  await change([version('v1', ofSpec({ size: text('small') })), version('v3', ofSpec({}), { served: false })])
  expect(await versionsTold(group)).toEqual(Array(3).fill(['v1']))
  expect((await raw(cluster.api, `${at('v3')}/kept`)).code).toBe(404)
  expect((await raw(cluster.api, `/apis/${group}/v3`)).code).toBe(404)
  expect((await json(`${at('v1')}/kept`)).spec).toEqual({ size: 'a' })
})

describe('kubectl validates with what is published', () => {
  const open = { 'x-kubernetes-preserve-unknown-fields': true }
  const group = 'open.served.example.com'
  const embedded: JSONSchemaProps = { type: 'object', 'x-kubernetes-embedded-resource': true, ...open }
  const KINDS: Record<string, JSONSchemaProps> = {
    Root: { type: 'object', ...open, properties: { spec: { type: 'object', properties: { a: text('A letter.') } } } },
    Inner: ofSpec({ free: { type: 'object', description: 'Whatever.', ...open } }),
    Holder: ofSpec({ template: { description: 'An object.', ...embedded } }),
    Closed: ofSpec({ a: text('A letter.') }),
  }
  beforeAll(async () => {
    for (const [kind, schema] of Object.entries(KINDS)) await define(group, kind, [version('v1', schema)])
  })
  const create = async (kind: string, content: object) => {
    const file = join(cluster.api.dataDir, `${kind}.json`)
    await writeFile(file, JSON.stringify({ apiVersion: `${group}/v1`, kind, metadata: { name: 'a' }, ...content }))
    const { code, stderr } = await cluster.kubectl(['create', '--validate=strict', '--dry-run=server', '-f', file])
    return code === 0 ? 'created' : stderr
  }
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', labels: { a: 'b' } }, spec: { anything: 1 } }

  test.each<[string, object]>([
    ['Root', { other: { b: 1 }, spec: { a: 'x' } }],
    ['Inner', { spec: { free: { b: [1, { c: 2 }] } } }],
    ['Holder', { spec: { template: pod } }],
    ['Closed', { spec: { a: 'x' } }],
  ])('what %s leaves open may be anything', async (kind, content) => {
    expect(await create(kind, content)).toBe('created')
  })
  test.each<[string, object, string]>([
    ['Inner', { spec: { fre: {} } }, 'unknown field "spec.fre"'],
    ['Holder', { spec: { template: { ...pod, metadata: { name: 'p', label: {} } } } }, 'unknown field "spec.template.metadata.label"'], // prettier-ignore
    ['Closed', { spce: {} }, 'unknown field "spce"'],
  ])('what %s closes may not', async (kind, content, why) => {
    expect(await create(kind, content)).toContain(why)
  })
  test.each([
    ['roots.spec.a', 'A letter.'],
    ['inners.spec.free', 'Whatever.'],
    ['holders.spec.template', 'An object.'],
    ['holders.spec.template.metadata', 'metadata'],
    ['roots.metadata.name', 'Name must be unique within a namespace'],
  ])('and explains %s', async (path, words) => {
    const [plural, ...fields] = path.split('.')
    expect(await explain([`${plural}.${group}`, ...fields].join('.'))).toContain(words)
  })
})

test('who watches by a field that can be selected by hears of what comes into the selection, changes in it and leaves it', async () => {
  const group = 'select.served.example.com'
  const schema = ofSpec({ colour: { type: 'string' }, size: { type: 'integer' } })
  const selectableFields = [{ jsonPath: '.spec.colour' }, { jsonPath: '.spec.size' }]
  const type = await define(group, 'Shirt', [version('v1', schema, { selectableFields })])
  const make = (name: string, spec: object) =>
    cluster.admin.create(type, { metadata: { name, namespace: 'default' }, spec } as never)
  const change = (name: string, spec: object) =>
    cluster.admin.patch(type, { name, namespace: 'default' }, { spec }, { type: 'merge' })
  await make('red', { colour: 'red', size: 1 })
  await make('blue', { colour: 'blue', size: 1 })
  const list = (fieldSelector: string) => cluster.admin.list(type, { namespace: 'default', fieldSelector })
  const names = async (fieldSelector: string) => (await list(fieldSelector)).items.map(({ metadata }) => metadata.name)
  expect(await names('spec.colour=red')).toEqual(['red'])
  expect(await names('spec.colour!=red,spec.size=1')).toEqual(['blue'])

  const { resourceVersion } = await list('spec.colour=red')
  await make('other', { colour: 'blue' })
  await change('other', { colour: 'red' })
  await change('other', { size: 2 })
  await change('red', { colour: 'green' })
  await change('red', { size: 3 })
  const path = `/apis/${group}/v1/namespaces/default/shirts?watch=1&timeoutSeconds=1&fieldSelector=spec.colour%3Dred`
  const { text: told } = await raw(cluster.api, `${path}&resourceVersion=${resourceVersion}`)
  const frames = told
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as AnyJson)
  expect(frames.map(({ type: what, object }) => [what, object.metadata.name, object.spec.colour])).toEqual([
    ['ADDED', 'other', 'red'],
    ['MODIFIED', 'other', 'red'],
    ['DELETED', 'red', 'red'],
  ])
})
