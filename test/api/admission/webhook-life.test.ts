// What webhooks may change and refuse as their configurations come, change and go: of configuration objects, of custom
// resources and their definitions, of connections to pods.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  type MutatingWebhook,
  MutatingWebhookConfiguration,
  type ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '../../../src/shared/api/admissionregistration/v1.ts'
import { CustomResourceDefinition, type JSONSchemaProps } from '../../../src/shared/api/apiextensions/v1.ts'
import { ConfigMap, Namespace, Pod, ServiceAccount } from '../../../src/shared/api/core/v1.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import type { ResourceType } from '../../../src/shared/machinery/resource-type.ts'
import { eventually } from '../../support/eventually.ts'
import { jsonPatch, startWebhookServer, type WebhookServer } from '../../support/webhook-server.ts'
import { failure, type SecuredCluster, startSecuredCluster } from '../authz/support/cluster.ts'
import { raw } from '../core/support/raw.ts'

let cluster: SecuredCluster
let hooks: WebhookServer
let count = 0
const namespace = 'default'
beforeAll(async () => {
  cluster = await startSecuredCluster()
  hooks = await startWebhookServer()
  await cluster.admin.create(ServiceAccount, { metadata: { name: 'default', namespace } })
})
afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
  await hooks[Symbol.asyncDispose]()
})
afterEach(async () => {
  for (const { type } of Object.values(KINDS)) await cluster.admin.deleteCollection(type, {})
})

const rule = (apiGroup: string, resource: string, ...operations: string[]) => ({
  apiGroups: [apiGroup],
  apiVersions: ['*'],
  operations: operations.length > 0 ? operations : ['*'],
  resources: [resource],
})
const hook = (path: string, more: Partial<ValidatingWebhook & MutatingWebhook> = {}) => ({
  ...hooks.webhook(path),
  rules: [rule('', 'configmaps')],
  ...more,
})
type Hook = ReturnType<typeof hook>
type Configuration = AnyObject & { webhooks: Hook[] }
const put = (path: string, value: unknown) => jsonPatch({ op: 'add', path, value })
const unique = (prefix: string) => `${prefix}-${++count}`
const configMap = (data: Record<string, string> = {}, name = unique('map'), where = namespace) =>
  cluster.admin.create(ConfigMap, { metadata: { namespace: where, name }, data })

const KINDS = {
  mutating: {
    type: MutatingWebhookConfiguration as unknown as ResourceType<Configuration>,
    answer: () => put('/data/mark', 'seen'),
    /** Whether a config map goes past the webhook as it came. */
    untouched: async () => (await configMap({ own: 'x' })).data?.['mark'] === undefined,
  },
  validating: {
    type: ValidatingWebhookConfiguration as unknown as ResourceType<Configuration>,
    answer: () => ({ allowed: false, status: { message: 'no' } }),
    untouched: () =>
      configMap({ own: 'x' }).then(
        () => true,
        (error: Error) => {
          expect(error.message).toContain('denied the request: no')
          return false
        },
      ),
  },
} as const
const register = (kind: keyof typeof KINDS, webhooks: Hook[], labels: Record<string, string> = {}) =>
  cluster.admin.create(KINDS[kind].type, { metadata: { name: unique(kind), labels }, webhooks } as never)

describe.each(['mutating', 'validating'] as const)('%s configurations', kind => {
  const { type, answer, untouched } = KINDS[kind]
  beforeAll(() => hooks.on('/mark', answer))

  test('stand in discovery', async () => {
    const { groups } = (await raw(cluster.api, '/apis')).json as { groups: { name: string; versions: unknown[] }[] }
    const groupVersion = 'admissionregistration.k8s.io/v1'
    expect(groups.find(({ name }) => groupVersion.startsWith(name))?.versions).toContainEqual({
      groupVersion,
      version: 'v1',
    })
    const { resources } = (await raw(cluster.api, `/apis/${groupVersion}`)).json as { resources: { name: string }[] }
    expect(resources.map(({ name }) => name)).toContain(`${kind}webhookconfigurations`)
  })

  test('count while they are there: listed by a label, deleted together by it, and gone', async () => {
    for (let i = 0; i < 3; i++) await register(kind, [hook('/mark')], { round: 'one' })
    expect((await cluster.admin.list(type, { labelSelector: 'round=one' })).items).toHaveLength(3)
    expect(await untouched()).toBe(false)
    await cluster.admin.deleteCollection(type, { labelSelector: 'round=one' })
    expect((await cluster.admin.list(type)).items).toEqual([])
    expect(await untouched()).toBe(true)
  })

  test('count as they were changed last, by an update or a patch', async () => {
    const { metadata } = await register(kind, [hook('/mark')])
    expect(await untouched()).toBe(false)
    const now = structuredClone(await cluster.admin.get(type, metadata))
    now.webhooks[0]!.rules[0]!.operations = ['UPDATE']
    await cluster.admin.update(type, now)
    expect(await untouched()).toBe(true)
    await cluster.admin.patch(type, metadata, [{ op: 'replace', path: '/webhooks/0/rules/0/operations', value: ['CREATE'] }], { type: 'json' }) // prettier-ignore
    expect(await untouched()).toBe(false)
  })

  test('keep their match conditions, also changed ones, and leave out what does not match', async () => {
    const condition = { name: 'not-skip-me', expression: "object.metadata.name != 'skip-me'" }
    const made = await register(kind, [
      hook('/mark', { rules: [rule('', 'configmaps', 'CREATE')], matchConditions: [condition] }),
    ])
    expect(made.webhooks[0]?.matchConditions).toEqual([condition])
    expect(await untouched()).toBe(false)
    await configMap({ own: 'x' }, 'skip-me').then(({ data }) => expect(data).toEqual({ own: 'x' }))
    await cluster.admin.delete(ConfigMap, { namespace, name: 'skip-me' })
    const now = structuredClone(await cluster.admin.get(type, made.metadata))
    const changed = [{ name: 'none', expression: "object.data.own == 'y'" }]
    now.webhooks[0]!.matchConditions = changed
    await cluster.admin.update(type, now)
    expect((await cluster.admin.get(type, made.metadata)).webhooks[0]?.matchConditions).toEqual(changed)
    expect(await untouched()).toBe(true)
  })

  test('are refused with a match condition that does not compile', async () => {
    const bad = hook('/mark', { matchConditions: [{ name: 'bad', expression: '... [] bad expression' }] })
    const error = await failure(register(kind, [bad]))
    expect([error.code, error.message]).toEqual([422, expect.stringContaining('compilation failed')])
  })

  test('are themselves never changed or refused by webhooks', async () => {
    hooks.on('/all', () => (kind === 'mutating' ? put('/metadata/labels', { mark: 'seen' }) : { allowed: false }))
    const all = rule('admissionregistration.k8s.io', '*')
    await register(kind, [hook('/all', { rules: [all] })])
    for (const other of ['mutating', 'validating'] as const) {
      const { metadata } = await register(other, [hook('/mark', { rules: [rule('', 'secrets')] })])
      expect(metadata.labels).toBeUndefined()
      await cluster.admin.delete(KINDS[other].type, metadata)
    }
  })
})

test.each(['mutating', 'validating'] as const)(
  'nothing is created in a namespace that goes away while a %s webhook is asked',
  async kind => {
    const going = unique('going')
    await cluster.admin.create(Namespace, { metadata: { name: going }, spec: {} })
    hooks.on('/slow', async () => {
      await cluster.admin.delete(Namespace, { name: going })
      return { allowed: true }
    })
    await register(kind, [hook('/slow', { rules: [rule('', 'configmaps', 'CREATE')] })])
    const error = await failure(configMap({}, 'late', going))
    expect([error.code, error.message]).toEqual([403, expect.stringContaining('because it is being terminated')])
    expect((await cluster.admin.list(ConfigMap, { namespace: going })).items).toEqual([])
  },
)

describe('a validating webhook refuses', () => {
  const refuse = (...rules: ReturnType<typeof rule>[]) => {
    hooks.on('/refuse', ({ object }) => ({
      allowed: object?.data?.['wish'] !== 'bad' && object?.metadata?.labels?.['wish'] !== 'bad',
      status: { message: 'not this' },
    }))
    const namespaceSelector = { matchExpressions: [{ key: 'exempt', operator: 'DoesNotExist' }] }
    return register('validating', [hook('/refuse', { rules, namespaceSelector })])
  }
  const no = async (work: Promise<unknown>) => expect((await failure(work)).message).toContain('denied the request')

  test('pods and config maps that are made or become what they should not be, but not in an exempt namespace', async () => {
    await cluster.admin.create(Namespace, { metadata: { name: 'exempt', labels: { exempt: 'yes' } }, spec: {} })
    await refuse(rule('', 'pods'), rule('', 'configmaps'))
    const spec = { containers: [{ name: 'main', image: 'x' }] }
    const bad = { wish: 'bad' }
    await no(cluster.admin.create(Pod, { metadata: { namespace, name: 'bad', labels: bad }, spec }))
    await no(configMap(bad))
    const { metadata, ...rest } = await configMap()
    await no(cluster.admin.update(ConfigMap, { ...rest, metadata, data: bad }))
    await no(cluster.admin.patch(ConfigMap, metadata, { data: bad }))
    expect((await cluster.admin.get(ConfigMap, metadata)).data ?? {}).toEqual({})
    await configMap(bad, 'bad', 'exempt')
  })

  test('a definition of custom resources', async () => {
    await refuse(rule('apiextensions.k8s.io', 'customresourcedefinitions', 'CREATE'))
    await no(define('Refused', open, { wish: 'bad' }))
    await expect(
      cluster.admin.get(CustomResourceDefinition, { name: 'refuseds.hooks.example.com' }),
    ).rejects.toMatchObject({ code: 404 })
  })

  test('custom resources that are made, changed and deleted', async () => {
    const { type, create } = await define('Guarded')
    const { metadata } = await create()
    hooks.on('/never', () => ({ allowed: false }))
    const { metadata: config } = await register('validating', [
      hook('/never', { rules: [rule(type.group, type.plural)] }),
    ])
    await no(create())
    await no(cluster.admin.patch(type, metadata, { data: { a: 'b' } }, { type: 'merge' }))
    await no(cluster.admin.delete(type, metadata))
    await cluster.admin.delete(ValidatingWebhookConfiguration, config)
    await cluster.admin.delete(type, metadata)
  })

  test('somebody who would attach to a pod', async () => {
    const { metadata } = await cluster.admin.create(Pod, {
      metadata: { namespace, name: unique('pod') },
      spec: { containers: [{ name: 'main', image: 'x' }] },
    })
    hooks.on('/attach', ({ operation }) => ({ allowed: operation !== 'CONNECT', status: { message: 'keep off' } }))
    await register('validating', [hook('/attach', { rules: [rule('', 'pods/attach', 'CONNECT')] })])
    const path = `/api/v1/namespaces/${namespace}/pods/${metadata.name}/attach?container=main&stdout=1`
    const { code, json } = await raw(cluster.api, path, { method: 'POST' })
    expect([code, json.message]).toEqual([400, 'admission webhook "attach.hooks.test" denied the request: keep off'])
    expect(hooks.calls.at(-1)!.request).toMatchObject({
      ...{ subResource: 'attach', object: { kind: 'PodAttachOptions', container: 'main', stdout: true } },
    })
  })
})

describe('a webhook that takes its time', () => {
  test.each([
    ['fails the request after its time-out', 1, 'Fail', false],
    ['is given up after its time-out where its failure may be ignored', 1, 'Ignore', true],
    ['is heard within its time-out', 10, 'Fail', true],
    ['is heard within the ten seconds that it has without one', undefined, 'Fail', true],
  ])('%s', async (_what, timeoutSeconds, failurePolicy, passes) => {
    let answer: () => void = () => undefined
    const asked = new Promise<void>(resolve => {
      hooks.on('/slow', () => {
        resolve()
        return new Promise(resolveLate => (answer = () => resolveLate({ allowed: true })))
      })
    })
    const timeout = timeoutSeconds === undefined ? {} : { timeoutSeconds }
    const { webhooks } = await register('validating', [hook('/slow', { failurePolicy, ...timeout })])
    expect(webhooks[0]).toMatchObject({ timeoutSeconds: timeoutSeconds ?? 10 })
    const work = configMap()
    await asked
    if (timeoutSeconds !== 1) answer()
    if (passes) await work
    else expect((await failure(work)).message).toContain('context deadline exceeded')
    answer()
  })
})

interface Defined {
  readonly type: ResourceType<AnyObject>
  create(data?: Record<string, unknown>): Promise<AnyObject>
}
const open: JSONSchemaProps = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }

/** @param data the schema of `data`; @param labels of the definition */
async function define(
  kind: string,
  data: JSONSchemaProps = open,
  labels: Record<string, string> = {},
): Promise<Defined> {
  const group = 'hooks.example.com'
  const plural = `${kind.toLowerCase()}s`
  const version = (name: string, storage: boolean) => ({
    ...{ name, served: true, storage },
    schema: { openAPIV3Schema: { type: 'object', properties: { data } } },
  })
  await cluster.admin.create(CustomResourceDefinition, {
    metadata: { name: `${plural}.${group}`, labels },
    spec: { group, scope: 'Cluster', names: { plural, kind }, versions: [version('v1', true), version('v2', false)] },
  })
  await eventually(() => expect(cluster.api.server.context.resources.byUrl(group, 'v1', plural)).toBeDefined())
  const type: ResourceType<AnyObject> = { group, version: 'v1', kind, plural, namespaced: false }
  const create = (content: Record<string, unknown> = {}) =>
    cluster.admin.create(type, { metadata: { name: unique('custom') }, data: content } as never)
  return { type, create }
}

describe('a mutating webhook changes custom resources', () => {
  const adds = (type: ResourceType<AnyObject>, ...names: string[]) => {
    names.forEach((name, at) =>
      hooks.on(`/add-${name}`, ({ object }) =>
        at === 0 || object.data[names[at - 1]!] ? put(`/data/${name}`, 'yes') : { allowed: true },
      ),
    )
    const rules = [rule(type.group, type.plural, 'CREATE', 'UPDATE')]
    return register('mutating', names.map(name => hook(`/add-${name}`, { rules, reinvocationPolicy: 'Never' }))) // prettier-ignore
  }

  test('one after the other', async () => {
    const { type, create } = await define('Marked')
    await adds(type, 'first', 'second')
    expect((await create({ own: 'x' }))['data']).toEqual({ own: 'x', first: 'yes', second: 'yes' })
  })

  test('but what they have no field for is pruned', async () => {
    const properties = { own: { type: 'string' }, first: { type: 'string' } }
    const { type, create } = await define('Pruned', { type: 'object', properties })
    await adds(type, 'first', 'second')
    expect((await create({ own: 'x' }))['data']).toEqual({ own: 'x', first: 'yes' })
  })

  test('also once they are stored in another version', async () => {
    const { type, create } = await define('Moved')
    await adds(type, 'first')
    const { metadata } = await create({ own: 'x' })
    const definition = { name: `${type.plural}.${type.group}` }
    const { spec } = structuredClone(await cluster.admin.get(CustomResourceDefinition, definition))
    for (const version of spec.versions) version.storage = version.name === 'v2'
    await cluster.admin.patch(CustomResourceDefinition, definition, { spec }, { type: 'merge' })
    await eventually(async () => {
      const { status } = await cluster.admin.get(CustomResourceDefinition, definition)
      expect(status.storedVersions).toContain('v2')
    })
    const patched = await cluster.admin.patch(type, metadata, { data: { more: 'y' } }, { type: 'merge' })
    expect(patched['data']).toEqual({ own: 'x', first: 'yes', more: 'y' })
    const { json } = await raw(cluster.api, `/apis/${type.group}/v2/${type.plural}/${metadata.name}`)
    expect(json).toMatchObject({ apiVersion: `${type.group}/v2`, data: { own: 'x', first: 'yes', more: 'y' } })
  })
})

test('a mutating webhook may give pods init containers, which get their defaults', async () => {
  hooks.on('/init', () => put('/spec/initContainers', [{ name: 'added', image: 'x' }]))
  await register('mutating', [hook('/init', { rules: [rule('', 'pods', 'CREATE')] })])
  const { spec } = await cluster.admin.create(Pod, {
    metadata: { namespace, name: unique('pod') },
    spec: { containers: [{ name: 'main', image: 'x' }] },
  })
  expect(spec.initContainers).toMatchObject([
    { name: 'added', terminationMessagePolicy: 'File', imagePullPolicy: 'Always' },
  ])
})

test.each(['mutating', 'validating'] as const)('by what %s webhooks take, the server is not measured', async kind => {
  hooks.on('/measured', () => ({ allowed: true }))
  await register(kind, [hook('/measured')])
  await eventually(async () => {
    await configMap()
    expect(hooks.calls.some(({ path }) => path.startsWith('/measured'))).toBe(true)
  })
  /** In seconds: all creations of config maps, those by the server's own work, and the webhook. */
  const sums = async () => {
    const lines = (await raw(cluster.api, '/metrics')).text.split('\n')
    return ['request_duration', 'request_sli_duration', 'admission_webhook_admission_duration'].map(name =>
      lines
        .filter(line => line.startsWith(`apiserver_${name}_seconds_sum{`))
        .filter(line => /verb="POST",.*resource="configmaps"|operation="CREATE"/.test(line))
        .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0),
    )
  }
  const before = await sums()
  await configMap()
  const [whole = 0, own = 0, webhook = 0] = (await sums()).map((sum, at) => sum - (before[at] ?? 0))
  expect(webhook).toBeGreaterThan(0)
  expect(whole - own).toBeGreaterThan(webhook * 0.999)
})
