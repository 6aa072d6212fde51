import { execFile } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readFields } from '../../../src/shared/protobuf/wire.ts'
import { type ForeignSpec, foreignSpec } from '../../../src/main/apiserver/openapi/foreign-spec.ts'
import { openapiHandler } from '../../../src/main/apiserver/openapi/handler.ts'
import { builtinResources } from '../../../src/main/apiserver/registry/index.ts'
import {
  type CustomSchema,
  defineResource,
  type ResourceDescriptor,
} from '../../../src/main/apiserver/registry/resource.ts'
import { CustomResourceDefinition } from '../../../src/shared/api/apiextensions/v1.ts'
import { Deployment } from '../../../src/shared/api/apps/v1.ts'
import { ConfigMap, Pod } from '../../../src/shared/api/core/v1.ts'

const resources: readonly ResourceDescriptor[] = [
  defineResource({ type: Pod, shortNames: ['po'], status: {} }),
  defineResource({ type: ConfigMap, verbs: ['get', 'list'] }),
  defineResource({
    type: Deployment,
    status: {},
    scale: {
      replicas: d => d.spec.replicas ?? 0,
      setReplicas: () => undefined,
      statusReplicas: () => 0,
      selector: () => '',
    },
  }),
]
const descriptions = {
  'apps.v1.DeploymentSpec': { replicas: 'Number of desired pods.' },
  parameters: { watch: 'the official text' },
}

interface Document {
  paths: Record<string, Record<string, { parameters?: { name?: string }[]; 'x-kubernetes-group-version-kind': object }>>
  parameters: Record<string, { name: string }>
  components: { schemas: Record<string, { properties: Record<string, Record<string, unknown>>; required?: string[] }> }
  definitions: Record<string, { properties: Record<string, Record<string, unknown>> }>
}
const document = async (path: string, accept?: string): Promise<Document> => {
  const answer = await openapiHandler(path, accept, resources, descriptions)
  return JSON.parse(answer!.bytes.toString()) as Document
}
/** Every `$ref` in a JSON value. */
const refs = (value: unknown): string[] =>
  typeof value !== 'object' || value === null
    ? []
    : Object.entries(value).flatMap(([key, inner]) =>
        key === '$ref' && typeof inner === 'string' ? [inner] : refs(inner),
      )

describe('openapiHandler()', () => {
  test('says of emptying a collection how to choose, and not how to watch', async () => {
    const { paths } = await document('/openapi/v3/api/v1')
    const named = (method: string) => {
      const { parameters = [] } = paths['/api/v1/namespaces/{namespace}/pods']![method]!
      return parameters.map(({ name }) => name)
    }
    expect(named('delete')).toEqual(expect.arrayContaining(['labelSelector', 'limit', 'propagationPolicy']))
    expect(named('delete')).not.toEqual(expect.arrayContaining(['watch']))
    expect(named('delete')).not.toContain('allowWatchBookmarks')
    expect(named('get')).toEqual(expect.arrayContaining(['watch', 'allowWatchBookmarks']))
  })
  test('lists the documents that upstream has, each with a hash in its address', async () => {
    const { paths } = await document('/openapi/v3')
    expect(Object.keys(paths)).toEqual([
      '.well-known/openid-configuration',
      'api',
      'api/v1',
      'apis',
      'apis/apps',
      'apis/apps/v1',
      'openid/v1/jwks',
      'version',
    ])
    const hashes = Object.values(paths).map(entry => JSON.stringify(entry).split('hash=')[1])
    expect(new Set(hashes).size).toBe(8)
    expect(JSON.stringify(paths['api/v1'])).toMatch(/"serverRelativeURL":"\/openapi\/v3\/api\/v1\?hash=[0-9A-F]{64}"/)
  })

  test.each([
    ['.well-known/openid-configuration', 'getServiceAccountIssuerOpenIDConfiguration', undefined],
    ['api', 'getCoreAPIVersions', 'io.k8s.apimachinery.pkg.apis.meta.v1.APIVersions'],
    ['apis', 'getAPIVersions', 'io.k8s.apimachinery.pkg.apis.meta.v1.APIGroupList'],
    ['apis/apps', 'getAppsAPIGroup', 'io.k8s.apimachinery.pkg.apis.meta.v1.APIGroup'],
    ['openid/v1/jwks', 'getServiceAccountIssuerOpenIDKeyset', undefined],
    ['version', 'getCodeVersion', 'io.k8s.apimachinery.pkg.version.Info'],
  ])('%s describes one path, which version 2 has as well', async (key, operationId, answer) => {
    const { paths, components } = await document(`/openapi/v3/${key}`)
    expect(paths).toMatchObject({ [`/${key}/`]: { get: { operationId } } })
    expect(Object.keys(paths)).toHaveLength(1)
    expect(refs(paths).every(ref => ref === `#/components/schemas/${answer}`)).toBe(true)
    expect(refs(paths).length > 0).toBe(answer !== undefined)
    for (const ref of refs({ paths, components })) expect(components.schemas).toHaveProperty([ref.split('/').at(-1)!])
    expect((await document('/openapi/v2')).paths).toMatchObject({ [`/${key}/`]: { get: { operationId } } })
  })

  test('tells of the lists of resources where their version is described', async () => {
    const { paths } = await document('/openapi/v3/apis/apps/v1')
    expect(paths['/apis/apps/v1/']!['get']).toMatchObject({ operationId: 'getAppsV1APIResources' })
    const custom: CustomSchema = {
      fact: { t: 'any' },
      openapi: {},
      *decode() {
        yield
        return { object: {} as never, unknown: [], errors: [] }
      },
    }
    const own = [defineResource({ type: Deployment, custom })]
    const answer = await openapiHandler('/openapi/v3', undefined, own, descriptions)
    expect(Object.keys((JSON.parse(answer!.bytes.toString()) as Document).paths)).not.toContain('apis/apps')
  })

  test.each(['/openapi/v3/api/v1', '/openapi/v3/apis/apps/v1', '/openapi/v2'])(
    '%s has no dangling reference',
    async path => {
      const whole = await document(path)
      const all = [...new Set(refs(whole))]
      expect(all.length).toBeGreaterThan(10)
      for (const ref of all) {
        const [, kind, ...rest] = ref.split('/')
        const table = kind === 'components' ? whole.components.schemas : whole[kind as 'definitions' | 'parameters']
        expect([ref, rest.at(-1)! in table]).toEqual([ref, true])
      }
    },
  )

  test('has the parameters of operations once in version 2, under the official texts, but for those that kubectl looks for', async () => {
    const { paths, parameters } = await document('/openapi/v2')
    const [name = '', ...others] = Object.keys(parameters).filter(each => each.startsWith('watch-'))
    expect(others).toEqual([])
    expect(parameters[name]).toEqual({ name: 'watch', in: 'query', type: 'boolean', uniqueItems: true, description: 'the official text' }) // prettier-ignore
    const operations = paths['/apis/apps/v1/namespaces/{namespace}/deployments']!
    expect(operations['get']!.parameters).toContainEqual({ $ref: `#/parameters/${name}` })
    const inPlace = operations['post']!.parameters!.flatMap(({ name: own }) => own ?? [])
    expect(inPlace).toEqual(['body', 'dryRun', 'fieldValidation'])
  })

  test('says that PATCH takes fieldValidation, where kubectl looks for it', async () => {
    const { paths } = await document('/openapi/v3/apis/apps/v1')
    const patch = paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']!['patch']!
    expect(patch.parameters!.map(p => p.name)).toEqual(['dryRun', 'fieldManager', 'fieldValidation', 'force'])
    expect(patch['x-kubernetes-group-version-kind']).toEqual({ group: 'apps', version: 'v1', kind: 'Deployment' })
  })

  test('describes only the verbs and subresources that a resource has', async () => {
    const core = await document('/openapi/v3/api/v1')
    expect(Object.keys(core.paths['/api/v1/namespaces/{namespace}/configmaps']!)).toEqual(['get', 'parameters'])
    expect(core.paths['/api/v1/namespaces/{namespace}/configmaps/{name}/status']).toBeUndefined()
    const apps = await document('/openapi/v3/apis/apps/v1')
    expect(apps.paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale']!['get']).toMatchObject({
      'x-kubernetes-group-version-kind': { group: 'autoscaling', version: 'v1', kind: 'Scale' },
    })
  })

  test('has the old paths of watches of what may be watched, for clients that are made out of it', async () => {
    const operations = async (path: string) =>
      Object.entries((await document(path)).paths).flatMap(([each, { get }]) =>
        each.includes('/watch/') ? [[each, get]] : [],
      )
    const event = 'io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent'
    expect(await operations('/openapi/v3/api/v1')).toMatchObject([
      ['/api/v1/watch/namespaces/{namespace}/pods', { operationId: 'watchCoreV1NamespacedPodList' }],
      ['/api/v1/watch/namespaces/{namespace}/pods/{name}', { operationId: 'watchCoreV1NamespacedPod' }],
      ['/api/v1/watch/pods', { operationId: 'watchCoreV1PodListForAllNamespaces', 'x-kubernetes-action': 'watchlist' }],
    ])
    const old = await operations('/openapi/v2')
    expect(old.map(([path]) => path)).toContain('/apis/apps/v1/watch/namespaces/{namespace}/deployments')
    expect(old.flatMap(([, get]) => refs(get))).toEqual(old.map(() => `#/definitions/${event}`))
  })

  test('says nothing of the properties of a type that has none', async () => {
    const definitions = [defineResource({ type: CustomResourceDefinition })]
    const answer = await openapiHandler('/openapi/v3/apis/apiextensions.k8s.io/v1', undefined, definitions, {})
    const { schemas } = (JSON.parse(answer!.bytes.toString()) as Document).components
    const name = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceStatus'
    expect(schemas[name]).not.toHaveProperty('properties')
  })
  test('carries merge keys, list types, required fields and descriptions', async () => {
    const { schemas } = (await document('/openapi/v3/apis/apps/v1')).components
    expect(schemas['io.k8s.api.core.v1.PodSpec']!.properties['containers']).toMatchObject({
      'x-kubernetes-patch-merge-key': 'name',
      'x-kubernetes-patch-strategy': 'merge',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
    })
    expect(schemas['io.k8s.api.apps.v1.DeploymentSpec']!.required).toEqual(['selector', 'template'])
    expect(schemas['io.k8s.api.apps.v1.DeploymentSpec']!.properties['replicas']).toEqual({
      type: 'integer',
      format: 'int32',
      description: 'Number of desired pods.',
    })
  })

  test('answers nothing for unknown documents and 406 to clients that take no form of it', async () => {
    expect(await openapiHandler('/openapi/v3/apis/nope/v1', undefined, resources)).toBeUndefined()
    expect(await openapiHandler('/openapi/v4', undefined, resources)).toBeUndefined()
    for (const path of ['/openapi/v2', '/openapi/v3/apis/apps/v1'])
      await expect(openapiHandler(path, 'text/html', resources)).rejects.toMatchObject({ code: 406 })
  })

  test.each(['spec.v2@v1.0', 'spec.v2.v1.0'])('is protobuf in version 2 for who asks for %s', async name => {
    const accept = `application/com.github.proto-openapi.${name}+protobuf`
    const { bytes, contentType, etag } = (await openapiHandler('/openapi/v2', accept, resources, descriptions))!
    expect(contentType).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf')
    expect(etag).not.toBe((await openapiHandler('/openapi/v2', undefined, resources))!.etag)
    /** The values of a field of a message. */
    const field = (message: Buffer, number: number) =>
      [...readFields(message)].filter(found => found.number === number).map(({ value }) => value as Buffer)
    const names = (list: Buffer, number: number) => field(list, number).map(entry => String(field(entry, 1)[0]))
    const json = await document('/openapi/v2')
    expect(String(field(bytes, 1)[0])).toBe('2.0')
    expect(names(field(bytes, 8)[0]!, 2)).toEqual(Object.keys(json.paths))
    expect(names(field(bytes, 9)[0]!, 1)).toEqual(Object.keys(json.definitions))
    expect(names(field(bytes, 10)[0]!, 1)).toEqual(Object.keys(json.parameters))
    // What operations refer to by name.
    expect(bytes.includes(`#/parameters/${Object.keys(json.parameters)[0]!}`)).toBe(true)
  })

  test.each([
    ['a document of other things', { paths: 1, definitions: null }],
    ['a path that is none', { paths: { '/apis/x.io/v1/things': null } }],
    ['parameters that are none', { paths: { '/apis/x.io/v1/things': { get: { parameters: [null, 'a'] } } } }],
    [
      'schemas that are none',
      {
        paths: { '/apis/x.io/v1/things': { get: { responses: { 200: { schema: { $ref: '#/definitions/a' } } } } } },
        definitions: {
          a: {
            type: { toString: 1 },
            properties: null,
            maxLength: 'x',
            minLength: -0.5,
            maximum: {},
            allOf: ['a', { $ref: '#/definitions/b' }],
          },
          b: 'b',
        },
      },
    ],
  ])('goes on in both forms when an extension server says %s', async (_what, said) => {
    const spec = await foreignSpec(said, 'x.io', 'v1')
    for (const accept of ['application/json', 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf']) {
      const answer = (await openapiHandler('/openapi/v2', accept, resources, descriptions, [spec]))!
      expect(answer.bytes.includes('/apis/apps/v1/')).toBe(true)
    }
  })

  test('parameters that extension servers have once are put where their operations refer to them', async () => {
    const get = { parameters: [{ $ref: '#/parameters/watch-x' }, { $ref: '#/parameters/lost' }] }
    const { paths } = await foreignSpec(
      {
        paths: { '/apis/x.io/v1/things': { get } },
        parameters: { 'watch-x': { name: 'watch', in: 'query', type: 'boolean' } },
      },
      'x.io',
      'v1',
    )
    expect(paths.get('/apis/x.io/v1/things')).toEqual({
      get: { parameters: [{ name: 'watch', in: 'query', type: 'boolean' }, { $ref: '#/parameters/lost' }] },
    })
  })

  test('keeps the etag as long as the resources are the same', async () => {
    const first = await openapiHandler('/openapi/v3/api/v1', undefined, resources)
    const second = await openapiHandler('/openapi/v3/api/v1', '*/*', resources)
    expect(second!.etag).toBe(first!.etag)
    expect(second!.bytes).toBe(first!.bytes)
    const fewer = await openapiHandler('/openapi/v3/api/v1', undefined, resources.slice(0, 1))
    expect(fewer!.etag).not.toBe(first!.etag)
  })

  test('version 2 has another etag with each extension server that comes, goes, or says something else', async () => {
    const said = (path: string) => foreignSpec({ paths: { [`/apis/x.io/v1/${path}`]: { get: {} } } }, 'x.io', 'v1')
    const [one, other] = [await said('one'), await said('other')]
    const seen = async (...foreign: ForeignSpec[]) => {
      const { etag, bytes } = (await openapiHandler('/openapi/v2', undefined, resources, descriptions, foreign))!
      return { etag, paths: ['one', 'other'].filter(path => bytes.includes(`/apis/x.io/v1/${path}`)) }
    }
    const [alone, first, second] = [await seen(), await seen(one), await seen(other)]
    expect([alone, first, second].map(({ paths }) => paths)).toEqual([[], ['one'], ['other']])
    expect(new Set([alone, first, second].map(({ etag }) => etag)).size).toBe(3)
    expect(await seen(one)).toEqual(first)
    expect(await seen()).toEqual(alone)
  })
})

describe('the documents of all built-in kinds', () => {
  const groups = [
    ...new Set(
      builtinResources.map(({ type }) => (type.group ? `apis/${type.group}/${type.version}` : `api/${type.version}`)),
    ),
  ]

  test.each(groups)('%s refers only to schemas that it has', async key => {
    const answer = await openapiHandler(`/openapi/v3/${key}`, undefined, builtinResources)
    const whole = JSON.parse(answer!.bytes.toString()) as Document
    const missing = [...new Set(refs(whole))].filter(ref => !(ref.split('/').at(-1)! in whole.components.schemas))
    expect(missing).toEqual([])
  })
})

describe('kubectl explain', () => {
  let server: Server
  let home: string
  const apiResources = (groupVersion: string, own: readonly ResourceDescriptor[]) => ({
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion,
    resources: own.map(({ type, verbs, shortNames, singular }) => ({
      name: type.plural,
      singularName: singular,
      namespaced: true,
      kind: type.kind,
      verbs,
      shortNames,
    })),
  })
  const version = { groupVersion: 'apps/v1', version: 'v1' }
  const discovery: Record<string, unknown> = {
    '/api': { kind: 'APIVersions', versions: ['v1'] },
    '/apis': {
      kind: 'APIGroupList',
      apiVersion: 'v1',
      groups: [{ name: 'apps', versions: [version], preferredVersion: version }],
    },
    '/api/v1': apiResources('v1', resources.slice(0, 2)),
    '/apis/apps/v1': apiResources('apps/v1', resources.slice(2)),
  }

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'openapi-'))
    server = createServer((request, response) => {
      const path = new URL(request.url ?? '', 'http://x').pathname
      void openapiHandler(path, request.headers.accept, resources, descriptions).then(answer => {
        const bytes = answer?.bytes ?? (discovery[path] && Buffer.from(JSON.stringify(discovery[path])))
        const type = answer?.contentType ?? 'application/json'
        response.writeHead(bytes ? 200 : 404, { 'content-type': type }).end(bytes)
      })
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(async () => {
    await new Promise(resolve => server.close(resolve))
    await rm(home, { recursive: true, force: true })
  })

  const kubectl = async (...args: string[]) => {
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const options = { env: { PATH: process.env['PATH'], HOME: home } }
    return (await promisify(execFile)('kubectl', ['--server', address, ...args], options)).stdout
  }

  test('shows a field with its type and description', async () => {
    const text = await kubectl('explain', 'deployment.spec.replicas')
    expect(text).toMatch(/GROUP:\s+apps\s+KIND:\s+Deployment\s+VERSION:\s+v1\s+FIELD: replicas <integer>/)
    expect(text).toContain('Number of desired pods.')
  })

  test('shows it in its oldest form, out of version 2', async () => {
    const text = await kubectl('explain', 'deployment.spec', '--output=plaintext-openapiv2')
    expect(text).toMatch(/KIND: +Deployment\nVERSION: +apps\/v1/)
    expect(text).toMatch(/replicas\t<integer>\n +Number of desired pods\./)
    expect(text).toMatch(/selector\t<Object> -required-/)
  })

  test('shows nested types with their required fields', async () => {
    const text = await kubectl('explain', 'pod.spec.containers')
    expect(text).toMatch(/name\s+<string> -required-/)
    expect(text).toMatch(/resources\s+<ResourceRequirements>/)
    expect(text).toMatch(/ports\s+<\[\]ContainerPort>/)
  })
})
