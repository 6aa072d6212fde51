// The official JavaScript client: informers, watches, patches and errors, over TLS with a kubeconfig.
import {
  ApiException,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  type V1ConfigMap,
  Watch,
} from '@kubernetes/client-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CustomResourceDefinition } from '../../../src/shared/api/apiextensions/v1.ts'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { eventually } from '../../support/eventually.ts'
import { minimalObjects } from '../registry/minimal-objects.ts'

let server: TestApiServer
let config: KubeConfig
let core: CoreV1Api
const namespace = 'default'
const path = `/api/v1/namespaces/${namespace}/configmaps`
beforeAll(async () => {
  server = await startTestApiServer()
  config = new KubeConfig()
  config.loadFromFile(server.kubeconfig)
  core = config.makeApiClient(CoreV1Api)
})
afterAll(() => server[Symbol.asyncDispose]())
const create = (name: string, data: Record<string, string> = {}, labels: Record<string, string> = {}) =>
  core.createNamespacedConfigMap({ namespace, body: { metadata: { name, labels }, data } })

test('an informer follows what is made, changed and deleted, and sees what was there before', async () => {
  await create('before', {}, { seen: 'yes' })
  const labelSelector = 'seen=yes'
  const list = () => core.listNamespacedConfigMap({ namespace, labelSelector })
  const informer = makeInformer<V1ConfigMap>(config, path, list, labelSelector)
  const told: string[] = []
  const note = (what: string) => (object: V1ConfigMap) => void told.push(`${what} ${object.metadata?.name}`)
  for (const verb of ['add', 'update', 'delete'] as const) informer.on(verb, note(verb))
  await informer.start()
  try {
    await eventually(() => expect(told).toEqual(['add before']))
    await create('unseen')
    await create('after', { a: '1' }, { seen: 'yes' })
    const ref = { namespace, name: 'after' }
    const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch)
    await core.patchNamespacedConfigMap({ ...ref, body: { data: { a: '2' } } }, merge)
    await eventually(() => expect(informer.get('after', namespace)?.data).toEqual({ a: '2' }))
    // What leaves the selector is gone for who selects.
    await core.patchNamespacedConfigMap(
      { namespace, name: 'before', body: { metadata: { labels: { seen: null } } } },
      merge,
    )
    await core.deleteNamespacedConfigMap(ref)
    await eventually(() =>
      expect(told).toEqual(['add before', 'add after', 'update after', 'delete before', 'delete after']),
    )
  } finally {
    await informer.stop()
  }
})

test('a watch from a version sees what came after it', async () => {
  const { metadata } = await core.listNamespacedConfigMap({ namespace })
  await create('watched')
  const seen: string[] = []
  const query = { resourceVersion: metadata?.resourceVersion, allowWatchBookmarks: true }
  const watching = await new Watch(config).watch(
    path,
    query,
    (phase, object: V1ConfigMap) => void seen.push(`${phase} ${object.metadata?.name}`),
    () => undefined,
  )
  await eventually(() => expect(seen).toEqual(['ADDED watched']))
  watching.abort()
})

test('a patch of each kind, a page, and an error with its Status', async () => {
  await create('patched', { a: '1' })
  const ref = { namespace, name: 'patched' }
  const by = (type: string) => setHeaderOptions('Content-Type', type)
  await core.patchNamespacedConfigMap(
    { ...ref, body: [{ op: 'add', path: '/data/b', value: '2' }] },
    by(PatchStrategy.JsonPatch),
  )
  await core.patchNamespacedConfigMap({ ...ref, body: { data: { a: null } } }, by(PatchStrategy.StrategicMergePatch))
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'patched' }, data: { c: '3' } }
  const applied = await core.patchNamespacedConfigMap(
    { ...ref, body, fieldManager: 'js' },
    by(PatchStrategy.ServerSideApply),
  )
  expect(applied.data).toEqual({ b: '2', c: '3' })
  const page = await core.listNamespacedConfigMap({ namespace, limit: 1 })
  expect(page.items).toHaveLength(1)
  const rest = await core.listNamespacedConfigMap({ namespace, _continue: page.metadata?._continue ?? '' })
  expect(rest.items.length).toBeGreaterThan(0)
  const error = await create('patched').catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(ApiException)
  expect(JSON.parse((error as ApiException<string>).body)).toMatchObject({ reason: 'AlreadyExists', code: 409 })
})

test('custom objects come and go', async () => {
  const definition = minimalObjects['apiextensions.v1.CustomResourceDefinition'] as never
  await server.clientAs().create(CustomResourceDefinition, definition)
  await eventually(() => expect(server.server.context.resources.byUrl('example.com', 'v1', 'ships')).toBeDefined())
  const custom = config.makeApiClient(CustomObjectsApi)
  const kind = { group: 'example.com', version: 'v1', namespace, plural: 'ships' }
  const body = { apiVersion: 'example.com/v1', kind: 'Ship', metadata: { name: 'argo' } }
  await custom.createNamespacedCustomObject({ ...kind, body })
  expect(await custom.listNamespacedCustomObject(kind)).toMatchObject({ kind: 'ShipList', items: [{ kind: 'Ship' }] })
  await custom.deleteNamespacedCustomObject({ ...kind, name: 'argo' })
  expect(await custom.listNamespacedCustomObject(kind)).toMatchObject({ items: [] })
})
