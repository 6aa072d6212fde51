// Conversion between versions by a real webhook over HTTPS, seen through every verb.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { CustomResourceDefinition, type JSONSchemaProps } from '../../../src/shared/api/apiextensions/v1.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import type { ResourceType } from '../../../src/shared/machinery/resource-type.ts'
import { ApiError } from '../../../src/shared/machinery/status.ts'
import { objectAt } from '../../../src/main/apiserver/endpoints/history/subject.ts'
import { DEFAULT_HISTORY_LIMITS } from '../../../src/main/store/history/contract.ts'
import { openFileHistory } from '../../../src/main/store/history/file-history.ts'
import { realDisk } from '../../../src/main/store/nedb/disk.ts'
import { tempFolder } from '../../store/temp-folder.ts'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { eventually } from '../../support/eventually.ts'
import { startWebhookServer, type WebhookAnswer, type WebhookServer } from '../../support/webhook-server.ts'

const group = 'convert.example.com'
const namespace = 'default'
/** v1 has `spec.hostPort: "host:port"`, v2 has `spec.host` and `spec.port`. */
const typeOf = (version: string): ResourceType<Server> => ({
  ...{ group, version, kind: 'Server', plural: 'servers', namespaced: true },
})
type Server = AnyObject & { spec: { hostPort?: string; host?: string; port?: string } }
const [V1, V2] = [typeOf('v1'), typeOf('v2')]
const text = { type: 'string' }
const version = (name: string, storage: boolean, properties: Record<string, JSONSchemaProps>) => ({
  name,
  served: true,
  storage,
  schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } } },
  additionalPrinterColumns: [{ name: 'Host', type: 'string', jsonPath: '.spec.host' }],
})

function convert({ desiredAPIVersion, objects }: { desiredAPIVersion: string; objects: Server[] }): WebhookAnswer {
  const convertedObjects = objects.map(object => {
    const { spec } = object
    const [host, port] = spec.hostPort?.split(':') ?? [spec.host, spec.port]
    const converted = desiredAPIVersion.endsWith('v1') ? { hostPort: `${host}:${port}` } : { host, port }
    return { ...object, apiVersion: desiredAPIVersion, spec: converted }
  })
  return { convertedObjects, result: { status: 'Success' } }
}

let api: TestApiServer
let hooks: WebhookServer
beforeAll(async () => {
  api = await startTestApiServer()
  hooks = await startWebhookServer()
  hooks.on('/convert', convert)
  await api.clientAs().create(CustomResourceDefinition, {
    metadata: { name: `servers.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'servers', kind: 'Server' },
      versions: [version('v1', true, { hostPort: text }), version('v2', false, { host: text, port: text })],
      conversion: {
        strategy: 'Webhook',
        webhook: {
          clientConfig: { url: hooks.url('/convert'), caBundle: hooks.caBundle },
          conversionReviewVersions: ['v1'],
        },
      },
    },
  })
  await eventually(() => {
    if (!api.server.context.resources.byUrl(group, 'v2', 'servers')) throw new Error('not served yet')
  })
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
  await hooks[Symbol.asyncDispose]()
})
afterEach(() => {
  hooks.on('/convert', convert)
  hooks.calls.length = 0
})
const draft = (name: string, type: ResourceType<Server>, spec: Server['spec']) =>
  ({ apiVersion: `${group}/${type.version}`, kind: 'Server', metadata: { name, namespace }, spec }) as Server
const create = (name: string, type = V1, spec: Server['spec'] = { hostPort: `${name}:80` }) =>
  api.clientAs().create(type, draft(name, type, spec))
const stored = (name: string) => api.store.get(`/registry/${group}/servers/${namespace}/${name}`)?.object

describe('an object whose versions a webhook converts', () => {
  test('is given by the history in the version that is served, whichever was stored', async () => {
    await using folder = await tempFolder()
    await using history = await openFileHistory(folder.path, realDisk, DEFAULT_HISTORY_LIMITS)
    const key = `/registry/${group}/servers/${namespace}/kept`
    for (const [revision, object] of [
      draft('kept', V1, { hostPort: 'kept:80' }),
      draft('kept', V2, { host: 'kept', port: '81' }),
    ].entries())
      await history.append([
        { key, revision, atMs: 1, deleted: false, hash: '0000000a', value: JSON.stringify(object) },
      ])
    const resource = api.server.context.resources.byUrl(group, 'v2', 'servers')!
    const at = (revision: number) =>
      objectAt(history, { resource, namespace, name: 'kept', key }, revision, () => new Error('not kept'))
    expect(await at(0)).toMatchObject({ apiVersion: `${group}/v2`, spec: { host: 'kept', port: '80' } })
    expect(await at(1)).toMatchObject({ apiVersion: `${group}/v2`, spec: { host: 'kept', port: '81' } })
  })
  test('is read in each version, and stored in the one that stores', async () => {
    await create('one')
    const client = api.clientAs()
    expect((await client.get(V2, { namespace, name: 'one' })).spec).toEqual({ host: 'one', port: '80' })
    expect((await client.get(V1, { namespace, name: 'one' })).spec).toEqual({ hostPort: 'one:80' })
    const made = await create('two', V2, { host: 'two', port: '81' })
    expect([made.apiVersion, made.spec]).toEqual([`${group}/v2`, { host: 'two', port: '81' }])
    expect(stored('two')).toMatchObject({ apiVersion: `${group}/v1`, spec: { hostPort: 'two:81' } })
  })
  test('is changed, applied and deleted through the other version', async () => {
    await create('changed')
    const client = api.clientAs()
    const ref = { namespace, name: 'changed' }
    const patched = await client.patch(V2, ref, { spec: { port: '90' } }, { type: 'merge' })
    expect(patched.spec).toEqual({ host: 'changed', port: '90' })
    expect(stored('changed')).toMatchObject({ spec: { hostPort: 'changed:90' } })
    const applied = await client.patch(V2, ref, draft('changed', V2, { port: '91' }), {
      type: 'apply',
      fieldManager: 'test',
      force: true,
    })
    expect(applied.spec).toEqual({ host: 'changed', port: '91' })
    await client.delete(V2, ref)
    expect(stored('changed')).toBeUndefined()
  })
  test('is listed with others by one call, and found by the fields of the version', async () => {
    for (const name of ['l1', 'l2', 'l3']) await create(name)
    hooks.calls.length = 0
    const { items } = await api.clientAs().list(V2, { namespace })
    expect(items.every(({ spec }) => spec.host !== undefined)).toBe(true)
    expect(hooks.calls).toHaveLength(1)
    await api.clientAs().list(V2, { namespace })
    expect(hooks.calls).toHaveLength(1)
  })
  test('is watched in the other version, in order', async () => {
    const seen: string[] = []
    const ending = new AbortController()
    const { resourceVersion } = await api.clientAs().list(V2, { namespace })
    const watching = (async () => {
      const events = api.clientAs().watch(V2, { namespace, resourceVersion, signal: ending.signal })
      for await (const { type, object } of events) seen.push(`${type} ${object.spec.host}:${object.spec.port}`)
    })().catch(() => undefined)
    await create('w', V1)
    await api.clientAs().patch(V1, { namespace, name: 'w' }, { spec: { hostPort: 'w:81' } }, { type: 'merge' })
    await api.clientAs().delete(V1, { namespace, name: 'w' })
    await eventually(() => {
      expect(seen).toEqual(['ADDED w:80', 'MODIFIED w:81', 'DELETED w:81'])
    })
    ending.abort()
    await watching
  })
  test('may get other labels and annotations, and nothing else of its metadata', async () => {
    hooks.on('/convert', request => {
      const answer = convert(request) as { convertedObjects: AnyObject[] }
      for (const { metadata } of answer.convertedObjects) {
        metadata.labels = { added: 'yes' }
        metadata.generation = 77
      }
      return answer
    })
    const { metadata } = await create('labelled', V1)
    const shown = await api.clientAs().get(V2, { namespace, name: 'labelled' })
    expect([shown.metadata.labels, shown.metadata.generation]).toEqual([{ added: 'yes' }, metadata.generation])
  })

  const kind = `${group}/v1, Kind=Server`
  test.each<[string, (request: Parameters<typeof convert>[0]) => WebhookAnswer, string]>([
    [
      'says why',
      () => ({ result: { status: 'Failure', message: 'not today' } }),
      `conversion webhook for ${kind} failed: not today`,
    ],
    [
      'answers too little',
      () => ({ result: { status: 'Success' }, convertedObjects: [] }),
      `conversion webhook for ${kind} returned 0 objects, expected 1`,
    ],
    [
      'answers another version',
      ({ objects }) => ({ result: { status: 'Success' }, convertedObjects: objects }),
      `conversion webhook for ${kind} returned invalid converted object at index 0: invalid groupVersion (expected ${group}/v2, received ${group}/v1)`,
    ],
    [
      'answers another object',
      request => {
        const answer = convert(request) as { convertedObjects: AnyObject[] }
        answer.convertedObjects[0]!.metadata = { ...answer.convertedObjects[0]!.metadata, name: 'other' }
        return answer
      },
      'must have the same name: broken-3 != other',
    ],
    ['is broken', () => 500, `conversion webhook for ${kind} failed: an error on the server`],
  ])('is not shown when the webhook %s', async (_name, answer, message) => {
    const name = `broken-${broken++}`
    await create(name)
    hooks.on('/convert', answer)
    const error = await api
      .clientAs()
      .get(V2, { namespace, name })
      .then(
        () => undefined,
        (failure: unknown) => failure,
      )
    if (!(error instanceof ApiError)) throw new Error('should have failed')
    expect([error.code, error.message.includes(message) ? message : error.message]).toEqual([500, message])
    // The version that is stored needs nobody.
    expect((await api.clientAs().get(V1, { namespace, name })).spec).toEqual({ hostPort: `${name}:80` })
  })
  let broken = 0
})

test('a definition with a webhook goes without asking it', async () => {
  hooks.on('/convert', () => 500)
  await api.clientAs().delete(CustomResourceDefinition, { name: `servers.${group}` })
  await eventually(() => {
    expect(api.store.list(`/registry/${group}/servers/`).items).toEqual([])
  })
})
