// Custom resources from definition to deletion, with the real kubectl against the real server.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compileJsonPath } from '../../../src/main/apiserver/apiextensions/json-path.ts'
import { cellOf } from '../../../src/main/apiserver/apiextensions/printer-columns.ts'
import { CustomResourceDefinition } from '../../../src/shared/api/apiextensions/v1.ts'
import { eventually } from '../../support/eventually.ts'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { type AnyJson, raw } from '../core/support/raw.ts'

const run = promisify(execFile)
const schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      description: 'What is wanted.',
      required: ['cron'],
      properties: {
        cron: { type: 'string', pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$' },
        replicas: { type: 'integer', minimum: 1, maximum: 10, default: 2 },
        mode: { type: 'string', enum: ['fast', 'slow'] },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        ports: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: {
            type: 'object',
            required: ['name'],
            properties: { name: { type: 'string' }, port: { type: 'integer' } },
          },
        },
      },
    },
    status: {
      type: 'object',
      properties: { replicas: { type: 'integer' }, selector: { type: 'string' } },
    },
  },
}
const version = (name: string, storage: boolean) => ({
  name,
  served: true,
  storage,
  schema: { openAPIV3Schema: schema },
  subresources: {
    status: {},
    scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
  },
  selectableFields: [{ jsonPath: '.spec.mode' }],
  additionalPrinterColumns: [{ name: 'Cron', type: 'string', jsonPath: '.spec.cron' }],
})
const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'crontabs.stable.example.com' },
  spec: {
    group: 'stable.example.com',
    scope: 'Namespaced',
    names: {
      plural: 'crontabs',
      singular: 'crontab',
      kind: 'CronTab',
      listKind: 'ListOfCronTabs',
      shortNames: ['ct'],
      categories: ['all'],
    },
    versions: [version('v1', true), version('v1beta1', false)],
  },
}
const tab = (name: string, spec: object, apiVersion = 'stable.example.com/v1') => ({
  apiVersion,
  kind: 'CronTab',
  metadata: { name, namespace: 'default' },
  spec,
})

let api: TestApiServer
beforeAll(async () => {
  api = await startTestApiServer()
})
afterAll(() => api[Symbol.asyncDispose]())

async function kubectl(...args: string[]): Promise<string> {
  const { stdout } = await run('kubectl', [
    '--kubeconfig',
    api.kubeconfig,
    '--cache-dir',
    join(api.dataDir, 'cache'),
    ...args,
  ])
  return stdout
}
async function given(object: object, ...args: string[]): Promise<string> {
  const file = join(api.dataDir, 'given.json')
  await writeFile(file, JSON.stringify(object))
  return kubectl(...args, '-f', file)
}
const refusal = (work: Promise<string>): Promise<string> =>
  work.then(
    out => `accepted: ${out}`,
    (error: { stderr: string }) => error.stderr,
  )

describe('a custom resource, through kubectl', () => {
  test('apply establishes a definition, and its objects have columns, defaults and short names', async () => {
    await given(definition, 'apply')
    await kubectl('wait', '--for=condition=Established', 'crd/crontabs.stable.example.com', '--timeout=20s')
    await given(tab('one', { cron: '* * * * */5', mode: 'fast' }), 'apply')
    expect(await kubectl('get', 'ct')).toMatch(/NAME\s+CRON\none\s+\* \* \* \* \*\/5/)
    expect(await kubectl('get', 'ct', 'one', '-o', 'jsonpath={.spec.replicas} {.metadata.generation}')).toBe('2 1')
  }, 60_000)

  test('apply changes what has been applied: by a merge patch, which clients learn from OpenAPI', async () => {
    const spec = { cron: '* * * * */5', mode: 'slow' }
    expect(await given(tab('one', spec), 'apply')).toBe('crontab.stable.example.com/one configured\n')
    expect(await given(tab('one', { ...spec, mode: 'fast' }), 'apply')).toContain('configured')
    const { json } = await raw(api, '/openapi/v3/apis/stable.example.com/v1')
    const { patch } = json.paths['/apis/stable.example.com/v1/namespaces/{namespace}/crontabs/{name}']
    expect(Object.keys(patch.requestBody.content).sort()).toEqual([
      'application/apply-patch+yaml',
      'application/json-patch+json',
      'application/merge-patch+json',
    ])
  })

  test('a list is of the kind that the definition gives it', async () => {
    const { json } = await raw(api, '/apis/stable.example.com/v1/crontabs')
    expect(json).toMatchObject({ kind: 'ListOfCronTabs', apiVersion: 'stable.example.com/v1' })
  })

  test('another served version shows the same object', async () => {
    const shown = await kubectl(
      'get',
      'crontabs.v1beta1.stable.example.com',
      'one',
      '-o',
      'jsonpath={.apiVersion} {.spec.mode}',
    )
    expect(shown).toBe('stable.example.com/v1beta1 fast')
  })

  test('discovery tells the version in which its objects are stored, by a hash', async () => {
    const { json } = await raw(api, '/apis/stable.example.com/v1beta1')
    const stored = createHash('sha256').update('stable.example.com/v1/CronTab').digest().subarray(0, 8)
    expect(json.resources[0]).toMatchObject({ name: 'crontabs', storageVersionHash: stored.toString('base64') })
  })

  test('explain shows the descriptions of the schema', async () => {
    expect(await kubectl('explain', 'crontab.spec')).toContain('What is wanted.')
    expect(await kubectl('explain', 'crontab.metadata')).toContain("Standard object's metadata")
  })

  test('what breaks the schema is refused with its path', async () => {
    const invalid = refusal(given(tab('bad', { cron: 'x', replicas: 0, mode: 'odd' }), 'create', '--validate=false'))
    const text = await invalid
    expect(text).toContain(
      'spec.replicas: Invalid value: 0: spec.replicas in body should be greater than or equal to 1',
    )
    expect(text).toContain('spec.mode: Unsupported value: "odd": supported values: "fast", "slow"')
    expect(text).toContain('spec.cron in body should match')
    const typed = await refusal(given(tab('bad', { cron: '* * * * *', replicas: 'two' }), 'create', '--validate=false'))
    expect(typed).toContain(
      'spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string"',
    )
    const missing = await refusal(given(tab('bad', {}), 'create', '--validate=false'))
    expect(missing).toContain('spec.cron: Required value')
  })

  test('unknown fields are pruned, kept where the schema says so, and refused by strict validation', async () => {
    const spec = { cron: '* * * * *', odd: 1, free: { kept: true } }
    expect(await refusal(given(tab('two', spec), 'create'))).toContain('unknown field "spec.odd"')
    await given(tab('two', spec), 'create', '--validate=ignore')
    expect(JSON.parse(await kubectl('get', 'ct', 'two', '-o', 'json')).spec).toEqual({
      cron: '* * * * *',
      free: { kept: true },
      replicas: 2,
    })
  })

  test('scale, merge patch and field selectors work; strategic merge does not', async () => {
    await kubectl('scale', 'ct/one', '--replicas=4')
    expect(await kubectl('get', 'ct', 'one', '-o', 'jsonpath={.spec.replicas} {.metadata.generation}')).toBe('4 4')
    await kubectl('patch', 'ct', 'one', '--type=merge', '-p', '{"status":{"replicas":9},"spec":{"mode":"slow"}}')
    expect(await kubectl('get', 'ct', 'one', '-o', 'jsonpath={.spec.mode}{.status}')).toBe('slow')
    await kubectl('patch', 'ct', 'one', '--subresource=status', '--type=merge', '-p', '{"status":{"replicas":3}}')
    expect(await kubectl('get', 'ct', 'one', '-o', 'jsonpath={.status.replicas} {.metadata.generation}')).toBe('3 5')
    expect(await kubectl('get', 'ct', '--field-selector=spec.mode=slow', '-o', 'name')).toBe(
      'crontab.stable.example.com/one\n',
    )
    expect(await refusal(kubectl('patch', 'ct', 'one', '--type=strategic', '-p', '{}'))).toMatch(
      /unknown format|not supported/,
    )
  })

  test("server-side apply merges lists by the definition's keys", async () => {
    const ports = (name: string, port: number) => tab('one', { cron: '* * * * */5', ports: [{ name, port }] })
    await given(ports('a', 1), 'apply', '--server-side', '--field-manager=a', '--force-conflicts')
    await given(ports('b', 2), 'apply', '--server-side', '--field-manager=b')
    expect(JSON.parse(await kubectl('get', 'ct', 'one', '-o', 'json')).spec.ports).toEqual([
      { name: 'a', port: 1 },
      { name: 'b', port: 2 },
    ])
    expect(await refusal(given(ports('a', 3), 'apply', '--server-side', '--field-manager=c'))).toContain('conflict')
  })

  test('a second definition with a taken name is not established', async () => {
    const other = structuredClone(definition)
    other.metadata.name = 'others.stable.example.com'
    other.spec.names = {
      plural: 'others',
      singular: 'other',
      kind: 'CronTab',
      listKind: 'CronTabList',
      shortNames: [],
      categories: [],
    }
    await given(other, 'create')
    await kubectl('wait', '--for=condition=NamesAccepted=False', 'crd/others.stable.example.com', '--timeout=20s')
    expect(await refusal(kubectl('get', 'others'))).toContain("doesn't have a resource type")
    await kubectl('delete', 'crd', 'others.stable.example.com', '--timeout=20s')
  }, 60_000)

  test('every request for a version that is deprecated is warned', async () => {
    const old = structuredClone(definition)
    const [v1, v1beta1] = old.spec.versions
    await given({ ...old, spec: { ...old.spec, versions: [v1, { ...v1beta1, deprecated: true }] } }, 'apply')
    await eventually(async () => {
      const { headers } = await raw(api, '/apis/stable.example.com/v1beta1/crontabs')
      expect(headers['warning']).toBe(
        '299 - "stable.example.com/v1beta1 CronTab is deprecated; use stable.example.com/v1 CronTab"',
      )
    })
    expect((await raw(api, '/apis/stable.example.com/v1/crontabs')).headers['warning']).toBeUndefined()
  })

  test('a schema that is not structural is refused', async () => {
    const bad = structuredClone(definition) as unknown as { metadata: { name: string }; spec: { versions: unknown[] } }
    bad.spec.versions = [
      { ...version('v1', true), schema: { openAPIV3Schema: { type: 'object', properties: { spec: {} } } } },
    ]
    expect(await refusal(given(bad, 'replace'))).toContain(
      'spec.validation.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields',
    )
  })

  test('deleting the definition deletes its objects', async () => {
    expect(api.store.list('/registry/stable.example.com/crontabs/').items).not.toEqual([])
    await kubectl('delete', 'crd', 'crontabs.stable.example.com', '--timeout=20s')
    expect(api.store.list('/registry/stable.example.com/crontabs/').items).toEqual([])
    expect(await refusal(kubectl('get', 'crontabs'))).toMatch(/doesn't have a resource type|could not find/)
  }, 60_000)
})

test('a definition has a finalizer from its deletion on, which says that its objects go first', async () => {
  const client = api.clientAs()
  const ref = { name: 'crontabs.stable.example.com' }
  await client.create(CustomResourceDefinition, definition as never)
  await eventually(async () => {
    const { status } = await client.get(CustomResourceDefinition, ref)
    expect(status.conditions).toContainEqual(expect.objectContaining({ type: 'Established', status: 'True' }))
  })
  expect((await client.get(CustomResourceDefinition, ref)).metadata.finalizers).toBeUndefined()
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${ref.name}`
  expect((await raw(api, path, { method: 'DELETE' })).json).toMatchObject({
    metadata: {
      finalizers: ['customresourcecleanup.apiextensions.k8s.io'],
      deletionTimestamp: expect.any(String) as string,
      generation: 1,
    },
    status: {
      conditions: expect.arrayContaining([
        expect.objectContaining({ type: 'Terminating', status: 'True', reason: 'InstanceDeletionPending' }),
      ]) as unknown[],
    },
  })
  await eventually(async () => {
    await expect(client.get(CustomResourceDefinition, ref)).rejects.toMatchObject({ code: 404 })
  })
}, 60_000)

test('a JSONPath reads fields, indices and filters', () => {
  const value = {
    status: {
      conditions: [
        { type: 'A', status: 'x' },
        { type: 'Ready', status: 'True' },
      ],
    },
    a: { 'b.c': [7] },
  }
  expect(compileJsonPath('.status.conditions[?(@.type=="Ready")].status')?.(value)).toEqual(['True'])
  expect(compileJsonPath('.a.b\\.c[0]')?.(value)).toEqual([7])
  const hosts = { list: ['a', 'b', 'c'] }
  expect(compileJsonPath('.list[]')?.(hosts)).toEqual(['a'])
  expect(compileJsonPath('.list[1:]')?.(hosts)).toEqual(['b', 'c'])
  expect(compileJsonPath('.list[0:2]')?.(hosts)).toEqual(['a', 'b'])
  expect(compileJsonPath('.list[?(@ == "b")]')?.(hosts)).toEqual(['b'])
  expect(compileJsonPath('no')).toBeUndefined()
})

test.each([
  ['.l[::2].t', ['a', 'c']],
  ['.l[0,2].t', ['a', 'c']],
  ['.l[?(@.n>=2)].t', ['b', 'c']],
  ['.l[?(@.n<2)].t', ['a']],
  ['.l[?(@.t!="a")].n', [2, 3]],
  ['.l[?(@.last)].t', ['b']],
  ['.l[?(@.last!="y")].t', ['b']],
  ['.l[?(@.n=="1")].t', []],
  ['.l[?(@.on==true)].t', ['c']],
  ['.l[?(@.on<=true)].t', []],
  ['.l[?(@.on>false)].t', []],
  ['..t', ['a', 'b', 'c']],
  ['..[1].t', ['b']],
  ["..['t']", ['a', 'b', 'c']],
  ['..*', undefined],
  [".m['a.b']", []],
  [".m['a\\.b']", ['dotted']],
  [".m['c','a\\.b']", ['plain', 'dotted']],
])('a JSONPath reads as upstream: %s', (path, expected) => {
  const value = {
    l: [
      { t: 'a', n: 1 },
      { t: 'b', n: 2, last: 'x' },
      { t: 'c', n: 3, on: true },
    ],
    m: { 'a.b': 'dotted', c: 'plain' },
  }
  expect(compileJsonPath(path)?.(value)).toEqual(expected)
})

test('the cell of a printer column prints values as Go does, by the type of the column', () => {
  const nowMs = Date.parse('2026-01-01T00:00:00Z')
  const cells = (type: string, ...values: unknown[]) => values.map(value => cellOf(type, [value], nowMs))
  expect(cells('string', undefined, null, '', 42, 1.5, 1234567.891, 1e-7, 1e21, true)).toEqual([
    ...[null, '<no value>', '', '42', '1.5', '1.234567891e+06', '1e-07', '1e+21', 'true'],
  ])
  expect(cells('string', { b: [{ d: 1, c: 2 }], a: null })).toEqual(['{"a":null,"b":[{"c":2,"d":1}]}'])
  expect(cells('integer', 1.9, -1.9, '1', 1e21, null)).toEqual([1, -1, null, -(2n ** 63n), null])
  expect(cells('date', '2025-01-01T00:00:00Z', '2025-01-01', 'x', '', '0001-01-01T00:00:00Z', 7, null)).toEqual([
    ...['365d', '<invalid>', '<invalid>', '<unknown>', '<unknown>', null, null],
  ])
})

describe('a definition in a group of the Kubernetes project', () => {
  const why = 'protected groups must have approval annotation "api-approved.kubernetes.io"'
  const see = 'see https://github.com/kubernetes/enhancements/pull/1111'
  const draft = (plural: string, approval?: string) => {
    const annotations = approval === undefined ? {} : { 'api-approved.kubernetes.io': approval }
    const names = { plural, kind: `Kind${plural}` }
    return {
      metadata: { name: `${plural}.sigs.k8s.io`, annotations },
      spec: { ...definition.spec, group: 'sigs.k8s.io', names },
    }
  }
  const create = (...given: Parameters<typeof draft>) =>
    api.clientAs().create(CustomResourceDefinition, draft(...given) as never)
  const conformant = (name: string) =>
    eventually(async () => {
      const { status } = await api.clientAs().get(CustomResourceDefinition, { name })
      const found = status.conditions?.find(({ type }) => type === 'KubernetesAPIApprovalPolicyConformant')
      expect(status.conditions?.find(({ type }) => type === 'Established')).toBeDefined()
      return found && [found.status, found.reason, found.message]
    })

  test.each([
    [undefined, `Required value: ${why}, ${see}`],
    ['me', `Invalid value: "me": ${why} with either a URL or a reason starting with "unapproved", ${see}`],
  ])('is refused with the approval %s', async (approval, message) => {
    await expect(create('refused', approval)).rejects.toMatchObject({
      code: 422,
      message: expect.stringContaining(`metadata.annotations[api-approved.kubernetes.io]: ${message}`) as string,
    })
  })

  test('says in a condition who approved it, or that nobody did', async () => {
    await create('approveds', 'https://github.com/kubernetes/kubernetes/pull/1')
    expect(await conformant('approveds.sigs.k8s.io')).toEqual(['True', 'ApprovedAnnotation', 'approved in https://github.com/kubernetes/kubernetes/pull/1']) // prettier-ignore
    await create('unapproveds', 'unapproved, for now')
    expect(await conformant('unapproveds.sigs.k8s.io')).toEqual(['False', 'UnapprovedAnnotation', 'not approved: "unapproved, for now"']) // prettier-ignore
    const ref = { name: 'unapproveds.sigs.k8s.io' }
    const without = { metadata: { annotations: { 'api-approved.kubernetes.io': null } } }
    await expect(api.clientAs().patch(CustomResourceDefinition, ref, without, { type: 'merge' })).rejects.toMatchObject(
      { code: 422 },
    )
    await api.clientAs().create(CustomResourceDefinition, {
      metadata: { name: 'others.example.com' },
      spec: { ...definition.spec, group: 'example.com', names: { plural: 'others', kind: 'Other' } },
    } as never)
    expect(await conformant('others.example.com')).toBeUndefined()
  })
})

test('a version of a group that is built in gets nothing more; others of the group do', async () => {
  const names = { plural: 'foos', kind: 'Foo' }
  const [built, other] = ['v1', 'v1other'].map((name, i) => ({ name, served: true, storage: i > 0, schema: version('', false).schema })) // prettier-ignore
  await api.clientAs().create(CustomResourceDefinition, {
    metadata: {
      name: 'foos.networking.k8s.io',
      annotations: { 'api-approved.kubernetes.io': 'unapproved, for the test' },
    },
    spec: { group: 'networking.k8s.io', scope: 'Cluster', names, versions: [built, other] },
  } as never)
  await eventually(async () => {
    expect((await raw(api, '/apis/networking.k8s.io/v1other/foos')).code).toBe(200)
  })
  expect((await raw(api, '/apis/networking.k8s.io/v1/foos')).code).toBe(404)
  expect((await raw(api, '/apis/networking.k8s.io/v1')).text).not.toContain('foos')
  expect((await raw(api, '/apis/networking.k8s.io/v1/networkpolicies')).code).toBe(200)
})

test('a custom resource that would be called in OpenAPI what another type is gets another name there', async () => {
  const group = 'apps.api.k8s.io'
  await api.clientAs().create(CustomResourceDefinition, {
    metadata: {
      name: `deployments.${group}`,
      annotations: { 'api-approved.kubernetes.io': 'unapproved, for the test' },
    },
    spec: { ...definition.spec, group, names: { plural: 'deployments', kind: 'Deployment' } },
  } as never)
  const name = 'io.k8s.api.apps.v1.Deployment'
  await eventually(async () => {
    const { definitions } = (await raw(api, '/openapi/v2')).json as { definitions: Record<string, AnyJson> }
    expect(definitions[`${name}_v2`]).toMatchObject({ properties: { spec: { required: ['cron'] } } })
    expect(definitions[name]).toMatchObject({
      properties: { spec: { $ref: '#/definitions/io.k8s.api.apps.v1.DeploymentSpec' } },
    })
  })
})
