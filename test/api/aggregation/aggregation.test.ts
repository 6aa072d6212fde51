// The aggregation layer: an API server of somebody else's under this server's address.
import { createServer, type Server } from 'node:https'
import type { IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:tls'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { APIService } from '../../../src/shared/api/apiregistration/v1.ts'
import { CustomResourceDefinition } from '../../../src/shared/api/apiextensions/v1.ts'
import { ConfigMap, ServiceAccount } from '../../../src/shared/api/core/v1.ts'
import { ClusterRole, ClusterRoleBinding } from '../../../src/shared/api/rbac/v1.ts'
import { isNotFound } from '../../../src/shared/machinery/status.ts'
import { makeAuthority, makeLeaf } from '../../../src/main/pki/certificates.ts'
import { eventually as within } from '../../support/eventually.ts'
import { linkNode, ownAddress, serviceOnNode } from '../../support/node-link.ts'
import { startSecuredCluster, type SecuredCluster } from '../authz/support/cluster.ts'
import { AGGREGATED_TYPE } from '../../../src/main/apiserver/discovery/aggregated.ts'
import { raw } from '../core/support/raw.ts'

/** The server asks and tries again at its own pace, and some documents are megabytes: a busy machine is given time. */
const PATIENCE_MS = 100_000
const eventually = <T>(check: () => T | Promise<T>) => within(check, PATIENCE_MS)
vi.setConfig({ testTimeout: 4 * PATIENCE_MS, hookTimeout: 4 * PATIENCE_MS })

const GROUP = 'wardle.example.com'
const NAME = `v1alpha1.${GROUP}`
const ROOT = `/apis/${GROUP}/v1alpha1`
const FLUNDERS = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: `${GROUP}/v1alpha1`,
  resources: [
    { name: 'flunders', singularName: 'flunder', namespaced: true, kind: 'Flunder', verbs: ['get', 'list', 'watch'], shortNames: ['fl'], categories: ['all', 2 ** 60] },
    { name: 'flunders/status', singularName: '', namespaced: true, kind: 'Flunder', verbs: ['get', 'update'] },
  ],
} // prettier-ignore

const STATUS = 'io.k8s.apimachinery.pkg.apis.meta.v1.Status'
const ref = (name: string) => ({ $ref: `#/definitions/${name}` })
const answering = (name: string) => ({ get: { responses: { 200: { description: 'OK', schema: ref(name) } } } })
/** What the extension server says in OpenAPI v2. */
let spec = {
  swagger: '2.0',
  paths: {
    [`${ROOT}/flunders`]: answering('wardle.Flunder'),
    '/apis/other.example.com/v1/things': answering('wardle.Other'),
  } as Record<string, object>,
  definitions: {
    'wardle.Flunder': {
      type: 'object',
      properties: { status: ref(STATUS), patch: ref('io.k8s.apimachinery.pkg.apis.meta.v1.Patch') },
    },
    'wardle.Other': { type: 'object' },
    [STATUS]: { type: 'object', description: 'Another one.', properties: { of: ref('wardle.Flunder') } },
    'io.k8s.apimachinery.pkg.apis.meta.v1.Patch': {
      description: 'The changes to make, in the format of the content type.',
      type: 'object',
      'x-kubernetes-group-version-kind': [{ group: GROUP, version: 'v1alpha1', kind: 'Patch' }],
    },
  } as Record<string, object>,
}
/** What it answers in the newer form of discovery; undefined: it does not know that. */
let discovery: object | undefined
let versionAnswer: string = JSON.stringify(FLUNDERS)
const specEtag = () => `"${Object.keys(spec.definitions).length}"`

let cluster: SecuredCluster
let link: AsyncDisposable
let extension: Server
let caBundle: string
const seen: { url: string; headers: IncomingHttpHeaders; body: string }[] = []

/** Believes what it is told about the user only from whoever has the front proxy's certificate, as upstream's library. */
async function startExtension(name: string): Promise<Server> {
  const authority = await makeAuthority('extension-ca', 1, Date.now())
  caBundle = Buffer.from(authority.certPem).toString('base64')
  const { certPem: cert, keyPem: key } = await makeLeaf(authority, {
    commonName: name,
    organizations: [],
    usage: 'server',
    dnsNames: [`${name}.default.svc`],
    days: 1,
    nowMs: Date.now(),
  })
  const { data } = await cluster.admin.get(ConfigMap, {
    namespace: 'kube-system',
    name: 'extension-apiserver-authentication',
  })
  const server = createServer(
    { cert, key, ca: data!['requestheader-client-ca-file'], requestCert: true, rejectUnauthorized: true },
    (incoming, outgoing) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('end', () => {
        const { url = '', headers } = incoming
        // What the server asks for itself, at any time, is no client's request.
        if (![ROOT, '/apis', '/openapi/v2'].includes(url))
          seen.push({ url, headers, body: Buffer.concat(chunks).toString() })
        outgoing.setHeader('content-type', 'application/json')
        if (url === ROOT) return void outgoing.end(versionAnswer)
        if (url === '/apis') {
          if (!discovery || !headers.accept?.includes('as=APIGroupDiscoveryList'))
            return void outgoing.writeHead(404).end()
          outgoing.setHeader(
            'content-type',
            'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList',
          )
          return void outgoing.end(JSON.stringify(discovery))
        }
        if (url === '/openapi/v2') {
          outgoing.setHeader('etag', specEtag())
          if (headers['if-none-match'] === specEtag()) return void outgoing.writeHead(304).end()
          return void outgoing.end(JSON.stringify(spec))
        }
        if (url.startsWith('/openapi/v3')) return void outgoing.end(JSON.stringify({ openapi: '3.0.0', info: {} }))
        if (url.includes('watch=1')) {
          outgoing.write(`${JSON.stringify({ type: 'ADDED', object: { metadata: { name: 'a' } } })}\n`)
          return
        }
        outgoing.end(JSON.stringify({ kind: 'FlunderList', items: [] }))
      })
    },
  )
  server.on('upgrade', (incoming, socket) => {
    seen.push({ url: incoming.url ?? '', headers: incoming.headers, body: '' })
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    socket.pipe(socket)
  })
  await new Promise<void>(resolve => server.listen(0, ownAddress(), resolve))
  return server
}

const apiService = (spec: Partial<APIService['spec']> = {}) =>
  cluster.admin.create(APIService, {
    metadata: { name: NAME },
    spec: {
      group: GROUP,
      version: 'v1alpha1',
      groupPriorityMinimum: 2000,
      versionPriority: 200,
      service: { namespace: 'default', name: 'wardle' },
      caBundle,
      ...spec,
    },
  })
const condition = async () =>
  (await cluster.admin.get(APIService, { name: NAME })).status.conditions?.find(({ type }) => type === 'Available')
const isAvailable = () => eventually(async () => expect(await condition()).toMatchObject({ status: 'True', reason: 'Passed', message: 'all checks passed' })) // prettier-ignore
const remove = () => cluster.admin.delete(APIService, { name: NAME })

beforeAll(async () => {
  cluster = await startSecuredCluster()
  await cluster.admin.create(ServiceAccount, { metadata: { name: 'default', namespace: 'default' } })
  link = await linkNode(cluster)
  extension = await startExtension('wardle')
  await serviceOnNode(cluster, 'wardle', (extension.address() as AddressInfo).port)
})
afterAll(async () => {
  await link[Symbol.asyncDispose]()
  await cluster[Symbol.asyncDispose]()
  extension.closeAllConnections()
  await new Promise(resolve => extension.close(resolve))
})

test('every group and version has an APIService; those served here are always available', async () => {
  await eventually(async () => {
    const { items } = await cluster.admin.list(APIService, {})
    const core = items.find(({ metadata }) => metadata.name === 'v1.')
    expect(core?.spec).toMatchObject({ version: 'v1', groupPriorityMinimum: 18_000 })
    expect(core?.status.conditions).toMatchObject([{ type: 'Available', status: 'True', reason: 'Local' }])
    expect(items.map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining(['v1.apps', 'v2.autoscaling']))
  })
})

test('those of custom resources come and go with their definitions', async () => {
  const name = 'v1.pets.example.com'
  await cluster.admin.create(CustomResourceDefinition, {
    metadata: { name: 'dogs.pets.example.com' },
    spec: {
      group: 'pets.example.com',
      scope: 'Namespaced',
      names: { plural: 'dogs', kind: 'Dog' },
      versions: ['v1', 'v2'].map(version => ({
        ...{ name: version, served: true, storage: version === 'v1' },
        schema: { openAPIV3Schema: { type: 'object' } },
      })),
    },
  })
  const priorities = { groupPriorityMinimum: 1000, versionPriority: 100 }
  for (const version of [name, name.replace('v1', 'v2')])
    await eventually(async () =>
      expect((await cluster.admin.get(APIService, { name: version })).spec).toMatchObject(priorities),
    )
  const again = async () => expect((await cluster.admin.get(APIService, { name })).spec).toMatchObject(priorities)
  const { metadata } = await cluster.admin.get(APIService, { name })
  await cluster.admin.delete(APIService, { name })
  await eventually(again)
  expect((await cluster.admin.get(APIService, { name })).metadata.uid).not.toBe(metadata.uid)
  await cluster.admin.patch(APIService, { name }, { spec: { groupPriorityMinimum: 7 } })
  await eventually(again)
  const label = 'kube-aggregator.kubernetes.io/automanaged'
  await cluster.admin.patch(APIService, { name }, { metadata: { labels: { [label]: null } } } as never)
  await cluster.admin.patch(APIService, { name }, { spec: { groupPriorityMinimum: 7 } })
  await cluster.admin.delete(APIService, { name: name.replace('v1', 'v2') })
  await eventually(() => cluster.admin.get(APIService, { name: name.replace('v1', 'v2') }))
  expect((await cluster.admin.get(APIService, { name })).spec.groupPriorityMinimum).toBe(7)
  await cluster.admin.patch(APIService, { name }, { metadata: { labels: { [label]: 'true' } } })
  await cluster.admin.delete(CustomResourceDefinition, { name: 'dogs.pets.example.com' })
  await eventually(async () => expect(await cluster.admin.get(APIService, { name }).catch(isNotFound)).toBe(true))
})

test('one that somebody tries to give to a server of theirs is given back, and is told to be available', async () => {
  const name = 'v1.back.example.com'
  await cluster.admin.create(CustomResourceDefinition, {
    metadata: { name: 'things.back.example.com' },
    spec: {
      group: 'back.example.com',
      scope: 'Namespaced',
      names: { plural: 'things', kind: 'Thing' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  })
  await eventually(() => cluster.admin.get(APIService, { name }))
  for (let round = 0; round < 20; round++) {
    const service = { namespace: 'default', name: 'nowhere' }
    await cluster.admin.patch(APIService, { name }, { spec: { service } })
    await eventually(async () => {
      const { spec, status } = await cluster.admin.get(APIService, { name })
      expect(spec).not.toHaveProperty('service')
      expect(status.conditions).toMatchObject([{ type: 'Available', status: 'True', reason: 'Local' }])
    })
  }
  await cluster.admin.delete(CustomResourceDefinition, { name: 'things.back.example.com' })
})

test('those of built-in groups are made when the server starts, and stay away when somebody deletes them', async () => {
  const built = { name: 'v1.events.k8s.io' }
  const { spec } = await cluster.admin.get(APIService, built)
  await cluster.admin.delete(APIService, built)
  const group = 'cats.example.com'
  await cluster.admin.create(CustomResourceDefinition, {
    metadata: { name: `cats.${group}` },
    spec: {
      ...{ group, scope: 'Cluster', names: { plural: 'cats', kind: 'Cat' } },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  })
  await eventually(() => cluster.admin.get(APIService, { name: `v1.${group}` }))
  expect(await cluster.admin.get(APIService, built).catch(isNotFound)).toBe(true)
  await cluster.admin.delete(CustomResourceDefinition, { name: `cats.${group}` })
  await cluster.admin.create(APIService, { metadata: built, spec })
})

describe('groups and versions in discovery', () => {
  const group = 'order.example.com'
  const versionOf = (version: string, groupPriorityMinimum: number, versionPriority: number) =>
    cluster.admin.create(APIService, {
      metadata: { name: `${version}.${group}` },
      spec: {
        ...{ group, version, groupPriorityMinimum, versionPriority, insecureSkipTLSVerify: true },
        service: { namespace: 'default', name: 'nowhere' },
      },
    })
  const discovered = async () => {
    const { json } = await raw(cluster.api, '/apis')
    return (json.groups as { name: string; versions: { version: string }[] }[]).map(({ name, versions }) => ({
      name,
      versions: versions.map(({ version }) => version),
    }))
  }
  const remove = (...versions: string[]) =>
    Promise.all(versions.map(version => cluster.admin.delete(APIService, { name: `${version}.${group}` })))

  test('come by their priorities, the highest of a group’s versions; apiregistration.k8s.io is the first', async () => {
    await versionOf('v1', 20_000, 2)
    await versionOf('v1alpha1', 1, 3)
    await eventually(async () =>
      expect((await discovered()).slice(0, 3)).toMatchObject([
        { name: 'apiregistration.k8s.io' },
        { name: group, versions: ['v1alpha1', 'v1'] },
        { name: 'apps' },
      ]),
    )
    await remove('v1')
    await eventually(async () => expect((await discovered()).at(-1)).toEqual({ name: group, versions: ['v1alpha1'] }))
    await remove('v1alpha1')
  })

  test('of custom resources are an extension server’s, where one was to serve them before', async () => {
    await versionOf('v1', 1000, 15)
    await cluster.admin.create(CustomResourceDefinition, {
      metadata: { name: `bars.${group}` },
      spec: {
        ...{ group, scope: 'Cluster', names: { plural: 'bars', kind: 'Bar' } },
        versions: ['v1', 'v2'].map((name, at) => ({
          ...{ name, served: true, storage: at === 0, schema: { openAPIV3Schema: { type: 'object' } } },
        })),
      },
    } as never)
    const code = async (version: string) => (await raw(cluster.api, `/apis/${group}/${version}/bars`)).code
    await eventually(async () => expect(await code('v2')).toBe(200))
    expect(await code('v1')).toBe(503)
    const { json } = await raw(cluster.api, '/apis', { headers: { accept: AGGREGATED_TYPE } })
    const items = json.items as { metadata: { name: string }; versions: object[] }[]
    expect(items.find(({ metadata }) => metadata.name === group)?.versions).toMatchObject([
      { version: 'v2', freshness: 'Current', resources: [{ resource: 'bars' }] },
      { version: 'v1', freshness: 'Stale' },
    ])
    await remove('v1')
    await eventually(async () => expect(await code('v1')).toBe(200))
  })
})

describe('a group that an extension server serves', () => {
  beforeAll(async () => {
    await apiService()
    await isAvailable()
  })
  afterAll(remove)

  test('a change of its priority is no outage', async () => {
    for (let priority = 300; priority < 310; priority++) {
      await cluster.admin.patch(APIService, { name: NAME }, { spec: { versionPriority: priority } })
      expect((await raw(cluster.api, `${ROOT}/flunders`)).code).toBe(200)
    }
  })
  test('is asked in the name of the user, who cannot say to be somebody else', async () => {
    seen.length = 0
    const spoof = { 'x-remote-user': 'mallory', 'x-remote-group': 'system:masters', authorization: 'Bearer secret' }
    const identity = await cluster.api.pki.issueClientCertificate({ commonName: 'ana', organizations: ['devs', 'ops'] })
    await cluster.admin.create(ClusterRole, {
      metadata: { name: 'flunders' },
      rules: [{ apiGroups: [GROUP], resources: ['flunders'], verbs: ['list', 'create'] }],
    })
    await cluster.admin.create(ClusterRoleBinding, {
      metadata: { name: 'flunders' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'flunders' },
      subjects: [{ kind: 'User', name: 'ana' }],
    })
    const path = `${ROOT}/namespaces/default/flunders`
    const { code, json } = await raw(cluster.api, `${path}?limit=5`, { as: identity, headers: spoof })
    expect([code, json]).toEqual([200, { kind: 'FlunderList', items: [] }])
    const [{ url, headers }] = seen as [(typeof seen)[0]]
    expect(url).toBe(`${path}?limit=5`)
    expect(headers['x-remote-user']).toBe('ana')
    expect(headers['x-remote-group']).toBe('devs, ops, system:authenticated')
    expect(headers.authorization).toBeUndefined()
    await raw(cluster.api, path, { as: identity, body: { kind: 'Flunder' } })
    expect(seen.at(-1)!.body).toBe('{"kind":"Flunder"}')
    // What roles do not allow never gets there.
    const count = seen.length
    expect((await raw(cluster.api, path, { as: identity, method: 'DELETE' })).code).toBe(403)
    expect(seen).toHaveLength(count)
  })

  test('streams watches', async () => {
    const abort = new AbortController()
    const { certPem: cert, keyPem: key } = cluster.api.pki.admin
    const { request } = await import('node:https')
    const line = await new Promise<string>((resolve, reject) => {
      const sent = request(
        `${cluster.api.url}${ROOT}/flunders?watch=1`,
        { cert, key, ca: cluster.api.pki.caPem, servername: 'localhost', signal: abort.signal, agent: false },
        response => response.once('data', (chunk: Buffer) => resolve(chunk.toString())),
      )
      sent.on('error', reject)
      sent.end()
    })
    abort.abort()
    expect(JSON.parse(line)).toMatchObject({ type: 'ADDED' })
  })

  test('passes upgraded connections through', async () => {
    const { certPem: cert, keyPem: key } = cluster.api.pki.admin
    const socket = connect({ port: cluster.api.port, host: '127.0.0.1', cert, key, ca: cluster.api.pki.caPem, servername: 'localhost', ALPNProtocols: ['http/1.1'] }) // prettier-ignore
    socket.write(`GET ${ROOT}/namespaces/default/flunders/a/shell HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nping`) // prettier-ignore
    let text = ''
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
    await eventually(() => expect(text).toMatch(/^HTTP\/1.1 101 [\s\S]*\r\n\r\nping$/))
    socket.destroy()
    expect(seen.at(-1)!.headers['x-remote-user']).toBe('kubernetes-admin')
  })

  test('stands in discovery, of both kinds, and in OpenAPI', async () => {
    const groups = (await raw(cluster.api, '/apis')).json.groups as { name: string }[]
    expect(groups.find(({ name }) => name === GROUP)).toMatchObject({ preferredVersion: { version: 'v1alpha1' } })
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
    const { items } = (await raw(cluster.api, '/apis', { headers: { accept } })).json
    expect(items.find((item: { metadata: { name: string } }) => item.metadata.name === GROUP).versions).toEqual([
      {
        version: 'v1alpha1',
        freshness: 'Current',
        resources: [
          expect.objectContaining({
            resource: 'flunders',
            shortNames: ['fl'],
            categories: ['all'],
            subresources: [expect.objectContaining({ subresource: 'status' })],
          }),
        ],
      },
    ])
    expect((await raw(cluster.api, ROOT)).json).toEqual(FLUNDERS)
    const { paths } = (await raw(cluster.api, '/openapi/v3')).json
    const { serverRelativeURL } = paths[`apis/${GROUP}/v1alpha1`]
    expect((await raw(cluster.api, serverRelativeURL)).json).toEqual({ openapi: '3.0.0', info: {} })
    const { stdout } = await cluster.kubectl(['api-resources', '--api-group', GROUP, '--no-headers'])
    expect(stdout).toMatch(/^flunders +fl +wardle.example.com\/v1alpha1 +true +Flunder/)
  })
})

describe('what an extension server says that it serves', () => {
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
  const served = async () => {
    const { items } = (await raw(cluster.api, '/apis', { headers: { accept } })).json as {
      items: { metadata: { name: string }; versions: { resources?: { resource: string }[]; freshness: string }[] }[]
    }
    return items.find(({ metadata }) => metadata.name === GROUP)?.versions[0]
  }
  test('is read in one document, in the form that it has', async () => {
    discovery = {
      kind: 'APIGroupDiscoveryList',
      apiVersion: 'apidiscovery.k8s.io/v2beta1',
      items: [
        {
          metadata: { name: GROUP },
          versions: [
            {
              version: 'v1alpha1',
              resources: [
                {
                  resource: 'fishers',
                  responseKind: { group: GROUP, version: 'v1alpha1', kind: 'Fisher' },
                  scope: 'Cluster',
                  singularResource: 'fisher',
                  verbs: ['get', 'list'],
                  subresources: [
                    {
                      subresource: 'boat',
                      responseKind: { group: 'other.example.com', version: 'v1', kind: 'Boat' },
                      verbs: ['get'],
                    },
                  ],
                },
              ],
            },
          ],
        },
      ],
    }
    await apiService()
    await isAvailable()
    expect(await served()).toEqual({
      version: 'v1alpha1',
      freshness: 'Current',
      resources: [
        {
          resource: 'fishers',
          responseKind: { group: GROUP, version: 'v1alpha1', kind: 'Fisher' },
          scope: 'Cluster',
          singularResource: 'fisher',
          verbs: ['get', 'list'],
          subresources: [
            {
              subresource: 'boat',
              responseKind: { group: 'other.example.com', version: 'v1', kind: 'Boat' },
              verbs: ['get'],
            },
          ],
        },
      ],
    })
    await remove()
    discovery = undefined
    await eventually(async () => expect(await served()).toBeUndefined())
  })
  test('may be nothing: one that answers is there', async () => {
    versionAnswer = 'hello'
    await apiService()
    await isAvailable()
    expect(await served()).toEqual({ version: 'v1alpha1', freshness: 'Current' })
    expect((await raw(cluster.api, `${ROOT}/flunders`)).code).toBe(200)
    await remove()
    versionAnswer = JSON.stringify(FLUNDERS)
  })
})

describe('OpenAPI v2', () => {
  const document = async () => (await raw(cluster.api, '/openapi/v2')).json as typeof spec
  beforeAll(async () => {
    await apiService()
    await eventually(async () => expect((await document()).paths).toHaveProperty([`${ROOT}/flunders`]))
  })

  test('has what an extension server says of its version, under names that nothing else has', async () => {
    const { paths, definitions } = await document()
    expect(paths).not.toHaveProperty(['/apis/other.example.com/v1/things'])
    expect(definitions).not.toHaveProperty(['wardle.Other'])
    expect(paths[`${ROOT}/flunders`]).toEqual(answering('wardle.Flunder'))
    const patch = 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch'
    expect(definitions['wardle.Flunder']).toEqual({
      type: 'object',
      properties: { status: ref(`${STATUS}_v2`), patch: ref(patch) },
    })
    expect(definitions[`${STATUS}_v2`]).toEqual(spec.definitions[STATUS])
    expect(definitions[STATUS]).not.toMatchObject({ description: 'Another one.' })
    // Both say the same, each of another kind.
    expect(definitions[patch]).toEqual(spec.definitions[patch])
    expect(definitions).not.toHaveProperty([`${patch}_v2`])
    expect(paths['/api/v1/pods']).toMatchObject({ get: { responses: {} } })
  })

  test('has other words when it has, and none when it is gone; each has an ETag of its own', async () => {
    const { headers } = await raw(cluster.api, '/openapi/v2')
    const etag = headers.etag!
    expect((await raw(cluster.api, '/openapi/v2', { headers: { 'if-none-match': etag } })).code).toBe(304)
    const others = Array.from({ length: 20_000 }, (_, i) => [`wardle.Other${i}`, { description: 'x'.repeat(80) }])
    spec = {
      ...spec,
      // Longer than any object may be.
      definitions: {
        ...(Object.fromEntries(others) as object),
        ...spec.definitions,
        'wardle.New': { type: 'object' },
        'wardle.Flunder': ref('wardle.New'),
      },
    }
    // A changed APIService is asked at once.
    await cluster.admin.patch(APIService, { name: NAME }, { spec: { versionPriority: 150 } })
    await eventually(async () => expect((await document()).definitions).toHaveProperty(['wardle.New']))
    const changed = await raw(cluster.api, '/openapi/v2', { headers: { 'if-none-match': etag } })
    expect(changed.code).toBe(200)
    await remove()
    await eventually(async () => expect((await document()).paths).not.toHaveProperty([`${ROOT}/flunders`]))
    expect((await raw(cluster.api, '/openapi/v2', { headers: { 'if-none-match': changed.headers.etag! } })).code).toBe(
      200,
    )
  })
})

describe('an extension server that is not there', () => {
  test.each([
    [
      'has no Service',
      { service: { namespace: 'default', name: 'ghost' } },
      'ServiceNotFound',
      'service/ghost in "default" is not present',
    ],
    [
      'has another port',
      { service: { namespace: 'default', name: 'wardle', port: 1 } },
      'ServicePortError',
      'service/wardle in "default" is not listening on port 1',
    ],
    [
      'is not who it should be',
      { caBundle: Buffer.from('-----BEGIN').toString('base64') },
      'FailedDiscoveryCheck',
      'failing or missing response from https://wardle.default.svc/apis/wardle.example.com/v1alpha1: ',
    ],
  ])('because it %s answers 503, and its APIService says why', async (_why, spec, reason, message) => {
    await apiService(spec)
    await eventually(async () => expect(await condition()).toMatchObject({ status: 'False', reason }))
    expect((await condition())!.message).toContain(message)
    const { code, text } = await raw(cluster.api, `${ROOT}/flunders`)
    expect([code, text]).toEqual([503, 'service unavailable\n'])
    // The rest is served all the same.
    expect((await raw(cluster.api, '/apis')).code).toBe(200)
    await remove()
  })

  test('is noticed when it goes, and when it is back', async () => {
    await apiService()
    await isAvailable()
    const { port } = extension.address() as AddressInfo
    extension.closeAllConnections()
    await new Promise(resolve => extension.close(resolve))
    expect((await raw(cluster.api, `${ROOT}/flunders`)).code).toBe(503)
    await eventually(async () => expect(await condition()).toMatchObject({ status: 'False', reason: 'FailedDiscoveryCheck' })) // prettier-ignore
    await new Promise<void>(resolve => extension.listen(port, ownAddress(), resolve))
    await isAvailable()
    expect((await raw(cluster.api, `${ROOT}/flunders`)).code).toBe(200)
    await remove()
    await eventually(async () => expect((await raw(cluster.api, `${ROOT}/flunders`)).code).toBe(404))
  })
})
