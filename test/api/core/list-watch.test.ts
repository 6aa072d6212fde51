// Lists in pages and at versions, and watches, over TLS and in process.
import { connect } from 'node:http2'
import { get as httpsGet } from 'node:https'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { parse } from 'yaml'
import { ConfigMap } from '../../../src/shared/api/core/v1.ts'
import type { ApiError } from '../../../src/shared/machinery/status.ts'
import { ManualClock, settle } from '../../support/manual-clock.ts'
import { eventually } from '../../support/eventually.ts'
import { decodeProtobuf } from '../../../src/main/apiserver/codec/protobuf/envelope.ts'
import { readFields } from '../../../src/shared/protobuf/wire.ts'
import { startTestApiServer, type TestApiServer, testAdmin } from '../../support/api-server.ts'
import { type AnyJson, configMap, pod, raw } from './support/raw.ts'

let server: TestApiServer
beforeAll(async () => {
  server = await startTestApiServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'
const PARTIAL = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json'
const MERGE = 'application/merge-patch+json'
const maps = (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps`
const make = (namespace: string, name: string, labels: Record<string, string> = {}, data = 'x') =>
  raw(server, maps(namespace), { body: configMap(name, { metadata: { name, labels }, data: { key: data } }) })
const names = (list: AnyJson) => list.items!.map((item: AnyJson) => item.metadata!.name)

interface BookmarkedWatch {
  readonly frames: { type: string; object: AnyJson }[]
  end(): Promise<void>
}

interface WatchSession {
  readonly frames: AnyJson[]
  readonly ended: Promise<void>
  close(): void
}

/** Opens a watch over HTTP and collects its frames. */
function openWatch(path: string, headers: Record<string, string> = {}): Promise<WatchSession> {
  return new Promise((resolve, reject) => {
    const request = httpsGet(
      `${server.url}${path}`,
      { ca: server.pki.caPem, cert: server.pki.admin.certPem, key: server.pki.admin.keyPem, agent: false, headers },
      response => {
        const frames: AnyJson[] = []
        let rest = ''
        response.setEncoding('utf8')
        response.on('data', (text: string) => {
          const lines = (rest + text).split('\n')
          rest = lines.pop() ?? ''
          for (const line of lines) frames.push(JSON.parse(line) as AnyJson)
        })
        const ended = new Promise<void>(done => response.on('close', () => done()))
        response.on('error', () => undefined)
        resolve({ frames, ended, close: () => request.destroy() })
      },
    )
    request.on('error', reject)
  })
}
/** A whole answer over HTTP/2. */
async function rawOverHttp2(path: string, headers: Record<string, string>): Promise<Buffer> {
  const session = connect(server.url, {
    ca: server.pki.caPem,
    cert: server.pki.admin.certPem,
    key: server.pki.admin.keyPem,
    servername: 'localhost',
  })
  const stream = session.request({ ':path': path, ...headers })
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  session.close()
  return Buffer.concat(chunks)
}

/** Type and name of each event in a watch's answer in protobuf. */
function eventsIn(bytes: Buffer): string[] {
  const events: string[] = []
  for (let at = 0; at < bytes.length; at += 4 + bytes.readUInt32BE(at)) {
    const [type, object] = [...readFields(bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at)))]
    const [envelope] = [...readFields(object!.value as Buffer)]
    events.push(`${String(type!.value)} ${(decodeProtobuf(envelope!.value as Buffer) as AnyJson).metadata!.name}`)
  }
  return events
}

const seen = ({ frames }: WatchSession) =>
  frames.map((frame: AnyJson) => `${frame.type} ${frame.object!.metadata!.name ?? ''}`.trim())

describe('list', () => {
  test('pages show one revision, whatever happens between them', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await make('paged', name)
    const first = await raw(server, `${maps('paged')}?limit=2`)
    expect(names(first.json)).toEqual(['a', 'b'])
    expect(first.json.metadata!.remainingItemCount).toBe(3)
    await make('paged', 'bb')
    await raw(server, `${maps('paged')}/d`, { method: 'DELETE' })
    const token = encodeURIComponent(first.json.metadata!.continue!)
    const second = await raw(server, `${maps('paged')}?limit=2&continue=${token}`)
    expect(names(second.json)).toEqual(['c', 'd'])
    expect(second.json.metadata!.resourceVersion).toBe(first.json.metadata!.resourceVersion)
    const last = await raw(
      server,
      `${maps('paged')}?limit=2&continue=${encodeURIComponent(second.json.metadata!.continue!)}`,
    )
    expect(names(last.json)).toEqual(['e'])
    expect(last.json.metadata!.continue).toBeUndefined()
  })

  test('a page with a selector goes on where it stopped', async () => {
    for (const [name, app] of [
      ['p', 'x'],
      ['q', 'y'],
      ['r', 'x'],
      ['s', 'x'],
    ] as const)
      await make('selected', name, { app })
    const first = await raw(server, `${maps('selected')}?limit=1&labelSelector=app%3Dx`)
    expect(names(first.json)).toEqual(['p'])
    expect(first.json.metadata!.remainingItemCount).toBeUndefined()
    const token = encodeURIComponent(first.json.metadata!.continue!)
    const rest = await raw(server, `${maps('selected')}?labelSelector=app%3Dx&continue=${token}`)
    expect(names(rest.json)).toEqual(['r', 's'])
  })

  test('a continuation of a compacted revision answers 410 with a token that still goes on', async () => {
    for (const name of ['a', 'b', 'c']) await make('compacted', name)
    const first = await raw(server, `${maps('compacted')}?limit=1`)
    await make('compacted', 'd')
    await server.store.compact(server.store.revision)
    const gone = await raw(
      server,
      `${maps('compacted')}?limit=1&continue=${encodeURIComponent(first.json.metadata!.continue!)}`,
    )
    expect(gone.code).toBe(410)
    expect(gone.json.reason).toBe('Expired')
    expect(gone.json.message).toContain('The provided continue parameter is too old')
    const rest = await raw(server, `${maps('compacted')}?continue=${encodeURIComponent(gone.json.metadata!.continue!)}`)
    expect(names(rest.json)).toEqual(['b', 'c', 'd'])
    // In pages as well, all of the version at which it goes on.
    const page = async (token: string) =>
      (await raw(server, `${maps('compacted')}?limit=1&continue=${encodeURIComponent(token)}`)).json
    const second = await page(gone.json.metadata!.continue as string)
    expect([names(second), second.metadata!.remainingItemCount]).toEqual([['b'], 2])
    await make('compacted', 'e')
    const third = await page(second.metadata!.continue as string)
    expect([names(third), third.metadata!.remainingItemCount]).toEqual([['c'], 1])
    expect(third.metadata!.resourceVersion).toBe(second.metadata!.resourceVersion)
  })

  test('Exact shows the state of that version', async () => {
    const { json: one } = await make('exact', 'one')
    await make('exact', 'two')
    const version = one.metadata!.resourceVersion!
    const { json } = await raw(server, `${maps('exact')}?resourceVersion=${version}&resourceVersionMatch=Exact`)
    expect(names(json)).toEqual(['one'])
    expect(json.metadata!.resourceVersion).toBe(version)
  })

  test('a version of the future is waited for, three seconds: then 504 with the cause ResourceVersionTooLarge', async () => {
    const clock = new ManualClock()
    await using own = await startTestApiServer({ clock })
    const client = own.clientAs()
    const make = (name: string) => client.create(ConfigMap, { metadata: { name, namespace: 'to-come' }, data: {} })
    const next = () => String(own.store.revision + 1)
    const listed = client.list(ConfigMap, { namespace: 'to-come', resourceVersion: next() })
    const read = raw(own, `${maps('to-come')}/a?resourceVersion=${next()}`)
    await settle()
    await make('a')
    expect((await listed).items.map(({ metadata }) => metadata.name)).toEqual(['a'])
    expect((await read).code).toBe(200)
    const never = own.store.revision + 1
    let isOver = false
    const refused = client.list(ConfigMap, { namespace: 'to-come', resourceVersion: String(never) }).then(
      () => 'answered',
      (error: unknown) => ((isOver = true), (error as ApiError).status),
    )
    await settle()
    await clock.advance(2_999)
    expect(isOver).toBe(false)
    await clock.advance(1)
    expect(await refused).toMatchObject({
      code: 504,
      reason: 'Timeout',
      message: `Timeout: Too large resource version: ${never}, current: ${never - 1}`,
      details: { causes: [{ reason: 'ResourceVersionTooLarge' }], retryAfterSeconds: 1 },
    })
  })

  test.each([
    ['limit=x', 400],
    ['continue=nonsense', 400],
    ['labelSelector=a%3D%3D%3Db', 400],
    ['fieldSelector=spec.foo%3Dx', 400],
    ['resourceVersion=abc', 400],
    ['resourceVersionMatch=Exact', 422],
  ])('?%s answers %i', async (query, code) => {
    expect((await raw(server, `${maps('exact')}?${query}`)).code).toBe(code)
  })

  test('field selectors work for what the kind offers; others are refused in upstream words', async () => {
    const pods = '/api/v1/namespaces/fields/pods'
    await raw(server, pods, { body: pod('on-a', { spec: { nodeName: 'a' } }) })
    await raw(server, pods, { body: pod('on-b', { spec: { nodeName: 'b' } }) })
    expect(names((await raw(server, `${pods}?fieldSelector=spec.nodeName%3Da`)).json)).toEqual(['on-a'])
    expect(names((await raw(server, `${pods}?fieldSelector=metadata.name!%3Don-a`)).json)).toEqual(['on-b'])
    const { code, json } = await raw(server, `${pods}?fieldSelector=spec.foo%3Da`)
    expect(code).toBe(400)
    expect(json.message).toContain('field label not supported: spec.foo')
  })

  test.each([
    ['/apis/batch/v1/jobs', 'field label "spec.foo" not supported for Job'],
    [
      '/apis/resource.k8s.io/v1/resourceslices',
      'field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: spec.foo',
    ],
    [
      '/apis/apps/v1/replicasets',
      '"spec.foo" is not a known field selector: only "metadata.name", "metadata.namespace"',
    ],
  ])('an unknown field of %s', async (path, message) => {
    expect((await raw(server, `${path}?fieldSelector=spec.foo%3Da`)).json.message).toBe(message)
  })

  test('as a Table has the columns of the kind, and rows with metadata', async () => {
    await make('table', 'row')
    const { json, headers } = await raw(server, maps('table'), { headers: { accept: TABLE } })
    expect(headers['content-type']).toContain('as=Table')
    expect(json.kind).toBe('Table')
    expect(json.columnDefinitions!.map((column: AnyJson) => column.name)).toEqual(['Name', 'Data', 'Age'])
    expect(json.rows![0]).toMatchObject({
      cells: ['row', 1, expect.any(String)],
      object: { kind: 'PartialObjectMetadata' },
    })
    const bare = await raw(server, `${maps('table')}?includeObject=None`, { headers: { accept: TABLE } })
    expect(bare.json.rows![0]!.object).toBeUndefined()
    const whole = await raw(server, `${maps('table')}?includeObject=Object`, { headers: { accept: TABLE } })
    expect(whole.json.rows![0]!.object!.data).toEqual({ key: 'x' })
  })

  test('as a Table and as metadata shows what the metadata is now, the same in both', async () => {
    const path = maps('kept')
    await make('kept', 'row', { version: 'one' })
    const seen = async () => {
      const { json: table } = await raw(server, path, { headers: { accept: TABLE } })
      const { json: list } = await raw(server, path, { headers: { accept: PARTIAL } })
      expect(table.rows!.map((row: AnyJson) => row.object)).toEqual(list.items)
      return list.items!.map((item: AnyJson) => item.metadata!.labels!.version)
    }
    expect(await seen()).toEqual(['one'])
    const body = { metadata: { labels: { version: 'two' } } }
    await raw(server, `${path}/row`, { method: 'PATCH', body, headers: { 'content-type': MERGE } })
    expect(await seen()).toEqual(['two'])
    await raw(server, `${path}/row`, { method: 'DELETE' })
    await make('kept', 'row', { version: 'three' })
    expect(await seen()).toEqual(['three'])
  })

  test('as PartialObjectMetadata carries no data', async () => {
    const { json } = await raw(server, maps('table'), { headers: { accept: PARTIAL } })
    expect(json.kind).toBe('PartialObjectMetadataList')
    expect(json.items![0]!.metadata!.name).toBe('row')
    expect(json.items![0]!.data).toBeUndefined()
  })

  const only = (as: string) => ({ headers: { accept: `application/json;as=${as};v=v1;g=meta.k8s.io` } })

  test.each([
    ['a list', maps('table'), 'PartialObjectMetadata', 'a list (*core.ConfigMapList)'],
    ['an object', `${maps('table')}/row`, 'PartialObjectMetadataList', 'not a list (*core.ConfigMap)'],
    ['of a group', '/apis/rbac.authorization.k8s.io/v1/roles', 'PartialObjectMetadata', 'a list (*rbac.RoleList)'],
    ['events', '/apis/events.k8s.io/v1/events', 'PartialObjectMetadata', 'a list (*core.EventList)'],
  ])('%s (%s) has no metadata of the other kind (%s)', async (_what, path, as, is) => {
    const { code, json } = await raw(server, path, only(as))
    const message = `you requested ${as}, but the requested object is ${is}`
    expect([code, json]).toEqual([
      406,
      expect.objectContaining({ kind: 'Status', message, reason: 'NotAcceptable', code: 406 }),
    ])
    const or = { headers: { accept: `${only(as).headers.accept},application/json` } }
    expect((await raw(server, path, or)).code).toBe(406)
  })

  test('nothing is written for who cannot be told of it', async () => {
    const body = { metadata: { name: 'unseen' } }
    expect((await raw(server, maps('table'), { ...only('PartialObjectMetadataList'), body })).code).toBe(406)
    expect((await raw(server, `${maps('table')}/unseen`)).code).toBe(404)
  })

  test('a watch tells of objects, and so whole ones where the metadata of a list is asked for', async () => {
    const watched = `${maps('table')}?watch=1&timeoutSeconds=1&resourceVersion=0`
    const ofOne = await raw(server, watched, only('PartialObjectMetadata'))
    expect(ofOne.text).toContain('"kind":"PartialObjectMetadata"')
    const ofList = await raw(server, watched, only('PartialObjectMetadataList'))
    expect(ofList.text).toContain('"kind":"ConfigMap"')
    expect(ofList.text).not.toContain('PartialObjectMetadata')
  })

  test('as PartialObjectMetadata in protobuf, of kinds that have no message themselves as well', async () => {
    const accept = `application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,${PARTIAL}`
    const hosts = '/apis/flotilla.dev/v1/hosts'
    const type = { apiVersion: 'flotilla.dev/v1', kind: 'Host' }
    await raw(server, hosts, { body: { ...type, metadata: { name: 'h' }, spec: { address: 'user@h' } } })
    for (const path of [maps('table'), hosts]) {
      const { json } = await raw(server, path, { headers: { accept: PARTIAL } })
      const { bytes, headers } = await raw(server, path, { headers: { accept } })
      expect(headers['content-type']).toBe('application/vnd.kubernetes.protobuf')
      const list = decodeProtobuf(bytes) as AnyJson
      expect(list).toMatchObject({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' })
      expect(list.items!.map(({ metadata }: AnyJson) => [metadata!.name, metadata!.uid])).toEqual(
        json.items!.map(({ metadata }: AnyJson) => [metadata!.name, metadata!.uid]),
      )
      // Nothing but metadata, not even a type: as client-go decodes what upstream sends.
      for (const item of list.items!) expect(Object.keys(item as object)).toEqual(['metadata'])
    }
    const one = await raw(server, `${maps('table')}/row`, {
      headers: { accept: accept.replaceAll('PartialObjectMetadataList', 'PartialObjectMetadata') },
    })
    expect(decodeProtobuf(one.bytes)).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'row' } })
  })

  test('both in the older version, for who knows no other', async () => {
    const older = (as: string) => ({ headers: { accept: `application/json;as=${as};v=v1beta1;g=meta.k8s.io` } })
    const { json: table, headers } = await raw(server, maps('table'), older('Table'))
    expect(headers['content-type']).toBe('application/json;as=Table;g=meta.k8s.io;v=v1beta1')
    expect(table).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1beta1' })
    expect(table.rows![0]!.object.apiVersion).toBe('meta.k8s.io/v1beta1')
    const { json: list } = await raw(server, maps('table'), older('PartialObjectMetadataList'))
    expect(list).toMatchObject({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1beta1' })
    expect(list.items![0]!.apiVersion).toBe('meta.k8s.io/v1beta1')
  })

  test('a long list is compressed when the client wants it, and is the same list', async () => {
    await Promise.all(Array.from({ length: 60 }, (_, i) => make('long', `m${i}`, {}, 'y'.repeat(5000))))
    const plain = await raw(server, maps('long'))
    const zipped = await raw(server, maps('long'), { headers: { 'accept-encoding': 'gzip' } })
    expect(zipped.headers['content-encoding']).toBe('gzip')
    expect(zipped.bytes.length).toBeLessThan(plain.bytes.length / 5)
    expect(JSON.parse(gunzipSync(zipped.bytes).toString())).toEqual(plain.json)
    expect(plain.json.items).toHaveLength(60)
  })

  test('says the type once: items of built-in kinds leave it out, whoever wrote them', async () => {
    const type = { kind: 'ConfigMap', apiVersion: 'v1' }
    await make('types', 'a')
    await raw(server, maps('types'), { body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'b' } } })
    await raw(server, maps('types'), { body: { metadata: { name: 'c' }, ...type } })
    const asYaml = await raw(server, maps('types'), { headers: { accept: 'application/yaml' } })
    for (const list of [(await raw(server, maps('types'))).json, parse(asYaml.text) as AnyJson]) {
      expect(list).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1' })
      expect(names(list)).toEqual(['a', 'b', 'c'])
      for (const item of list.items) expect('kind' in item || 'apiVersion' in item).toBe(false)
    }
  })
  test('as YAML when the client wants it', async () => {
    const { text, headers } = await raw(server, `${maps('table')}/row`, { headers: { accept: 'application/yaml' } })
    expect(headers['content-type']).toBe('application/yaml')
    expect(text).toContain('name: row')
  })
})

// Of the future, each waits three seconds.
describe.concurrent('a resource version', () => {
  const at: Record<string, string> = {}
  beforeAll(async () => {
    for (const name of ['a', 'b', 'c']) at[name] = (await make('versions', name)).json.metadata!.resourceVersion!
    at['future'] = '99999999'
  })
  /** The query with versions in it: `resourceVersion=<b>` is the one at which b was made. */
  const filled = (query: string) => query.replace(/<(\w+)>/g, (_, name: string) => at[name]!)
  const TOO_NEW = { code: 504, cause: 'ResourceVersionTooLarge' }

  // Any: what there is. Most recent: at least all that was there before. Not older: at the version or later.
  test.each<[string, string | typeof TOO_NEW | { code: number }]>([
    ['', 'c'],
    ['resourceVersion=0', 'c'],
    ['resourceVersion=<a>', 'c'],
    ['resourceVersion=<c>', 'c'],
    ['resourceVersion=<future>', TOO_NEW],
    ['resourceVersion=x', { code: 400 }],
  ])('of GET: ?%s', async (query, expected) => {
    const { code, json } = await raw(server, `${maps('versions')}/c?${filled(query)}`)
    if (typeof expected === 'string') expect([code, json.metadata!.name]).toEqual([200, expected])
    else expect({ code, cause: json.details?.causes?.[0]?.reason as string | undefined }).toMatchObject(expected)
  })

  test.each<[string, string | typeof TOO_NEW | { code: number }]>([
    // Unset: the most recent; not older where only a version is given.
    ['', 'abc'],
    ['resourceVersion=', 'abc'],
    ['resourceVersion=0', 'abc'],
    ['resourceVersion=<b>', 'abc'],
    ['resourceVersion=<future>', TOO_NEW],
    ['resourceVersionMatch=NotOlderThan&resourceVersion=0', 'abc'],
    ['resourceVersionMatch=NotOlderThan&resourceVersion=<b>', 'abc'],
    ['resourceVersionMatch=NotOlderThan&resourceVersion=<future>', TOO_NEW],
    ['resourceVersionMatch=NotOlderThan', { code: 422 }],
    ['resourceVersionMatch=Exact&resourceVersion=<a>', 'a'],
    ['resourceVersionMatch=Exact&resourceVersion=<b>', 'ab'],
    ['resourceVersionMatch=Exact&resourceVersion=<future>', TOO_NEW],
    ['resourceVersionMatch=Exact&resourceVersion=0', { code: 422 }],
    ['resourceVersionMatch=Exact', { code: 422 }],
    ['resourceVersionMatch=Odd&resourceVersion=<b>', { code: 422 }],
    // In pages, a version alone is that very one.
    ['limit=2', 'ab…c'],
    // Any version comes whole.
    ['limit=2&resourceVersion=0', 'abc'],
    ['limit=1&resourceVersion=<b>', 'a…b'],
    ['limit=2&resourceVersion=<future>', TOO_NEW],
    ['limit=2&resourceVersionMatch=NotOlderThan&resourceVersion=0', 'abc'],
    ['limit=1&resourceVersionMatch=NotOlderThan&resourceVersion=<b>', 'a…bc'],
    ['limit=2&resourceVersionMatch=NotOlderThan&resourceVersion=<future>', TOO_NEW],
    ['limit=1&resourceVersionMatch=Exact&resourceVersion=<b>', 'a…b'],
    ['limit=1&resourceVersionMatch=Exact&resourceVersion=0', { code: 422 }],
    ['limit=2&resourceVersionMatch=NotOlderThan', { code: 422 }],
  ])('of a list: ?%s', async (query, expected) => {
    const { code, json } = await raw(server, `${maps('versions')}?${filled(query)}`)
    if (typeof expected !== 'string') {
      const answer = { code, cause: json.details?.causes?.[0]?.reason as string | undefined }
      return expect(answer).toMatchObject(expected)
    }
    const token = json.metadata?.continue as string | undefined
    const rest = token && (await raw(server, `${maps('versions')}?continue=${encodeURIComponent(token)}`)).json
    expect(names(json).join('') + (rest ? `…${names(rest).join('')}` : '')).toBe(expected)
    const shown = Number(json.metadata!.resourceVersion)
    const exact = !expected.includes('c') && Number(filled('<b>')) >= shown
    expect(exact || shown >= Number(at['c'])).toBe(true)
    if (rest) expect(rest.metadata.resourceVersion).toBe(json.metadata!.resourceVersion)
  })

  test.each<[string, string[] | typeof TOO_NEW | { code: number }]>([
    // With no version, or any, a watch starts with what there is; else after the version.
    ['', ['ADDED a', 'ADDED b', 'ADDED c']],
    ['resourceVersion=0', ['ADDED a', 'ADDED b', 'ADDED c']],
    ['resourceVersion=<a>', ['ADDED b', 'ADDED c']],
    ['resourceVersion=<b>', ['ADDED c']],
    ['resourceVersion=<c>', []],
    ['resourceVersion=<future>', []],
    ['resourceVersion=x', { code: 400 }],
    ['resourceVersion=<b>&resourceVersionMatch=NotOlderThan', { code: 422 }],
    ['resourceVersion=<b>&resourceVersionMatch=Exact', { code: 422 }],
    ['resourceVersion=<b>&sendInitialEvents=true', { code: 422 }],
    ['resourceVersion=<b>&sendInitialEvents=true&resourceVersionMatch=NotOlderThan', ['ADDED a', 'ADDED b', 'ADDED c']],
    ['resourceVersion=<b>&sendInitialEvents=false&resourceVersionMatch=NotOlderThan', ['ADDED c']],
  ])('of a watch: ?%s', async (query, expected) => {
    const path = `${maps('versions')}?watch=1&timeoutSeconds=1&${filled(query)}`
    const { code, text } = await raw(server, path)
    const frames = text.split('\n').filter(Boolean).map(line => JSON.parse(line) as AnyJson) // prettier-ignore
    if (!Array.isArray(expected))
      return expect({ code, cause: frames[0]?.details?.causes?.[0]?.reason as string | undefined }).toMatchObject(expected) // prettier-ignore
    expect(frames.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual(expected)
  })
})

describe('watch', () => {
  test('comes over WebSocket as well, an event a message', async () => {
    await make('w-socket', 'there')
    const { caPem: ca, admin } = server.pki
    const url = `${server.url.replace('https', 'wss')}${maps('w-socket')}?watch=1`
    const socket = new WebSocket(url, { ca, cert: admin.certPem, key: admin.keyPem, origin: 'http://elsewhere' })
    const events: AnyJson[] = []
    socket.on('message', (data: Buffer) => events.push(JSON.parse(data.toString())))
    await make('w-socket', 'later').then(({ code }) => expect(code).toBe(201))
    await eventually(() =>
      expect(events.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual([
        'ADDED there',
        'ADDED later',
      ]),
    )
    // In more than one piece, some of them in the middle of a character.
    const text = 'x' + 'ü'.repeat(300_000)
    const large = configMap('large', { data: { text } })
    await raw(server, maps('w-socket'), { body: large }).then(({ code }) => expect(code).toBe(201))
    await eventually(() => expect(events[2]?.object.data.text).toBe(text))
    socket.close()
  })
  test('over WebSocket in protobuf has a message for each event, without a length, and ends as one that is over', async () => {
    await make('w-binary', 'there')
    const { caPem: ca, admin } = server.pki
    const headers = { accept: 'application/vnd.kubernetes.protobuf' }
    const url = `${server.url.replace('https', 'wss')}${maps('w-binary')}?watch=1&timeoutSeconds=1`
    const socket = new WebSocket(url, { ca, cert: admin.certPem, key: admin.keyPem, headers })
    const events: string[] = []
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(data.length)
      if (isBinary) events.push(...eventsIn(Buffer.concat([length, data])))
    })
    const code = await new Promise(resolve => socket.on('close', resolve))
    expect([events, code]).toEqual([['ADDED there'], 1000])
  })
  test('from a version sends what happened after it, in order', async () => {
    const { json: before } = await make('w-order', 'before')
    const watch = await openWatch(`${maps('w-order')}?watch=1&resourceVersion=${before.metadata!.resourceVersion}`)
    await make('w-order', 'later')
    await raw(server, `${maps('w-order')}/later`, { method: 'PUT', body: configMap('later', { data: { a: 'b' } }) })
    await raw(server, `${maps('w-order')}/later`, { method: 'DELETE' })
    await eventually(() => expect(seen(watch)).toEqual(['ADDED later', 'MODIFIED later', 'DELETED later']))
    const versions = watch.frames.map((frame: AnyJson) => Number(frame.object!.metadata!.resourceVersion))
    expect(versions).toEqual([...versions].sort((a, b) => a - b))
    expect(new Set(versions).size).toBe(3)
    watch.close()
  })

  test('shows a pod marked before it is gone, with no grace period to wait for and with one that is cut short', async () => {
    const pods = '/api/v1/namespaces/w-going/pods'
    const watch = await openWatch(`${pods}?watch=1`)
    const add = (name: string, spec: object) =>
      raw(server, pods, { body: { metadata: { name }, spec: { containers: [{ name: 'a', image: 'b' }], ...spec } } })
    await add('unplaced', {})
    const { json: last } = await raw(server, `${pods}/unplaced`, { method: 'DELETE' })
    await add('placed', { nodeName: 'n1' })
    await raw(server, `${pods}/placed`, { method: 'DELETE' })
    await raw(server, `${pods}/placed?gracePeriodSeconds=0`, { method: 'DELETE' })
    const shown = () =>
      watch.frames.map((frame: AnyJson) => {
        const { name, generation, deletionGracePeriodSeconds: grace } = frame.object!.metadata!
        return `${frame.type} ${name} ${generation} ${grace ?? '-'}`
      })
    await eventually(() =>
      expect(shown()).toEqual([
        ...['ADDED unplaced 1 -', 'MODIFIED unplaced 2 0', 'DELETED unplaced 2 0'],
        ...['ADDED placed 1 -', 'MODIFIED placed 2 30', 'MODIFIED placed 2 0', 'DELETED placed 2 0'],
      ]),
    )
    expect(last.metadata).toEqual(watch.frames[2]!.object!.metadata)
    watch.close()
  })

  test('without a version starts with the state', async () => {
    await make('w-state', 'there')
    const watch = await openWatch(`${maps('w-state')}?watch=true`)
    await eventually(() => expect(seen(watch)).toEqual(['ADDED there']))
    watch.close()
  })

  test('tells objects that enter and leave a selector as ADDED and DELETED', async () => {
    await make('w-select', 'one', { app: 'no' })
    const watch = await openWatch(`${maps('w-select')}?watch=1&labelSelector=app%3Dyes`)
    const label = (app: string) =>
      raw(server, `${maps('w-select')}/one`, {
        method: 'PATCH',
        body: { metadata: { labels: { app } } },
        headers: { 'content-type': 'application/merge-patch+json' },
      })
    await label('yes')
    const { json: left } = await label('no')
    await eventually(() => expect(seen(watch)).toEqual(['ADDED one', 'DELETED one']))
    // As it was last seen in the selection, at the version at which it left.
    expect(watch.frames[1]!.object!.metadata!.labels).toEqual({ app: 'yes' })
    expect(watch.frames[1]!.object!.metadata!.resourceVersion).toBe(left.metadata!.resourceVersion)
    watch.close()
  })

  test('with sendInitialEvents sends the state, then a bookmark that ends it', async () => {
    await make('w-initial', 'a')
    await make('w-initial', 'b')
    const watch = await openWatch(
      `${maps('w-initial')}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
    )
    await eventually(() => expect(seen(watch)).toEqual(['ADDED a', 'ADDED b', 'BOOKMARK']))
    expect(watch.frames[2]!.object).toMatchObject({
      kind: 'ConfigMap',
      metadata: {
        annotations: { 'k8s.io/initial-events-end': 'true' },
        resourceVersion: String(server.store.revision),
      },
    })
    await make('w-initial', 'c')
    await eventually(() => expect(seen(watch)).toEqual(['ADDED a', 'ADDED b', 'BOOKMARK', 'ADDED c']))
    watch.close()
    const refused = await raw(server, `${maps('w-initial')}?watch=1&sendInitialEvents=true`)
    expect(refused.code).toBe(422)
  })

  test('of a compacted version sends an ERROR frame with 410 and ends', async () => {
    const { json: old } = await make('w-old', 'a')
    await make('w-old', 'b')
    await server.store.compact(server.store.revision)
    const watch = await openWatch(
      `${maps('w-old')}?watch=1&resourceVersion=${Number(old.metadata!.resourceVersion) - 1}`,
    )
    await watch.ended
    expect(watch.frames).toHaveLength(1)
    expect(watch.frames[0]).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } })
  })

  test.each(['', '&resourceVersion=0'])(
    'of any version (?watch=1%s) marks the end of the state as well',
    async query => {
      await make('w-any', 'a')
      const watch = await openWatch(`${maps('w-any')}?watch=1&timeoutSeconds=1&allowWatchBookmarks=true${query}`)
      await watch.ended
      expect(seen(watch)).toEqual(['ADDED a', 'BOOKMARK'])
      expect(watch.frames[1]!.object!.metadata!.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' })
    },
  )

  test('two seconds before its end tells its version to who wants that, where it is a newer one', async () => {
    const clock = new ManualClock()
    await using own = await startTestApiServer({ clock })
    const follow = (resourceVersion: string) => {
      const types: string[] = []
      const query = { namespace: 'w-end', allowWatchBookmarks: true, timeoutSeconds: 20, resourceVersion }
      const done = (async () => {
        for await (const { type } of own.clientAs().watch(ConfigMap, query)) types.push(type)
      })()
      return { types, done }
    }
    await own.clientAs().create(ConfigMap, { metadata: { name: 'first', namespace: 'w-elsewhere' }, data: {} })
    const start = own.store.revision
    const [behind, upToDate] = [follow(String(start)), follow(String(start + 1))]
    await settle()
    await own.clientAs().create(ConfigMap, { metadata: { name: 'a', namespace: 'w-elsewhere' }, data: {} })
    await clock.advance(17_900)
    expect(behind.types).toEqual([])
    await clock.advance(100)
    await eventually(() => expect(behind.types).toEqual(['BOOKMARK']))
    await clock.advance(2_000)
    await Promise.all([behind.done, upToDate.done])
    expect([behind.types, upToDate.types]).toEqual([['BOOKMARK'], []])
  })

  test('from a version to come is open, and tells what is after it', async () => {
    const { json: last } = await make('w-future', 'a')
    const from = Number(last.metadata!.resourceVersion) + 1
    const watch = await openWatch(`${maps('w-future')}?watch=1&resourceVersion=${from}`)
    await make('w-future', 'b')
    await make('w-future', 'c')
    await eventually(() => expect(seen(watch)).toEqual(['ADDED c']))
    watch.close()
  })

  test('of a state to come sends it once it is there, or an ERROR frame with 504', async () => {
    await make('w-state-to-come', 'a')
    const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
    const opening = openWatch(`${maps('w-state-to-come')}?${query}&resourceVersion=${server.store.revision + 1}`)
    await make('w-state-to-come', 'b')
    const watch = await opening
    await eventually(() => expect(seen(watch)).toEqual(['ADDED a', 'ADDED b', 'BOOKMARK']))
    watch.close()
    const never = await openWatch(`${maps('w-state-to-come')}?${query}&resourceVersion=99999999`)
    await never.ended
    expect(never.frames).toMatchObject([{ type: 'ERROR', object: { kind: 'Status', code: 504, reason: 'Timeout' } }])
  })

  test('tells a version of its own about every minute to who wants that, and to nobody else', async () => {
    const clock = new ManualClock()
    await using own = await startTestApiServer({ clock })
    const [wants, does] = [true, false].map(allowWatchBookmarks => {
      const stop = new AbortController()
      const frames: { type: string; object: AnyJson }[] = []
      const done = (async () => {
        const query = { namespace: 'w-marks', allowWatchBookmarks, signal: stop.signal }
        for await (const { type, object } of own.clientAs().watch(ConfigMap, query)) frames.push({ type, object })
      })()
      return { frames, end: () => (stop.abort(), done) }
    }) as [BookmarkedWatch, BookmarkedWatch]
    await settle()
    const create = (name: string) =>
      own.clientAs().create(ConfigMap, { metadata: { name, namespace: 'w-marks' }, data: {} })
    await create('a')
    await clock.advance(44_000)
    // What happens elsewhere moves the version as well.
    await own.clientAs().create(ConfigMap, { metadata: { name: 'b', namespace: 'w-elsewhere' }, data: {} })
    // Not the one that ends the state.
    const marks = () => wants.frames.slice(1).filter(({ type }) => type === 'BOOKMARK')
    expect(marks()).toEqual([])
    for (const count of [1, 2, 3]) {
      const { revision } = own.store
      await clock.advance(60_000)
      await eventually(() => expect(marks().length).toBeGreaterThanOrEqual(count))
      expect(marks().at(-1)).toEqual({
        type: 'BOOKMARK',
        object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { resourceVersion: String(revision) } },
      })
    }
    // Between 45 and 60 seconds apart.
    expect(marks().length).toBeLessThanOrEqual(5)
    await create('c')
    await eventually(() => expect(wants.frames.at(-1)?.object.metadata.name).toBe('c'))
    await eventually(() => expect(does.frames.map(({ type }) => type)).toEqual(['ADDED', 'ADDED']))
    await wants.end()
    await does.end()
  })

  test('as a Table tells the columns once', async () => {
    await make('w-table', 'a')
    const watch = await openWatch(`${maps('w-table')}?watch=1`, { accept: TABLE })
    await eventually(() => expect(watch.frames).toHaveLength(1))
    await make('w-table', 'b')
    await eventually(() => expect(watch.frames).toHaveLength(2))
    expect(watch.frames[0]!.object!.columnDefinitions).toHaveLength(3)
    expect(watch.frames[1]!.object).toMatchObject({ kind: 'Table', columnDefinitions: null })
    expect(watch.frames[1]!.object!.rows![0]!.cells![0]).toBe('b')
    watch.close()
  })

  test('in protobuf is messages behind their lengths, over both versions of HTTP', async () => {
    const { json: before } = await raw(server, maps('w-proto'))
    for (const name of ['a', 'b', 'c']) await make('w-proto', name)
    const from = before.metadata!.resourceVersion
    const path = `${maps('w-proto')}?watch=1&timeoutSeconds=1&resourceVersion=${from}`
    const headers = { accept: 'application/vnd.kubernetes.protobuf' }
    const [first, second] = await Promise.all([raw(server, path, { headers }), rawOverHttp2(path, headers)])
    expect(first.headers['content-type']).toBe('application/vnd.kubernetes.protobuf;stream=watch')
    expect(eventsIn(first.bytes)).toEqual(['ADDED a', 'ADDED b', 'ADDED c'])
    expect(second.equals(first.bytes)).toBe(true)
  })

  test('from any of the versions that another one told goes on in the same order', async () => {
    const first = await openWatch(`${maps('w-same')}?watch=1`)
    const change = (data: string) =>
      raw(server, `${maps('w-same')}/b`, { method: 'PUT', body: configMap('b', { data: { key: data } }) })
    for (const name of ['a', 'b', 'c']) await make('w-same', name)
    for (const data of ['1', '2', '3']) await change(data)
    for (const name of ['a', 'b']) await raw(server, `${maps('w-same')}/${name}`, { method: 'DELETE' })
    await eventually(() => expect(first.frames).toHaveLength(8))
    const versions = ({ frames }: WatchSession) =>
      frames.map((frame: AnyJson) => frame.object!.metadata!.resourceVersion)
    for (const [at, version] of versions(first).entries()) {
      const later = await openWatch(`${maps('w-same')}?watch=1&resourceVersion=${version}`)
      await eventually(() => expect(versions(later)).toEqual(versions(first).slice(at + 1)))
      later.close()
    }
    first.close()
  })

  test('of many watchers gives every one every event', async () => {
    const watches = await Promise.all(Array.from({ length: 40 }, () => openWatch(`${maps('w-many')}?watch=1`)))
    await Promise.all(Array.from({ length: 25 }, (_, i) => make('w-many', `m${i}`)))
    for (const watch of watches) await eventually(() => expect(watch.frames).toHaveLength(25))
    const orders = new Set(watches.map(watch => seen(watch).join()))
    expect(orders.size).toBe(1)
    for (const watch of watches) watch.close()
  })
})

describe('in process', () => {
  test('the same chain answers with the shared object, and errors are thrown', async () => {
    const client = server.clientAs()
    const made = await client.create(ConfigMap, {
      metadata: { name: 'in-process', namespace: 'default' },
      data: { a: 'b' },
    })
    const read = await client.get(ConfigMap, { namespace: 'default', name: 'in-process' })
    expect(read).toBe(server.store.get('/registry/core/configmaps/default/in-process')!.object)
    expect(read.metadata.uid).toBe(made.metadata.uid)
    await expect(client.get(ConfigMap, { namespace: 'default', name: 'no' })).rejects.toMatchObject({ code: 404 })
    const nobody = server.clientAs({ name: 'nobody', groups: [] })
    await expect(nobody.list(ConfigMap)).rejects.toMatchObject({
      code: 403,
      message:
        'configmaps is forbidden: User "nobody" cannot list resource "configmaps" in API group "" at the cluster scope',
    })
  })

  test('a watch yields frames and ends with its signal', async () => {
    const stop = new AbortController()
    const events: string[] = []
    const done = (async () => {
      const query = { namespace: 'w-process', signal: stop.signal }
      for await (const { type, object } of server.clientAs(testAdmin).watch(ConfigMap, query))
        events.push(`${type} ${object.metadata.name}`)
    })()
    await make('w-process', 'a')
    await eventually(() => expect(events).toEqual(['ADDED a']))
    stop.abort()
    await done
  })

  test('closing the server ends watches', async () => {
    const own = await startTestApiServer()
    const ended = (async () => {
      for await (const _frame of own.clientAs().watch(ConfigMap)) break
    })()
    await own[Symbol.asyncDispose]()
    await ended
  })
})
