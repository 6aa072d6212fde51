// Discovery, version, health and metrics.
import { connect as h2connect } from 'node:http2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { decodeProtobuf } from '../../../src/main/apiserver/codec/protobuf/envelope.ts'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { type AnyJson, CONFIG_MAPS, raw } from './support/raw.ts'

let server: TestApiServer
let problem: string | undefined
beforeAll(async () => {
  server = await startTestApiServer({ readyChecks: [{ name: 'test-check', check: () => problem }] })
})
afterAll(() => server[Symbol.asyncDispose]())

const AGGREGATED =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json'

describe('discovery', () => {
  test('/api and /apis list versions and groups', async () => {
    expect((await raw(server, '/api')).json).toMatchObject({ kind: 'APIVersions', versions: ['v1'] })
    const { json } = await raw(server, '/apis')
    expect(json.kind).toBe('APIGroupList')
    const autoscaling = json.groups!.find((group: AnyJson) => group.name === 'autoscaling')!
    expect(autoscaling.preferredVersion!.groupVersion).toBe('autoscaling/v2')
    expect(autoscaling.versions!.map((version: AnyJson) => version.version)).toEqual(['v2', 'v1'])
    expect((await raw(server, '/apis/apps')).json).toMatchObject({ kind: 'APIGroup', name: 'apps' })
  })
  test('documents come as JSON, YAML or protobuf, and as nothing else', async () => {
    for (const path of ['/apis', '/apis/apps', '/apis/apps/v1', '/api/v1']) {
      const get = (accept: string) => raw(server, path, { headers: { accept } })
      const { json } = await get('application/json, application/yaml')
      expect(parse((await get('application/yaml')).text)).toEqual(json)
      const protobuf = await get('application/vnd.kubernetes.protobuf')
      expect(protobuf.headers['content-type']).toBe('application/vnd.kubernetes.protobuf')
      expect(decodeProtobuf(protobuf.bytes)).toMatchObject({ kind: json.kind as string, apiVersion: 'v1' })
      for (const accept of ['application', 'application/xml', 'application/json;as=Table;v=v1;g=meta.k8s.io'])
        expect((await get(accept)).json).toMatchObject({ code: 406, reason: 'NotAcceptable' })
    }
  })
  test('/apis/apps/v1 tells names, verbs and subresources', async () => {
    const { json } = await raw(server, '/apis/apps/v1')
    expect(json).toMatchObject({ kind: 'APIResourceList', groupVersion: 'apps/v1' })
    const of = (name: string) => json.resources!.find((resource: AnyJson) => resource.name === name)
    expect(of('deployments')).toMatchObject({
      kind: 'Deployment',
      singularName: 'deployment',
      namespaced: true,
      shortNames: ['deploy'],
      categories: ['all'],
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    })
    expect(of('deployments/scale')).toMatchObject({ group: 'autoscaling', version: 'v1', kind: 'Scale' })
    expect(of('deployments/status')).toMatchObject({ kind: 'Deployment', verbs: ['get', 'patch', 'update'] })
  })
  // As upstream's 1.36 tells them.
  test.each([
    ['/api/v1', 'pods', 'xPOwRZ+Yhw8='],
    ['/api/v1', 'configmaps', 'qFsyl6wFWjQ='],
    ['/api/v1', 'events', 'r2yiGXH7wu8='],
    ['/apis/events.k8s.io/v1', 'events', 'r2yiGXH7wu8='],
    ['/apis/apps/v1', 'deployments', '8aSe+NMegvE='],
    ['/apis/autoscaling/v1', 'horizontalpodautoscalers', 'qwQve8ut294='],
    ['/apis/autoscaling/v2', 'horizontalpodautoscalers', 'qwQve8ut294='],
    ['/apis/resource.k8s.io/v1', 'resourceclaims', 'wgAZaHcZxUg='],
    ['/apis/apiextensions.k8s.io/v1', 'customresourcedefinitions', 'jfWCUB31mvA='],
    ['/apis/admissionregistration.k8s.io/v1', 'mutatingadmissionpolicies', 'LYmCf+UMVdg='],
    ['/api/v1', 'pods/status', undefined],
  ])('the storage version hash of %s %s is %s', async (path, name, hash) => {
    const { resources } = (await raw(server, path)).json
    const found = (resources as AnyJson[]).find(resource => resource.name === name)
    expect(found).toBeDefined()
    expect(found?.storageVersionHash).toBe(hash)
  })
  test('aggregated discovery says the same in one document, with an ETag', async () => {
    const { json, headers } = await raw(server, '/apis', { headers: { accept: AGGREGATED } })
    expect(headers['content-type']).toBe('application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList')
    expect(json.kind).toBe('APIGroupDiscoveryList')
    const apps = json.items!.find((item: AnyJson) => item.metadata.name === 'apps')!
    const deployments = apps.versions![0]!.resources!.find((item: AnyJson) => item.resource === 'deployments')!
    expect(deployments).toMatchObject({
      scope: 'Namespaced',
      responseKind: { group: '', version: '', kind: 'Deployment' },
    })
    // Empty is that of the list, as the document has it.
    expect(deployments.subresources!.map((item: AnyJson) => item.responseKind)).toEqual([
      { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      { group: '', version: '', kind: 'Deployment' },
    ])
    expect(deployments.subresources!.map((item: AnyJson) => item.subresource)).toEqual(['scale', 'status'])
    const again = await raw(server, '/apis', { headers: { accept: AGGREGATED, 'if-none-match': headers.etag! } })
    expect(again.code).toBe(304)
  })
  test('aggregated discovery has every group and every resource that the single documents have', async () => {
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
    const items: AnyJson[] = []
    for (const root of ['/api', '/apis']) {
      const { json, headers } = await raw(server, root, { headers: { accept } })
      expect(headers['content-type']).toBe(accept)
      expect(json).toMatchObject({ kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2' })
      items.push(...(json.items as AnyJson[]))
    }
    const { groups } = (await raw(server, '/apis')).json as { groups: AnyJson[] }
    expect(items.map(({ metadata }) => metadata.name ?? '')).toEqual(['', ...groups.map(({ name }) => name as string)])
    for (const { metadata, versions } of items)
      for (const { version, resources } of versions as AnyJson[]) {
        const path = metadata.name ? `/apis/${metadata.name}/${version}` : `/api/${version}`
        const single = ((await raw(server, path)).json.resources as AnyJson[]).map(({ name }) => name as string)
        const all = (resources as AnyJson[]).flatMap(({ resource, subresources = [] }) => [
          resource as string,
          ...(subresources as AnyJson[]).map(({ subresource }) => `${resource}/${subresource}`),
        ])
        expect(all.sort(), path).toEqual(single.sort())
      }
  })
  test('the root names every path, in order', async () => {
    const { paths } = (await raw(server, '/')).json as { paths: string[] }
    const some = ['/api', '/api/v1', '/apis', '/apis/', '/apis/apps', '/apis/apps/v1', '/healthz', '/healthz/ping', '/livez/ping', '/readyz/ping', '/version'] // prettier-ignore
    expect(paths.filter(path => some.includes(path))).toEqual(some)
    expect(paths.filter(path => path.includes('*'))).toEqual([])
  })
  test('unknown groups and versions answer 404', async () => {
    for (const path of ['/apis/none', '/apis/apps/v9', '/api/v2', '/apis/apps/v1/x/y/z'])
      expect((await raw(server, path)).code).toBe(404)
  })
})

const GET_ONLY = ['/version', '/api', '/api/v1', '/apis/apps/v1', '/apis/apiregistration.k8s.io', '/openid/v1/jwks'] // prettier-ignore
test.each([
  ...[...GET_ONLY, '/.well-known/openid-configuration'].flatMap(path => [
    [path, 405] as const,
    [`${path}/`, 405] as const,
  ]),
  ...['/', '/apis', '/apis/', '/apis/apps', '/healthz', '/livez', '/metrics'].map(path => [path, 200] as const),
  ...['/api/v2', '/apis/apps/v9', '/apis/none'].map(path => [path, 404] as const),
])('HEAD %s answers %i, as upstream has it, and nothing more', async (path, expected) => {
  const { code, text } = await raw(server, path, { method: 'HEAD' })
  expect([code, text]).toEqual([expected, ''])
})

test.each([
  ...[...GET_ONLY, '/.well-known/openid-configuration'].map(path => [path, 405] as const),
  ...['/', '/apis', '/apis/apps', '/healthz', '/livez/ping', '/readyz', '/metrics', '/metrics/slis', '/openapi/v3', '/statusz'].map(path => [path, 200] as const), // prettier-ignore
  ...['/nothing', '/apis/none'].map(path => [path, 404] as const),
])('whatever the method but GET, %s answers %i, as upstream has it', async (path, expected) => {
  for (const method of ['POST', 'PUT', 'PATCH', 'OPTIONS'])
    expect([method, (await raw(server, path, { method })).code]).toEqual([method, expected])
})
test('metrics cannot be reset', async () => {
  expect((await raw(server, '/metrics', { method: 'DELETE' })).code).toBe(405)
})

test('/version is a Kubernetes version that clients can parse', async () => {
  const { json } = await raw(server, '/version')
  expect(json).toMatchObject({ major: '1', minor: '36' })
  expect(json.gitVersion).toMatch(/^v1\.36\.\d+\+flotilla/)
})

describe('health', () => {
  test('/readyz answers ok, verbosely each check, and one check by name', async () => {
    expect((await raw(server, '/readyz')).text).toBe('ok')
    const { text } = await raw(server, '/readyz?verbose')
    expect(text).toContain('[+]ping ok')
    expect(text).toContain('[+]etcd ok')
    expect(text).toContain('readyz check passed')
    expect((await raw(server, '/livez/ping')).text).toBe('ok')
    expect((await raw(server, '/livez/none')).code).toBe(404)
  })
  test('/readyz answers 500 and says which check failed', async () => {
    problem = 'not yet'
    const { code, text } = await raw(server, '/readyz')
    problem = undefined
    expect(code).toBe(500)
    expect(text).toContain('[-]test-check failed: not yet')
    expect((await raw(server, '/livez')).code).toBe(200)
  })
})

test('/metrics counts requests under upstream names', async () => {
  await raw(server, CONFIG_MAPS)
  await raw(server, '/apis/made-up.example/v1/things')
  const { text } = await raw(server, '/metrics')
  expect(text).toMatch(
    /apiserver_request_total\{verb="LIST",group="",version="v1",resource="configmaps",[^}]*code="200"\} \d+/,
  )
  expect(text).toContain('apiserver_request_duration_seconds_bucket')
  expect(text).toContain('flotilla_event_loop_delay_seconds')
  // Labels come only from what is served: made-up targets cannot grow the series.
  expect(text).not.toContain('made-up.example')
})

test('HTTP/2 is spoken, with windows of at least 1 MiB', async () => {
  const session = h2connect(server.url, {
    ca: server.pki.caPem,
    cert: server.pki.admin.certPem,
    key: server.pki.admin.keyPem,
  })
  const settings = await new Promise<{ initialWindowSize?: number }>((resolve, reject) => {
    session.on('remoteSettings', resolve)
    session.on('error', reject)
  })
  expect(settings.initialWindowSize).toBeGreaterThanOrEqual(1024 * 1024)
  const answers = await Promise.all(
    Array.from(
      { length: 20 },
      () =>
        new Promise<string>((resolve, reject) => {
          const stream = session.request({ ':path': CONFIG_MAPS })
          let text = ''
          stream.setEncoding('utf8')
          stream.on('data', chunk => (text += chunk))
          stream.on('end', () => resolve(text))
          stream.on('error', reject)
          stream.end()
        }),
    ),
  )
  for (const text of answers) expect(JSON.parse(text)).toMatchObject({ kind: 'ConfigMapList' })
  session.destroy()
})
