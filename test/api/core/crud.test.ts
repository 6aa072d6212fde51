// The write verbs over TLS, seen as a client sees them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Pod } from '../../../src/shared/api/core/v1.ts'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { type AnyJson, CONFIG_MAPS, configMap, pod, PODS, raw } from './support/raw.ts'

let server: TestApiServer
beforeAll(async () => {
  server = await startTestApiServer()
})
afterAll(() => server[Symbol.asyncDispose]())

describe('create', () => {
  test('answers 201 with uid, creationTimestamp and resourceVersion', async () => {
    const { code, json } = await raw(server, CONFIG_MAPS, { body: configMap('made') })
    expect(code).toBe(201)
    expect(json).toMatchObject({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { name: 'made', namespace: 'default' },
    })
    expect(json.metadata!.uid).toMatch(/^[0-9a-f-]{36}$/)
    expect(json.metadata!.resourceVersion).toMatch(/^\d+$/)
    expect(Date.parse(json.metadata!.creationTimestamp!)).toBeGreaterThan(Date.now() - 60_000)
  })

  test('answers AlreadyExists for a name that exists', async () => {
    await raw(server, CONFIG_MAPS, { body: configMap('twice') })
    const { code, json } = await raw(server, CONFIG_MAPS, { body: configMap('twice') })
    expect(code).toBe(409)
    expect(json).toMatchObject({
      kind: 'Status',
      reason: 'AlreadyExists',
      message: 'configmaps "twice" already exists',
      details: { name: 'twice', kind: 'configmaps' },
    })
  })

  test('does not let the client choose uid, creationTimestamp or deletionTimestamp', async () => {
    const metadata = {
      name: 'forged',
      uid: 'mine',
      creationTimestamp: '2001-01-01T00:00:00Z',
      deletionTimestamp: '2001-01-01T00:00:00Z',
    }
    const { json } = await raw(server, CONFIG_MAPS, { body: configMap('forged', { metadata }) })
    expect(json.metadata!.uid).not.toBe('mine')
    expect(json.metadata!.creationTimestamp).not.toContain('2001')
    expect(json.metadata!.deletionTimestamp).toBeUndefined()
  })

  test.each([
    [
      'kind: Pod',
      "couldn't get version/kind; json parse error: invalid character 'k' looking for beginning of value (6b696e643a20506f64)",
    ],
    ['{"kind":', `couldn't get version/kind; json parse error: unexpected end of JSON input ({"kind":)`],
    [
      `{"kind":"ConfigMap","apiVersion" "v1"}`,
      `couldn't get version/kind; json parse error: invalid character '"' after object key ({"kind":"ConfigMap","apiVersio ...)`,
    ],
    ['', "couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)"],
  ])('says what was expected of the body %j, which is no object', async (body, message) => {
    const { code, json } = await raw(server, CONFIG_MAPS, { method: 'POST', body })
    expect(code).toBe(400)
    expect(json.message).toBe(`the object provided is unrecognized (must be of type ConfigMap): ${message}`)
  })

  test('makes a name from generateName', async () => {
    const metadata = { generateName: 'job-' }
    const first = await raw(server, CONFIG_MAPS, { body: configMap('', { metadata }) })
    const second = await raw(server, CONFIG_MAPS, { body: configMap('', { metadata }) })
    expect(first.json.metadata!.name).toMatch(/^job-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
    expect(second.json.metadata!.name).not.toBe(first.json.metadata!.name)
  })

  test('refuses an object without a name', async () => {
    const { code, json } = await raw(server, CONFIG_MAPS, { body: configMap('', { metadata: {} }) })
    expect(code).toBe(422)
    expect(json.message).toContain('metadata.name: Required value: name or generateName is required')
  })

  test('refuses a name that is not a DNS subdomain', async () => {
    const { code, json } = await raw(server, CONFIG_MAPS, { body: configMap('Not_A_Name') })
    expect(code).toBe(422)
    expect(json.reason).toBe('Invalid')
    expect(json.message).toContain(
      'ConfigMap "Not_A_Name" is invalid: metadata.name: Invalid value: "Not_A_Name": a lowercase RFC 1123 subdomain',
    )
  })

  test('drops the namespace of what has none', async () => {
    const nodes = '/api/v1/nodes'
    const node = (labels: object) => ({ metadata: { name: 'without', namespace: 'other', labels } })
    const answers = [
      await raw(server, nodes, { body: node({}) }),
      await raw(server, `${nodes}/without`, { method: 'PUT', body: node({ a: 'b' }) }),
      await raw(server, `${nodes}/without`, {
        method: 'PATCH',
        body: node({ c: 'd' }),
        headers: { 'content-type': 'application/merge-patch+json' },
      }),
    ]
    expect(answers.map(({ code }) => code)).toEqual([201, 200, 200])
    for (const { json } of answers) expect(json.metadata).not.toHaveProperty('namespace')
  })

  test('refuses a namespace other than the URL says', async () => {
    const { code, json } = await raw(server, CONFIG_MAPS, {
      body: configMap('elsewhere', { metadata: { name: 'elsewhere', namespace: 'other' } }),
    })
    expect(code).toBe(400)
    expect(json.message).toBe('the namespace of the provided object does not match the namespace sent on the request')
  })

  test('refuses a resourceVersion', async () => {
    const metadata = { name: 'versioned', resourceVersion: '5' }
    const { code, json } = await raw(server, CONFIG_MAPS, { body: configMap('versioned', { metadata }) })
    expect(code).toBe(400)
    expect(json.message).toBe('resourceVersion should not be set on objects to be created')
    // As upstream: a dry run does not get as far as the store, which minds.
    const tried = await raw(server, `${CONFIG_MAPS}?dryRun=All`, { body: configMap('versioned', { metadata }) })
    expect(tried.code).toBe(201)
  })

  test('refuses another kind and another version than the URL says', async () => {
    const kind = await raw(server, CONFIG_MAPS, { body: { ...configMap('k'), kind: 'Secret' } })
    expect(kind.code).toBe(400)
    const version = await raw(server, CONFIG_MAPS, { body: { ...configMap('k'), apiVersion: 'apps/v1' } })
    expect(version.code).toBe(400)
    expect(version.json.message).toBe(
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: no kind "ConfigMap" is registered for version "apps/v1" in scheme "pkg/runtime/scheme.go:111"',
    )
    const older = await raw(server, CONFIG_MAPS, { body: { ...configMap('a'), apiVersion: 'v1beta1' } })
    expect(older.json.message).toBe(
      'the API version in the data (v1beta1) does not match the expected API version (v1)',
    )
  })

  test('stores nothing on dry run', async () => {
    const { code, json } = await raw(server, `${CONFIG_MAPS}?dryRun=All`, { body: configMap('dry') })
    expect(code).toBe(201)
    expect(json.metadata!.uid).toBeTruthy()
    expect((await raw(server, `${CONFIG_MAPS}/dry`)).code).toBe(404)
    const wrong = await raw(server, `${CONFIG_MAPS}?dryRun=Some`, { body: configMap('dry') })
    expect(wrong.code).toBe(422)
    expect(wrong.json.message).toContain('dryRun: Unsupported value: ["Some"]: supported values: "All"')
  })

  test('keeps a key called __proto__ as data', async () => {
    const body =
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"proto"},"data":{"__proto__":"mine","constructor":"x"}}'
    const made = await raw(server, CONFIG_MAPS, { body, method: 'POST' })
    expect(made.code).toBe(201)
    const { text } = await raw(server, `${CONFIG_MAPS}/proto`)
    expect(text).toContain('"__proto__":"mine"')
    expect(({} as Record<string, unknown>).mine).toBeUndefined()
  })
})

describe('field validation', () => {
  const body = { ...configMap('strict'), foo: 1, metadata: { name: 'strict', bar: 2 } }

  test('Strict refuses unknown fields in upstream words', async () => {
    const { code, json } = await raw(server, `${CONFIG_MAPS}?fieldValidation=Strict`, { body })
    expect(code).toBe(400)
    expect(json.message).toBe(
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "metadata.bar", unknown field "foo"',
    )
  })

  test('Warn is the default: it prunes and says so in Warning headers', async () => {
    const { code, headers, json } = await raw(server, CONFIG_MAPS, { body })
    expect(code).toBe(201)
    expect(headers.warning).toContain('299 - "unknown field \\"foo\\""')
    expect(json.foo).toBeUndefined()
  })

  test('a warning may hold any text, as UTF-8', async () => {
    const odd = { ...configMap('odd'), 'schlüssel ключ 💥': 1 }
    const { code, headers } = await raw(server, CONFIG_MAPS, { body: odd })
    expect(code).toBe(201)
    const text = Buffer.from(String(headers.warning), 'latin1').toString('utf8')
    expect(text).toBe('299 - "unknown field \\"schlüssel ключ 💥\\""')
  })

  test('Strict refuses a field that is given twice', async () => {
    const twice = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"dup"},"data":{"a":"1"},"data":{"b":"2"}}'
    const { code, json } = await raw(server, `${CONFIG_MAPS}?fieldValidation=Strict`, { body: twice })
    expect(code).toBe(400)
    expect(json.message).toContain('duplicate field "data"')
  })

  test('Strict tells unknown and doubled fields in the order of the text', async () => {
    const head = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"order"}'
    const complaints = async (rest: string) =>
      (await raw(server, `${CONFIG_MAPS}?fieldValidation=Strict`, { body: `${head},${rest}}` })).json.message
    expect(await complaints('"odd":1,"data":{"a":"1"},"data":{"b":"2"}')).toContain(
      'strict decoding error: unknown field "odd", duplicate field "data"',
    )
    expect(await complaints('"data":{"a":"1"},"data":{"b":"2"},"odd":1')).toContain(
      'strict decoding error: duplicate field "data", unknown field "odd"',
    )
  })

  test('Ignore prunes silently', async () => {
    const quiet = { ...body, metadata: { name: 'quiet', bar: 2 } }
    const { code, headers } = await raw(server, `${CONFIG_MAPS}?fieldValidation=Ignore`, { body: quiet })
    expect(code).toBe(201)
    expect(headers.warning).toBeUndefined()
  })
})

describe('bodies', () => {
  test('a wrong type answers 400 as the decoder of upstream words it', async () => {
    const { code, json } = await raw(server, CONFIG_MAPS, { body: configMap('wrong', { data: 'text' }) })
    expect(code).toBe(400)
    expect(json.reason).toBe('BadRequest')
    expect(json.message).toContain(
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal string',
    )
  })
  test('broken JSON answers 400', async () => {
    const { code, json } = await raw(server, CONFIG_MAPS, { body: '{"kind": "ConfigMap", ' })
    expect(code).toBe(400)
    expect(json.kind).toBe('Status')
  })
  test('YAML is read', async () => {
    const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-yaml}\ndata: {a: "1"}\n'
    const { code, json } = await raw(server, CONFIG_MAPS, { body, headers: { 'content-type': 'application/yaml' } })
    expect(code).toBe(201)
    expect(json.data).toEqual({ a: '1' })
  })
  test('collections of metadata that hold nothing are not there, after a create and after a patch', async () => {
    const empty = { labels: {}, annotations: {}, finalizers: [], ownerReferences: [] }
    const made = await raw(server, CONFIG_MAPS, { body: configMap('bare', { metadata: { name: 'bare', ...empty } }) })
    const put = await raw(server, `${CONFIG_MAPS}/bare`, {
      method: 'PATCH',
      body: [{ op: 'add', path: '/metadata/labels', value: {} }],
      headers: { 'content-type': 'application/json-patch+json' },
    })
    for (const { code, json } of [made, put]) {
      expect(code).toBeLessThan(300)
      expect(Object.keys(empty).filter(field => field in json.metadata)).toEqual([])
    }
    expect(put.json.metadata.resourceVersion).toBe(made.json.metadata.resourceVersion)
  })
  test('an unknown format answers 415', async () => {
    const { code, json } = await raw(server, CONFIG_MAPS, { body: 'x', headers: { 'content-type': 'text/plain' } })
    expect(code).toBe(415)
    expect(json.reason).toBe('UnsupportedMediaType')
  })
  test('more than 3 MiB answers 413 with a Status', async () => {
    const body = configMap('big', { data: { key: 'x'.repeat(4 * 1024 * 1024) } })
    const { code, json } = await raw(server, CONFIG_MAPS, { body })
    expect(code).toBe(413)
    expect(json).toMatchObject({ kind: 'Status', reason: 'RequestEntityTooLarge' })
  })
  test('a chunked body of more than 3 MiB answers 413 as well', async () => {
    const { code } = await raw(server, CONFIG_MAPS, {
      body: 'x'.repeat(4 * 1024 * 1024),
      headers: { 'transfer-encoding': 'chunked' },
    })
    expect(code).toBe(413)
  })
})

describe('update', () => {
  test('refuses a stale resourceVersion with Conflict', async () => {
    const { json: made } = await raw(server, CONFIG_MAPS, { body: configMap('stale') })
    const path = `${CONFIG_MAPS}/stale`
    expect((await raw(server, path, { method: 'PUT', body: { ...made, data: { key: '1' } } })).code).toBe(200)
    const { code, json } = await raw(server, path, { method: 'PUT', body: { ...made, data: { key: '2' } } })
    expect(code).toBe(409)
    expect(json.message).toBe(
      'Operation cannot be fulfilled on configmaps "stale": the object has been modified; please apply your changes to the latest version and try again',
    )
  })

  test('without a resourceVersion is unconditional', async () => {
    await raw(server, CONFIG_MAPS, { body: configMap('free') })
    const { code, json } = await raw(server, `${CONFIG_MAPS}/free`, {
      method: 'PUT',
      body: configMap('free', { data: { key: 'new' } }),
    })
    expect(code).toBe(200)
    expect(json.data).toEqual({ key: 'new' })
  })

  test('of nothing answers 404', async () => {
    const { code, json } = await raw(server, `${CONFIG_MAPS}/absent`, { method: 'PUT', body: configMap('absent') })
    expect(code).toBe(404)
    expect(json.message).toBe('configmaps "absent" not found')
  })

  test('refuses another name than the URL says', async () => {
    const { code, json } = await raw(server, `${CONFIG_MAPS}/one`, { method: 'PUT', body: configMap('two') })
    expect(code).toBe(400)
    expect(json.message).toBe('the name of the object (two) does not match the name on the URL (one)')
  })

  test('that changes nothing keeps the resourceVersion', async () => {
    const { json: made } = await raw(server, CONFIG_MAPS, { body: configMap('same') })
    const { json } = await raw(server, `${CONFIG_MAPS}/same`, { method: 'PUT', body: made })
    expect(json.metadata!.resourceVersion).toBe(made.metadata!.resourceVersion)
  })

  test('bumps the generation when the spec changes and leaves the status alone', async () => {
    const path = '/apis/apps/v1/namespaces/default/deployments'
    const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
    const spec = { replicas: 1, selector: { matchLabels: { app: 'a' } }, template }
    const body = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'gen' }, spec, status: { replicas: 9 } }
    const { json: made } = await raw(server, path, { body })
    expect(made.metadata!.generation).toBe(1)
    expect(made.status!.replicas).toBeUndefined()
    const changed = { ...made, spec: { ...made.spec, replicas: 2 }, status: { replicas: 7 } }
    const { json } = await raw(server, `${path}/gen`, { method: 'PUT', body: changed })
    expect(json.metadata!.generation).toBe(2)
    expect(json.status!.replicas).toBeUndefined()
    const status = { ...json, spec: { ...json.spec, replicas: 99 }, status: { replicas: 2, observedGeneration: 2 } }
    const written = await raw(server, `${path}/gen/status`, { method: 'PUT', body: status })
    expect(written.json).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 2 }, status: { replicas: 2 } })
  })
})

describe('patch', () => {
  const types = {
    json: 'application/json-patch+json',
    merge: 'application/merge-patch+json',
    strategic: 'application/strategic-merge-patch+json',
  }
  const patch = (name: string, type: string, body: unknown, query = '') =>
    raw(server, `${CONFIG_MAPS}/${name}${query}`, { method: 'PATCH', body, headers: { 'content-type': type } })

  test('merge, JSON and strategic patches change the object', async () => {
    await raw(server, CONFIG_MAPS, { body: configMap('patched') })
    const merged = await patch('patched', types.merge, { data: { key: null, a: '1' } })
    expect(merged.json.data).toEqual({ a: '1' })
    const json = await patch('patched', types.json, [{ op: 'add', path: '/data/b', value: '2' }])
    expect(json.json.data).toEqual({ a: '1', b: '2' })
    const strategic = await patch('patched', types.strategic, { metadata: { labels: { x: 'y' } } })
    expect(strategic.json.metadata!.labels).toEqual({ x: 'y' })
  })
  test('with the wrong resourceVersion answers Conflict', async () => {
    await raw(server, CONFIG_MAPS, { body: configMap('patched-stale') })
    const { code } = await patch('patched-stale', types.merge, { metadata: { resourceVersion: '1' }, data: { a: '1' } })
    expect(code).toBe(409)
  })
  test('of many clients at once all take effect', async () => {
    await raw(server, CONFIG_MAPS, { body: configMap('raced', { data: {} }) })
    const keys = Array.from({ length: 20 }, (_, i) => `k${i}`)
    const answers = await Promise.all(keys.map((key: AnyJson) => patch('raced', types.merge, { data: { [key]: 'x' } })))
    expect(answers.map(({ code }) => code)).toEqual(keys.map(() => 200))
    const { json } = await raw(server, `${CONFIG_MAPS}/raced`)
    expect(Object.keys(json.data!).sort()).toEqual([...keys].sort())
  })
  test('that breaks a type answers 422, and Strict refuses unknown fields', async () => {
    await raw(server, CONFIG_MAPS, { body: configMap('patch-bad') })
    expect((await patch('patch-bad', types.merge, { data: 'text' })).code).toBe(422)
    const strict = await patch('patch-bad', types.merge, { foo: 1 }, '?fieldValidation=Strict')
    expect(strict.code).toBe(422)
    expect(strict.json.message).toContain('strict decoding error: unknown field "foo"')
  })
  test.each([
    ['merge', types.merge, (managedFields: unknown) => ({ metadata: { managedFields } })],
    ['strategic', types.strategic, (managedFields: unknown) => ({ metadata: { managedFields } })],
    ['json', types.json, (value: unknown) => [{ op: 'replace', path: '/metadata/managedFields', value }]],
  ])('%s: who owns what stays where it is not named, and is reset by [] and by [{}]', async (name, type, saying) => {
    for (const none of [[], [{}]]) {
      const owned = `owned-${name}-${none.length}`
      await raw(server, `${CONFIG_MAPS}?fieldManager=ann`, { body: configMap(owned) })
      const change = async (how: string, body: unknown, manager: string) => {
        const { json } = await patch(owned, how, body, `?fieldManager=${manager}`)
        return json.metadata!.managedFields?.map((entry: AnyJson) => entry.manager) ?? []
      }
      const other = type === types.json ? types.merge : type
      expect(await change(other, { metadata: { labels: { x: 'y' } } }, 'bob')).toEqual(['ann', 'bob'])
      expect(await change(other, { metadata: { labels: { x: 'y' } } }, 'eve')).toEqual(['ann', 'bob'])
      expect(await change(type, saying(none), 'eve')).toEqual([])
    }
  })
  test('nothing that clients of this process hold changes by a later write', async () => {
    const held = async () => (await server.clientAs().get(Pod, { namespace: 'default', name: 'held' })) as unknown
    await raw(server, PODS, { body: pod('held', { metadata: { labels: { a: '1' } }, spec: { nodeName: 'n' } }) })
    const status = { conditions: [{ type: 'Ready', status: 'True' }] }
    const writes = [
      { path: '/held/status', type: types.strategic, body: { status } },
      { path: '/held', type: types.strategic, body: { metadata: { labels: { b: '2' } } } },
      { path: '/held', type: types.merge, body: { spec: { activeDeadlineSeconds: 60 } } },
    ]
    for (const { path, type, body } of writes) {
      const before = await held()
      const copy = structuredClone(before)
      const { code } = await raw(server, `${PODS}${path}`, { method: 'PATCH', body, headers: { 'content-type': type } })
      expect(code).toBe(200)
      expect(before).toEqual(copy)
      expect(await held()).not.toEqual(copy)
    }
    const before = await held()
    const copy = structuredClone(before)
    expect((await raw(server, `${PODS}/held`, { method: 'DELETE' })).json.metadata!.deletionTimestamp).toBeDefined()
    expect(before).toEqual(copy)
  })
  test('of an unknown type answers 415', async () => {
    await raw(server, CONFIG_MAPS, { body: configMap('patch-type') })
    expect((await patch('patch-type', 'application/json', {})).code).toBe(415)
  })
  test('of nothing answers 404', async () => {
    expect((await patch('never-was', types.merge, {})).code).toBe(404)
  })
})

describe('scale', () => {
  const path = '/apis/apps/v1/namespaces/default/deployments'
  const template = { metadata: { labels: { app: 's' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const body = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'scaled' },
    spec: { replicas: 1, selector: { matchLabels: { app: 's' } }, template },
  }

  test('reads and writes replicas as autoscaling/v1 Scale', async () => {
    await raw(server, path, { body })
    const { json: scale } = await raw(server, `${path}/scaled/scale`)
    expect(scale).toMatchObject({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      spec: { replicas: 1 },
      status: { selector: 'app=s' },
    })
    const accept = 'application/json;as=Table;g=meta.k8s.io;v=v1'
    const { json: table } = await raw(server, `${path}/scaled/scale`, { headers: { accept } })
    expect(table.columnDefinitions.map(({ name }: { name: string }) => name)).toEqual([
      'Name',
      'Desired',
      'Available',
      'Age',
    ])
    expect(table.rows[0].cells.slice(0, 3)).toEqual(['scaled', scale.spec.replicas, 0])
    const put = await raw(server, `${path}/scaled/scale`, { method: 'PUT', body: { ...scale, spec: { replicas: 4 } } })
    expect(put.json.spec).toEqual({ replicas: 4 })
    const stale = await raw(server, `${path}/scaled/scale`, {
      method: 'PUT',
      body: { ...scale, spec: { replicas: 5 } },
    })
    expect(stale.code).toBe(409)
    const patched = await raw(server, `${path}/scaled/scale`, {
      method: 'PATCH',
      body: { spec: { replicas: 3 } },
      headers: { 'content-type': 'application/merge-patch+json' },
    })
    expect(patched.json.spec).toEqual({ replicas: 3 })
    expect((await raw(server, `${path}/scaled`)).json).toMatchObject({
      metadata: { generation: 3 },
      spec: { replicas: 3 },
    })
  })
  test('refuses a negative number', async () => {
    const { code, json } = await raw(server, `${path}/scaled/scale`, {
      method: 'PATCH',
      body: { spec: { replicas: -1 } },
      headers: { 'content-type': 'application/merge-patch+json' },
    })
    expect(code).toBe(422)
    expect(json.message).toContain('spec.replicas: Invalid value: -1: must be greater than or equal to 0')
  })
})

describe('delete', () => {
  const remove = (path: string, body?: unknown) => raw(server, path, { method: 'DELETE', ...(body ? { body } : {}) })

  test('answers Success with the uid and the object is gone', async () => {
    const { json: made } = await raw(server, CONFIG_MAPS, { body: configMap('gone') })
    const { code, json } = await remove(`${CONFIG_MAPS}/gone`)
    expect(code).toBe(200)
    expect(json).toMatchObject({
      status: 'Success',
      details: { name: 'gone', kind: 'configmaps', uid: made.metadata!.uid },
    })
    expect((await raw(server, `${CONFIG_MAPS}/gone`)).json).toMatchObject({ code: 404, reason: 'NotFound' })
  })
  test('honours preconditions', async () => {
    await raw(server, CONFIG_MAPS, { body: configMap('guarded') })
    const { code, json } = await remove(`${CONFIG_MAPS}/guarded`, { preconditions: { uid: 'other' } })
    expect(code).toBe(409)
    expect(json.message).toContain('the UID in the precondition (other) does not match the UID in record')
    expect((await raw(server, `${CONFIG_MAPS}/guarded`)).code).toBe(200)
  })
  test('waits for finalizers; removing the last one removes the object', async () => {
    const metadata = { name: 'held', finalizers: ['example.com/hold'] }
    await raw(server, CONFIG_MAPS, { body: configMap('held', { metadata }) })
    const { code, json } = await remove(`${CONFIG_MAPS}/held`)
    expect(code).toBe(200)
    expect(json.metadata!.deletionTimestamp).toBeTruthy()
    expect((await raw(server, `${CONFIG_MAPS}/held`)).code).toBe(200)
    const more = await raw(server, `${CONFIG_MAPS}/held`, {
      method: 'PATCH',
      body: { metadata: { finalizers: ['example.com/hold', 'example.com/more'] } },
      headers: { 'content-type': 'application/merge-patch+json' },
    })
    expect(more.code).toBe(422)
    await raw(server, `${CONFIG_MAPS}/held`, {
      method: 'PATCH',
      body: { metadata: { finalizers: null } },
      headers: { 'content-type': 'application/merge-patch+json' },
    })
    expect((await raw(server, `${CONFIG_MAPS}/held`)).code).toBe(404)
  })
  test('of a scheduled pod waits for its grace period; a second, shorter one counts from the first', async () => {
    const body = pod('graceful', { spec: { nodeName: 'n1', terminationGracePeriodSeconds: 40 } })
    expect((await raw(server, PODS, { body })).code).toBe(201)
    const first = await remove(`${PODS}/graceful`)
    expect(first.json.metadata!.deletionGracePeriodSeconds).toBe(40)
    const second = await remove(`${PODS}/graceful?gracePeriodSeconds=10`)
    expect(second.json.metadata!.deletionGracePeriodSeconds).toBe(10)
    const [a, b] = [first, second].map(({ json }) => Date.parse(json.metadata!.deletionTimestamp!))
    expect(a! - b!).toBe(30_000)
    await remove(`${PODS}/graceful?gracePeriodSeconds=0`)
    expect((await raw(server, `${PODS}/graceful`)).code).toBe(404)
  })
  test('of a pod that may end in its time counts as a generation, as its changes do; the first one is 1, whatever is asked', async () => {
    const body = pod('counted', { metadata: { generation: 100 }, spec: { nodeName: 'n1' } })
    expect((await raw(server, PODS, { body })).json.metadata!.generation).toBe(1)
    const patch = (content: object) =>
      raw(server, `${PODS}/counted`, { method: 'PATCH', body: content, headers: { 'content-type': 'application/merge-patch+json' } }) // prettier-ignore
    expect((await patch({ metadata: { labels: { a: 'b' } } })).json.metadata!.generation).toBe(1)
    const containers = [{ name: 'main', image: 'example.test/app:2' }]
    expect((await patch({ spec: { containers } })).json.metadata!.generation).toBe(2)
    expect((await remove(`${PODS}/counted`)).json.metadata!.generation).toBe(3)
    await remove(`${PODS}/counted?gracePeriodSeconds=0`)
  })
  test('counts the generation that an object of a kind without one was made with, which no update changes', async () => {
    const finalizers = ['example.com/kept']
    const made = configMap('given')
    const body = { ...made, metadata: { ...made.metadata, generation: 100, finalizers } }
    expect((await raw(server, CONFIG_MAPS, { body })).json.metadata!.generation).toBe(100)
    const patch = (metadata: object) =>
      raw(server, `${CONFIG_MAPS}/given`, { method: 'PATCH', body: { metadata }, headers: { 'content-type': 'application/merge-patch+json' } }) // prettier-ignore
    expect((await patch({ generation: 200, labels: { a: 'b' } })).json.metadata!.generation).toBe(100)
    expect((await remove(`${CONFIG_MAPS}/given`)).json.metadata!.generation).toBe(101)
    await patch({ finalizers: null })
    const other = configMap('negative')
    const refused = await raw(server, CONFIG_MAPS, {
      body: { ...other, metadata: { ...other.metadata, generation: -1 } },
    })
    expect(refused.code).toBe(422)
    const nothing = { body: { ...other, metadata: { ...other.metadata, generation: 0 } } }
    expect((await raw(server, CONFIG_MAPS, nothing)).json.metadata!.generation).toBeUndefined()
    await remove(`${CONFIG_MAPS}/negative`)
  })
  test('with propagationPolicy adds the finalizer of the garbage collector', async () => {
    await raw(server, CONFIG_MAPS, { body: configMap('fore') })
    const fore = await remove(`${CONFIG_MAPS}/fore`, { propagationPolicy: 'Foreground' })
    expect(fore.code).toBe(200)
    expect(fore.json.metadata!.finalizers).toEqual(['foregroundDeletion'])
    // Whoever asks for it in the older way is told that it is not over yet.
    await raw(server, CONFIG_MAPS, {
      body: configMap('held', { metadata: { name: 'held', finalizers: ['example.com/hold'] } }),
    })
    expect((await remove(`${CONFIG_MAPS}/held`, { orphanDependents: false })).code).toBe(202)
    await raw(server, CONFIG_MAPS, { body: configMap('orphaning') })
    const orphan = await remove(`${CONFIG_MAPS}/orphaning`, { orphanDependents: true })
    expect(orphan.json.metadata!.finalizers).toEqual(['orphan'])
    const both = await remove(`${CONFIG_MAPS}/orphaning`, { orphanDependents: true, propagationPolicy: 'Orphan' })
    expect(both.code).toBe(422)
  })
  test('of a collection honours selectors', async () => {
    const labels = (app: string) => ({ labels: { app } })
    for (const [name, app] of [
      ['c1', 'in'],
      ['c2', 'in'],
      ['c3', 'out'],
    ] as const)
      await raw(server, CONFIG_MAPS, { body: configMap(name, { metadata: { name, ...labels(app) } }) })
    const { code, json } = await remove(`${CONFIG_MAPS}?labelSelector=app%3Din`)
    expect(code).toBe(200)
    expect(json.items!.map((item: AnyJson) => item.metadata!.name)).toEqual(['c1', 'c2'])
    expect((await raw(server, `${CONFIG_MAPS}/c1`)).code).toBe(404)
    expect((await raw(server, `${CONFIG_MAPS}/c3`)).code).toBe(200)
  })
  test('of a namespace marks it Terminating until its finalizers are empty', async () => {
    await raw(server, '/api/v1/namespaces', { body: { metadata: { name: 'doomed' } } })
    const { json } = await remove('/api/v1/namespaces/doomed')
    expect(json.status!.phase).toBe('Terminating')
    expect((await raw(server, '/api/v1/namespaces/doomed')).code).toBe(200)
  })
})

describe('paths and methods', () => {
  test.each([
    ['/api/v1/nothings', 404, 'the server could not find the requested resource'],
    ['/apis/none/v1/things', 404, 'the server could not find the requested resource'],
    ['/nowhere', 404, 'the server could not find the requested resource'],
    ['/api/v1/namespaces/default/nodes', 404, 'the server could not find the requested resource'],
  ])('GET %s answers %i', async (path, code, message) => {
    const answer = await raw(server, path)
    expect(answer.code).toBe(code)
    expect(answer.json).toMatchObject({ kind: 'Status', message })
  })
  test('a method that the resource does not have answers 405', async () => {
    const { code, json } = await raw(server, CONFIG_MAPS, { method: 'PUT', body: configMap('x') })
    expect(code).toBe(405)
    expect(json.reason).toBe('MethodNotAllowed')
    expect((await raw(server, CONFIG_MAPS, { method: 'HEAD' })).code).toBe(405)
  })
  const ALL = 'application/json, application/yaml, application/vnd.kubernetes.protobuf'
  const STREAMS = 'application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch'
  const NONE = '406: Not Acceptable\n\nAvailable representations: '
  const ONLY = 'only the following media types are accepted: '
  test.each([
    ['a list', CONFIG_MAPS, 'image/png', `${NONE}${ALL}, ${STREAMS}`],
    ['an object', `${CONFIG_MAPS}/x`, 'text/html, image/png', `${NONE}${ALL}`],
    ['a list', CONFIG_MAPS, 'application/json;as=Other;v=v1;g=meta.k8s.io', `${ONLY}${ALL}`],
    ['a list', CONFIG_MAPS, 'application/json;stream=other', `${ONLY}${ALL}`],
    ['a list', CONFIG_MAPS, 'application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io', `${ONLY}${ALL}`],
    ['a watch', `${CONFIG_MAPS}?watch=1`, 'application/yaml', `${ONLY}${STREAMS}`],
  ])('of %s (%s), an Accept header that nothing fits (%s) answers 406', async (_what, path, accept, message) => {
    const answer = await raw(server, path, { headers: { accept } })
    expect(answer.code).toBe(406)
    if (accept.includes('yaml')) expect(answer.text).toContain(`message: "${message}"`)
    else expect(answer.json).toMatchObject({ reason: 'NotAcceptable', message })
  })
  test('a name cannot climb out of its collection', async () => {
    for (const name of ['..%2f..%2fsecrets%2fx', '%2e%2e', 'a%2Fb', 'a%00b'])
      expect((await raw(server, `${CONFIG_MAPS}/${name}`)).code).toBeGreaterThanOrEqual(400)
  })
})
