// Whole numbers of 64 bits in what users define: every digit comes back, by every way in and every way out.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dueTimes } from '../../../src/main/controllers/cronjob/schedule.ts'
import { evictionMs } from '../../../src/main/controllers/device-taint-eviction/eviction-time.ts'
import { oneMore } from '../../../src/shared/machinery/whole-number.ts'
import { decodeProtobuf } from '../../../src/main/apiserver/codec/protobuf/envelope.ts'
import { CustomResourceDefinition, type JSONSchemaProps } from '../../../src/shared/api/apiextensions/v1.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import { encodeJson, parseJson } from '../../../src/shared/machinery/json-text.ts'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { eventually } from '../../support/eventually.ts'
import { startWebhookServer, type WebhookServer } from '../../support/webhook-server.ts'
import { tempFolder } from '../../store/temp-folder.ts'
import { type RawOptions, raw } from '../core/support/raw.ts'
import { graceSecondsOf } from '../../../src/agent/kubelet/spec/grace.ts'
import { finishedMs } from '../../../src/main/controllers/job/failure-backoff.ts'
import { msUntilDeadline } from '../../../src/main/controllers/job/verdict.ts'
import { toleratedMs } from '../../../src/main/controllers/taint-eviction/tolerations.ts'
import { LONGEST_SECONDS } from '../../../src/shared/machinery/seconds.ts'

const [BIG, NEXT, LEAST] = [9007199254740993n, 9007199254740995n, -9223372036854775808n]
const group = 'wide.example.com'
const path = (name = '', version = 'v1') => `/apis/${group}/${version}/wides${name && `/${name}`}`

const schema: JSONSchemaProps = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      'x-kubernetes-validations': [
        { rule: '!has(self.at) || self.at - 1 != 9007199254740993', message: 'not that one' },
        { rule: '!has(self.share) || self.share >= 0.0', message: 'a share is a double' },
      ],
      properties: {
        at: { type: 'integer', format: 'int64', minimum: -9223372036854775808 as number },
        share: { type: 'number' },
        least: { type: 'integer', default: LEAST as unknown as object },
        port: { 'x-kubernetes-int-or-string': true },
        ids: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'integer' } },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      },
    },
  },
}
const version = (name: string, storage: boolean) => ({
  ...{ name, served: true, storage, schema: { openAPIV3Schema: schema } },
  additionalPrinterColumns: [{ name: 'At', type: 'integer', jsonPath: '.spec.at' }],
})

let folder: Awaited<ReturnType<typeof tempFolder>>
let api: TestApiServer
let hooks: WebhookServer
beforeAll(async () => {
  folder = await tempFolder()
  api = await startTestApiServer({ dataDir: folder.path })
  hooks = await startWebhookServer()
  hooks.on('/convert', ({ desiredAPIVersion, objects }: { desiredAPIVersion: string; objects: AnyObject[] }) => ({
    convertedObjects: objects.map(object => ({ ...object, apiVersion: desiredAPIVersion })),
    result: { status: 'Success' },
  }))
  await api.clientAs().create(CustomResourceDefinition, {
    metadata: { name: `wides.${group}` },
    spec: {
      group,
      scope: 'Cluster',
      names: { plural: 'wides', kind: 'Wide' },
      versions: [version('v1', true), version('v2', false)],
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
    if (!api.server.context.resources.byUrl(group, 'v2', 'wides')) throw new Error('not served yet')
  })
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
  await hooks[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

type Json = AnyObject & { spec: Record<string, unknown>; message?: string }

const wide = (name: string, spec: object) => ({ apiVersion: `${group}/v1`, kind: 'Wide', metadata: { name }, spec })

/** A request over TLS, whose numbers are read and written digit by digit. */
async function ask(at: string, options: RawOptions = {}): Promise<{ code: number; text: string; json: Json }> {
  const { body } = options
  const text = body === undefined || typeof body === 'string' ? body : encodeJson(body)
  const answer = await raw(api, at, { ...options, ...(text === undefined ? {} : { body: text }) })
  const isJson = answer.headers['content-type']?.includes('json')
  return { code: answer.code, text: answer.text, json: (isJson ? parseJson(answer.text) : undefined) as Json }
}
const make = (name: string, spec: object) => ask(path(), { body: wide(name, spec) })
const patch = (name: string, type: string, body: unknown) =>
  ask(`${path(name)}?fieldManager=me`, { method: 'PATCH', body, headers: { 'content-type': `application/${type}` } })

describe('a number that no double holds', () => {
  const message = 'json: cannot unmarshal number 1e400 into Go value of type float64'
  test.each<[string, string, string]>([
    ['merge-patch+json', '{"spec":{"share":1e400}}', message],
    ['json-patch+json', '[{"op":"add","path":"/spec/share","value":1e400}]', message],
    ['json', `{"apiVersion":"${group}/v1","kind":"Wide","metadata":{"name":"x"},"spec":{"share":1e400}}`, message],
    [
      'json',
      `{"apiVersion":"${group}/v1","kind":"Wide","metadata":{"name":"x"},"spec":{"free":{"deep":[1e400]}}}`,
      message,
    ],
    [
      'yaml',
      `{apiVersion: ${group}/v1, kind: Wide, metadata: {name: x}, spec: {share: 1e400}}`,
      'unsupported value: +Inf',
    ],
  ])('is refused in %s: %s', async (type, body, why) => {
    await make('bounded', { share: 1.5 })
    const headers = { 'content-type': `application/${type}` }
    const isPatch = type.includes('patch')
    const answers = isPatch
      ? [await ask(path('bounded'), { method: 'PATCH', body, headers })]
      : [
          await ask(path(), { body, headers }),
          await ask(path('bounded'), { method: 'PUT', body, headers }),
          await ask(`${path('bounded')}?fieldManager=me`, {
            ...{ method: 'PATCH', body, headers: { 'content-type': 'application/apply-patch+yaml' } },
          }),
        ]
    for (const { code } of answers) expect(code).toBe(400)
    expect(answers[0]?.json.message).toContain(why)
    expect((await ask(path('bounded'))).json.spec).toMatchObject({ share: 1.5 })
    expect((await ask(path('x'))).code).toBe(404)
    await ask(path('bounded'), { method: 'DELETE' })
  })

  test('is refused in built-in kinds as it is written, in a strategic patch as well', async () => {
    const pods = '/api/v1/namespaces/default/pods'
    const body = '{"metadata":{"name":"p"},"spec":{"priority":1e400,"containers":[]}}'
    const made = await ask(pods, { body })
    expect([made.code, made.json.message]).toEqual([400, `Pod in version "v1" cannot be handled as a Pod: ${message}`])
    const headers = { 'content-type': 'application/strategic-merge-patch+json' }
    const patched = await ask('/api/v1/namespaces/default', {
      method: 'PATCH',
      headers,
      body: '{"metadata":{"generation":1e400}}',
    })
    expect([patched.code, patched.json.message]).toEqual([400, message])
  })
})

describe('a whole number beyond 2^53 in a custom resource', () => {
  test('comes in as JSON or YAML, small or large, and goes out by every way of reading', async () => {
    const spec = {
      at: BIG,
      share: NEXT,
      port: NEXT,
      ids: [BIG, NEXT],
      free: { deep: [{ nanos: BIG }], text: `${BIG}` },
    }
    const made = await make('json', spec)
    expect([made.code, made.json.spec]).toEqual([201, { ...spec, least: LEAST }])
    const yaml = `{apiVersion: ${group}/v1, kind: Wide, metadata: {name: yaml}, spec: {at: ${BIG}, free: {hex: 0x7fffffffffffffff}}}`
    const fromYaml = await ask(path(), { body: yaml, headers: { 'content-type': 'application/yaml' } })
    expect(fromYaml.json.spec).toEqual({ at: BIG, least: LEAST, free: { hex: 9223372036854775807n } })
    for (const [name, type] of [
      ['large', 'json'],
      ['large-yaml', 'yaml'],
    ] as const) {
      const body = encodeJson(wide(name, { at: BIG, free: { filler: 'x'.repeat(300_000) } }))
      const large = await ask(path(), { body, headers: { 'content-type': `application/${type}` } })
      expect(large.json.spec['at']).toBe(BIG)
      await ask(path(name), { method: 'DELETE' })
    }

    expect((await ask(path('json'))).json.spec).toEqual(made.json.spec)
    expect((await ask(path('json', 'v2'))).json).toMatchObject({ apiVersion: `${group}/v2`, spec: made.json.spec })
    expect((await ask(path('json'), { headers: { accept: 'application/yaml' } })).text).toContain(`nanos: ${BIG}\n`)
    const list = await ask(path(), { headers: { accept: 'application/json' } })
    expect((list.json as unknown as { items: Json[] }).items[0]?.spec).toEqual(made.json.spec)
    const table = await ask(path(), { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } })
    expect(table.text).toContain(`"cells":["json",${BIG}]`)
    const watch = await ask(`${path()}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Djson`)
    expect(watch.text).toContain(`"at":${BIG},`)
    expect(await ask('/openapi/v3/apis/wide.example.com/v1')).toMatchObject({
      text: expect.stringContaining(`"default":${LEAST}`) as string,
    })
  })

  test('is patched digit by digit, and owned by its value', async () => {
    await make('patched', { at: BIG, ids: [BIG] })
    const merged = await patch('patched', 'merge-patch+json', { spec: { at: NEXT } })
    expect(merged.json.spec['at']).toBe(NEXT)
    const tested = await patch('patched', 'json-patch+json', [{ op: 'test', path: '/spec/at', value: BIG }])
    expect(tested.code).toBe(422)
    const replaced = await patch('patched', 'json-patch+json', [
      { op: 'test', path: '/spec/at', value: NEXT },
      { op: 'replace', path: '/spec/at', value: BIG },
    ])
    expect(replaced.json.spec['at']).toBe(BIG)
    const applied = await patch('applied', 'apply-patch+yaml', wide('applied', { at: BIG, ids: [BIG, NEXT] }))
    expect(applied.json.spec).toMatchObject({ at: BIG, ids: [BIG, NEXT] })
    expect(applied.text).toContain(`"v:${NEXT}":{}`)
    const fewer = await patch('applied', 'apply-patch+yaml', wide('applied', { at: BIG, ids: [NEXT] }))
    expect(fewer.json.spec['ids']).toEqual([NEXT])
    const other = `${path('applied')}?fieldManager=other`
    const headers = { 'content-type': 'application/apply-patch+yaml' }
    const same = await ask(other, { method: 'PATCH', headers, body: wide('applied', { at: BIG }) })
    expect(same.code).toBe(200)
    const conflict = await ask(other, { method: 'PATCH', headers, body: wide('applied', { at: NEXT }) })
    expect([conflict.code, conflict.json.message]).toEqual([
      409,
      'Apply failed with 1 conflict: conflict with "me": .spec.at',
    ])
    const changed = await ask(path('applied'), { method: 'PUT', body: { ...same.json, spec: { at: NEXT } } })
    expect(changed.json).toMatchObject({ spec: { at: NEXT }, metadata: { generation: 3 } })
  })

  test('is what rules and bounds count with, and what errors say', async () => {
    const refused = await make('refused', { at: 9007199254740994n })
    expect([refused.code, refused.json.message]).toEqual([
      422,
      'Wide.wide.example.com "refused" is invalid: spec: Invalid value: not that one',
    ])
    expect((await make('fine', { at: BIG, share: BIG })).code).toBe(201)
    const twice = await make('twice', { ids: [BIG, NEXT, BIG] })
    expect(twice.json.message).toContain(`spec.ids[2]: Duplicate value: ${BIG}`)
    const text = await make('text', { free: BIG })
    expect(text.json.message).toContain('spec.free in body must be of type object: "integer"')
    const int32 = await ask('/api/v1/namespaces/default/pods', {
      body: { metadata: { name: 'p' }, spec: { priority: BIG, containers: [] } },
    })
    expect(int32.json.message).toContain(
      `cannot unmarshal number ${BIG} into Go struct field PodSpec.spec.priority of type int32`,
    )
  })

  test('is there after a restart, when the store is read from the disk', async () => {
    await api[Symbol.asyncDispose]()
    api = await startTestApiServer({ dataDir: folder.path })
    await eventually(async () => expect((await ask(path('json'))).json.spec['at']).toBe(BIG))
    const same = await ask(path('json'), { method: 'PUT', body: (await ask(path('json'))).json })
    expect(same.json.metadata.generation).toBe(1)
  })
})

describe('a whole number beyond 2^53 in a built-in kind', () => {
  const attributes = { 'example.com/serial': { int: BIG } }
  const slice = {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceSlice',
    metadata: { name: 'slice' },
    spec: {
      ...{ driver: 'example.com', nodeName: 'n1', pool: { name: 'p', generation: 1, resourceSliceCount: 1 } },
      devices: [{ name: 'one', attributes }],
    },
  }

  test('is kept where it is a value of somebody, also as protobuf', async () => {
    const slices = '/apis/resource.k8s.io/v1/resourceslices'
    expect((await ask(slices, { body: slice })).json.spec['devices']).toEqual([{ name: 'one', attributes }])
    const headers = { accept: 'application/vnd.kubernetes.protobuf' }
    const { bytes } = await raw(api, `${slices}/slice`, { headers })
    expect(decodeProtobuf(bytes)).toMatchObject({ spec: { devices: [{ attributes }] } })
    const again = { ...headers, 'content-type': headers.accept }
    expect((await raw(api, `${slices}/slice`, { method: 'PUT', body: bytes, headers: again })).code).toBe(200)
    expect((await ask(`${slices}/slice`)).text).toContain(`"int":${BIG}`)
  })

  const containers = [{ name: 'main', image: 'example.test/app:1' }]
  const pod = (spec: object) => ({ metadata: { name: 'patient' }, spec: { containers, ...spec } })

  test('is kept of who tolerates a taint for ever, in so many words', async () => {
    const toleration = { key: 'k', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 9223372036854775807n }
    const { text } = await ask('/api/v1/namespaces/default/pods', { body: pod({ tolerations: [toleration] }) })
    expect(text).toContain('"tolerationSeconds":9223372036854775807')
    expect(toleratedMs([{ key: 'k', effect: 'NoExecute' }], [toleration as never])).toBeGreaterThan(2 ** 63)
  })

  const FOR_EVER = 9223372036854775807n

  test.each([FOR_EVER, 2n ** 53n - 1n, 999_999_999_999n])(
    'is kept of a pod that has %i seconds to end, which begins to end all the same',
    async seconds => {
      const name = `slow-${seconds}`
      const body = { ...pod({ nodeName: 'n1', terminationGracePeriodSeconds: seconds }), metadata: { name } }
      const made = await ask('/api/v1/namespaces/default/pods', { body })
      expect(made.text).toContain(`"terminationGracePeriodSeconds":${seconds}`)
      const path = `/api/v1/namespaces/default/pods/${name}`
      const { code, json } = await ask(path, { method: 'DELETE' })
      expect(code).toBe(200)
      const { deletionTimestamp, deletionGracePeriodSeconds } = json.metadata
      // A date that every client reads, and a number that every client counts with.
      expect(deletionTimestamp).toMatch(/^23\d\d-/)
      const left = (Date.parse(deletionTimestamp!) - Date.parse(made.json.metadata.creationTimestamp!)) / 1000
      expect(left).toBeGreaterThanOrEqual(LONGEST_SECONDS)
      // A job counts from when it was asked for.
      expect(finishedMs({ ...body, status: {}, metadata: json.metadata } as never)).toBeGreaterThanOrEqual(
        Date.parse(made.json.metadata.creationTimestamp!),
      )
      expect(deletionGracePeriodSeconds).toBe(Math.min(Number(seconds), Number.MAX_SAFE_INTEGER))
      expect((await ask(path)).text).toContain(`"terminationGracePeriodSeconds":${seconds}`)
      expect(graceSecondsOf(body as never)).toBe(LONGEST_SECONDS)
      expect((await ask(`${path}?gracePeriodSeconds=0`, { method: 'DELETE' })).code).toBe(200)
    },
  )

  test('is kept of a job that may run for ever, in so many words', async () => {
    const template = { spec: { containers, restartPolicy: 'Never' } }
    const body = { metadata: { name: 'long' }, spec: { activeDeadlineSeconds: FOR_EVER, template } }
    const { text } = await ask('/apis/batch/v1/namespaces/default/jobs', { body })
    expect(text).toContain('"activeDeadlineSeconds":9223372036854775807')
    const job = { ...body, status: { startTime: '2026-01-01T00:00:00Z' } }
    expect(msUntilDeadline(job as never, Date.parse('2026-01-01T00:00:00Z'))).toBe(LONGEST_SECONDS * 1000)
  })

  test('is told to be out of bounds where there are some', async () => {
    const { code, json } = await ask('/api/v1/namespaces/default/pods', { body: pod({ activeDeadlineSeconds: BIG }) })
    expect([code, json.message]).toEqual([
      422,
      `Pod "patient" is invalid: spec.activeDeadlineSeconds: Invalid value: ${BIG}: must be between 1 and 2147483647, inclusive`,
    ])
  })

  test('is kept of whatever nobody calculates with, and counts on', async () => {
    const revisions = '/apis/apps/v1/namespaces/default/controllerrevisions'
    const made = await ask(revisions, { body: { metadata: { name: 'far' }, revision: BIG, data: { at: BIG } } })
    expect([made.code, made.text]).toEqual([201, expect.stringContaining(`"revision":${BIG}`)])
    const metadata = { name: 'far', generation: BIG, finalizers: ['example.com/kept'] }
    const map = await ask('/api/v1/namespaces/default/configmaps', { body: { metadata } })
    expect(map.text).toContain(`"generation":${BIG}`)
    const { text } = await ask('/api/v1/namespaces/default/configmaps/far', { method: 'DELETE' })
    expect(text).toContain(`"generation":${BIG + 1n}`)
  })

  test('is counted with by whoever has to: how late a CronJob may start, the newest devices, the next revision', () => {
    const nowMs = Date.parse('2026-01-01T00:10:00Z')
    const cronJob = {
      metadata: { creationTimestamp: '2026-01-01T00:00:30Z' },
      spec: { schedule: '* * * * *', startingDeadlineSeconds: FOR_EVER },
      status: {},
    }
    expect(dueTimes(cronJob as never, nowMs).scheduledMs).toBe(nowMs)
    const taints = [{ key: 'k', effect: 'NoExecute', timeAdded: '2026-01-01T00:00:00Z' }]
    const slicesOf = (...generations: unknown[]) => ({
      by: () => generations.map((generation, i) => ({ spec: { pool: { generation }, devices: [{ name: 'one', taints: i === 0 ? taints : [] }] } })), // prettier-ignore
    })
    const results = [{ driver: 'd', pool: 'p', device: 'one' }]
    const claim = { status: { allocation: { devices: { results } } } } as never
    expect(evictionMs(claim, slicesOf(BIG, 7) as never)).toBe(Date.parse('2026-01-01T00:00:00Z'))
    expect(evictionMs(claim, slicesOf(7, BIG) as never)).toBe(Infinity)
    expect([oneMore(1), oneMore(2 ** 53 - 1), oneMore(BIG), oneMore(FOR_EVER), oneMore(-1n)]).toEqual([
      ...[2, 2n ** 53n, BIG + 1n, -(2n ** 63n), 0],
    ])
  })

  test('is told with every digit where it is too much, and where no 64 bits hold it', async () => {
    const pods = '/api/v1/namespaces/default/pods'
    const refused = async (runAsUser: unknown) => {
      const { code, json } = await ask(pods, { body: pod({ securityContext: { runAsUser } }) })
      return [code, json.message]
    }
    expect(await refused(BIG)).toEqual([
      422,
      `Pod "patient" is invalid: spec.securityContext.runAsUser: Invalid value: ${BIG}: must be between 0 and 2147483647, inclusive`,
    ])
    expect((await refused(2 ** 63))[0]).toBe(400)
    const asked = ['limit', 'timeoutSeconds'].map(name => ask(`${pods}?${name}=9223372036854775807`))
    for (const { code } of await Promise.all(asked)) expect(code).toBe(200)
    expect((await ask(`${pods}?limit=9223372036854775808`)).json.message).toMatch(/value out of range$/)
  })
})
