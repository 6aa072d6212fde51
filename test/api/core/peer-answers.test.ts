// Answers in the words of kube-apiserver, where clients go by them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { CONFIG_MAPS, configMap, raw } from './support/raw.ts'

let server: TestApiServer
beforeAll(async () => {
  server = await startTestApiServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const MERGE = { 'content-type': 'application/merge-patch+json' }
const patch = (path: string, metadata: Record<string, unknown>) =>
  raw(server, path, { method: 'PATCH', headers: MERGE, body: { metadata } })

test('a patch may bring neither another name nor another uid', async () => {
  await raw(server, CONFIG_MAPS, { body: configMap('patched') })
  const path = `${CONFIG_MAPS}/patched`
  const renamed = await patch(path, { name: 'other' })
  expect([renamed.code, renamed.json.message]).toEqual([400, 'the name of the object (other) does not match the name on the URL (patched)']) // prettier-ignore
  const replaced = await patch(path, { uid: 'other' })
  expect([replaced.code, replaced.json.details.causes]).toEqual([
    422,
    [{ reason: 'FieldValueInvalid', field: 'metadata.uid', message: 'Invalid value: "other": field is immutable' }],
  ])
})

test('an update with another uid is a conflict', async () => {
  const { json } = await raw(server, CONFIG_MAPS, { body: configMap('updated') })
  const body = { ...json, metadata: { ...json.metadata, uid: 'other' } }
  const answer = await raw(server, `${CONFIG_MAPS}/updated`, { method: 'PUT', body })
  expect([answer.code, answer.json.details.kind]).toEqual([409, 'configmaps'])
  expect(answer.json.message).toContain('Precondition failed: UID in precondition: other')
})

test('preconditions of a delete are answered with the kind', async () => {
  await raw(server, CONFIG_MAPS, { body: configMap('guarded') })
  const body = { preconditions: { resourceVersion: '1' } }
  const { code, json } = await raw(server, `${CONFIG_MAPS}/guarded`, { method: 'DELETE', body })
  expect([code, json.details.kind]).toEqual([409, 'ConfigMap'])
  expect(json.message).toMatch(/^Operation cannot be fulfilled on ConfigMap "guarded": the ResourceVersion in the precondition \(1\) does not match the ResourceVersion in record \(\d+\)\. The object might have been modified$/) // prettier-ignore
})

test.each([
  ['/api/v1/namespaces/emptied', 'namespaces'],
  ['/apis/apiextensions.k8s.io/v1/customresourcedefinitions/emptied.example.com', 'customresourcedefinitions'],
])('those of %s, which is emptied first, in the words of other writes', async (path, kind) => {
  const schema = { openAPIV3Schema: { type: 'object' } }
  const spec = { group: 'example.com', scope: 'Cluster', names: { plural: 'emptied', kind: 'Emptied' }, versions: [{ name: 'v1', served: true, storage: true, schema }] } // prettier-ignore
  const body = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'emptied.example.com' }, spec } // prettier-ignore
  await raw(server, '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { body })
  await raw(server, '/api/v1/namespaces', { body: { metadata: { name: 'emptied' } } })
  const refused = async (preconditions: object) => {
    const { code, json } = await raw(server, path, { method: 'DELETE', body: { preconditions } })
    return [code, json.details.kind, json.message]
  }
  expect(await refused({ uid: 'other' })).toEqual([
    409,
    kind,
    expect.stringContaining('": Precondition failed: UID in precondition: other, UID in object meta: '),
  ])
  expect(await refused({ resourceVersion: '1' })).toEqual([
    409,
    kind,
    expect.stringContaining(
      '": Precondition failed: ResourceVersion in precondition: 1, ResourceVersion in object meta: ',
    ),
  ])
})

test('a name that was to be generated and is taken may be tried again', async () => {
  await raw(server, CONFIG_MAPS, { body: configMap('taken') })
  const body = configMap('taken', { metadata: { name: 'taken', generateName: 'taken-' } })
  const { code, json } = await raw(server, CONFIG_MAPS, { body })
  expect([code, json.reason, json.details.retryAfterSeconds]).toEqual([409, 'AlreadyExists', 1])
  expect(json.message).toBe('configmaps "taken" already exists, the server was not able to generate a unique name for the object') // prettier-ignore
})

test('of an object that nobody owns, the first apply says who wrote it before', async () => {
  await raw(server, CONFIG_MAPS, { body: { metadata: { name: 'bare' } } })
  const path = `${CONFIG_MAPS}/bare`
  const updated = await patch(path, { labels: { a: 'b' } })
  expect(updated.json.metadata.managedFields).toBeUndefined()
  const applied = await raw(server, `${path}?fieldManager=me`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/apply-patch+yaml' },
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { labels: { a: 'c' } } },
  })
  expect([applied.code, applied.json.message]).toEqual([409, 'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .metadata.labels.a']) // prettier-ignore
})

test.each<[string, { managedFields?: object[] }]>([
  ['PUT', {}],
  ['PUT', { managedFields: [{}] }],
  ['PUT', { managedFields: [] }],
  ['PATCH', { managedFields: [] }],
])('%s with %j tells whether fields have owners from then on', async (method, metadata) => {
  const name = `owned-${method.toLowerCase()}-${JSON.stringify(metadata).length}`
  await raw(server, CONFIG_MAPS, { body: configMap(name) })
  const path = `${CONFIG_MAPS}/${name}`
  const headers = { 'content-type': method === 'PUT' ? 'application/json' : MERGE['content-type'] }
  await raw(server, path, { method, headers, body: configMap(name, { metadata: { name, ...metadata } }) })
  const later = await patch(path, { labels: { a: 'b' } })
  expect([later.json.metadata.labels, Boolean(later.json.metadata.managedFields)]).toEqual([
    { a: 'b' },
    metadata.managedFields === undefined,
  ])
})

test('an apply without a manager names the options', async () => {
  const { code, json } = await raw(server, `${CONFIG_MAPS}/applied`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/apply-patch+yaml' },
    body: { apiVersion: 'v1', kind: 'ConfigMap' },
  })
  expect([code, json.details.kind, json.details.group]).toEqual([422, 'PatchOptions', 'meta.k8s.io'])
})

test('a StorageClass that is deleted is the answer', async () => {
  const path = '/apis/storage.k8s.io/v1/storageclasses'
  await raw(server, path, { body: { metadata: { name: 'gone' }, provisioner: 'example.com/disk' } })
  const { code, json } = await raw(server, `${path}/gone`, { method: 'DELETE' })
  expect([code, json.kind, json.metadata.name]).toEqual([200, 'StorageClass', 'gone'])
})

test('an event of the newer group is told of as the one that is stored', async () => {
  const path = '/apis/events.k8s.io/v1/namespaces/default/events'
  const { code, json } = await raw(server, path, { body: { metadata: { name: 'e' }, regarding: { kind: 'Pod' } } })
  expect([code, json.message]).toEqual([422, expect.stringMatching(/^Event "e" is invalid: /)])
  expect(json.details).toMatchObject({ name: 'e', kind: 'Event' })
  expect((await raw(server, `${path}/e`)).json.message).toBe('events.events.k8s.io "e" not found')
})

test('an object without a name is named by nothing', async () => {
  const { code, json } = await raw(server, CONFIG_MAPS, { body: {} })
  expect([code, json.message]).toEqual([422, 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required']) // prettier-ignore
})

test.each<[string, string, number, string]>([
  ['a version that is none', 'resourceVersion=x', 400, 'invalid resource version: resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax'],
  ['a watch from an exact version', 'watch=true&sendInitialEvents=true&resourceVersionMatch=Exact', 422, 'ListOptions.meta.k8s.io "" is invalid: [resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan", resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan]'],
])('a list of %s', async (_what, query, expected, message) => {
  const { code, json } = await raw(server, `${CONFIG_MAPS}?${query}`)
  expect([code, json.message]).toEqual([expected, message])
}) // prettier-ignore

test('a negative limit is none', async () => {
  expect((await raw(server, `${CONFIG_MAPS}?limit=-1`)).code).toBe(200)
})

test('kinds without namespaces take a selector for one, unless they name what they take', async () => {
  const listed = await raw(server, '/apis/storage.k8s.io/v1/storageclasses?fieldSelector=metadata.namespace%3Da')
  expect([listed.code, listed.json.items]).toEqual([200, []])
  expect((await raw(server, '/api/v1/nodes?fieldSelector=metadata.namespace%3Da')).code).toBe(400)
})

test('an update without a name says which it should be', async () => {
  const { code, json } = await raw(server, `${CONFIG_MAPS}/named`, { method: 'PUT', body: { data: {} } })
  expect([code, json.message]).toEqual([400, 'the name of the object (named based on URL) was undeterminable: name must be provided']) // prettier-ignore
})

test('a dry run of nothing is refused', async () => {
  const { code, json } = await raw(server, `${CONFIG_MAPS}?dryRun=`, { body: configMap('dry') })
  expect([code, json.details.causes[0].message]).toEqual([422, 'Unsupported value: [""]: supported values: "All"'])
  const body = { dryRun: ['Some'] }
  const deleted = await raw(server, `${CONFIG_MAPS}/dry?dryRun=Some`, { method: 'DELETE', body })
  expect(deleted.json.details.causes).toMatchObject([
    { message: 'Unsupported value: ["Some"]: supported values: "All"' },
  ])
})

test('a workload without a template lacks what is in it', async () => {
  const body = { metadata: { name: 'a' }, spec: { selector: { matchLabels: { app: 'a' } } } }
  const { json } = await raw(server, '/apis/apps/v1/namespaces/default/deployments', { body })
  expect(json.details.causes).toMatchObject([
    { field: 'spec.template.metadata.labels', message: 'Invalid value: null: `selector` does not match template `labels`' },
    { field: 'spec.template.spec.containers', message: 'Required value' },
  ]) // prettier-ignore
})

test('a job without labels of its own has those of its template, and its pods outlive it only with a warning', async () => {
  const path = '/apis/batch/v1/namespaces/default/jobs'
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a:1' }] } }
  const { json } = await raw(server, path, { body: { metadata: { name: 'plain' }, spec: { template } } })
  const { uid, labels } = json.metadata
  expect(labels).toEqual({
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': 'plain',
    'controller-uid': uid,
    'job-name': 'plain',
  })
  const labelled = { ...template, metadata: { labels: { app: 'a' } } }
  const own = await raw(server, path, { body: { metadata: { name: 'own', labels: { app: 'a' } }, spec: { template: labelled } } }) // prettier-ignore
  expect(own.json.metadata.labels).toEqual({ app: 'a' })
  const shared = await raw(server, path, { body: { metadata: { name: 'shared' }, spec: { template: labelled } } })
  expect(shared.json.metadata.labels).toMatchObject({ app: 'a', 'job-name': 'shared' })
  const trial = `${path}/plain?dryRun=All`
  expect((await raw(server, trial, { method: 'DELETE' })).headers['warning']).toContain('child pods are preserved')
  const told = await raw(server, `${trial}&propagationPolicy=Orphan`, { method: 'DELETE' })
  expect(told.headers['warning']).toBeUndefined()
})

const definition = (spec: object, ...versions: string[]) => ({
  metadata: { name: 'ships.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'ships', kind: 'Ship' },
    versions: versions.map((name, i) => ({
      ...{ name, served: true, storage: i === 0 },
      schema: { openAPIV3Schema: { type: 'object', properties: { spec: i === 0 ? spec : { type: 'object' } } } },
    })),
  },
})
const SPEC = 'spec.validation.openAPIV3Schema.properties[spec]'
test.each<[string, object, string, string]>([
  ['a set of objects', { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'object' } }, `${SPEC}.items.x-kubernetes-map-type`, 'Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set'],
  ['an unknown type of map', { type: 'object', 'x-kubernetes-map-type': 'odd' }, `${SPEC}.x-kubernetes-map-type`, 'Unsupported value: "odd": supported values: "atomic", "granular"'],
  ['nothing to preserve', { type: 'object', 'x-kubernetes-preserve-unknown-fields': false }, `${SPEC}.x-kubernetes-preserve-unknown-fields`, 'Invalid value: false: must be true or undefined'],
  ['an object within of no fields', { type: 'object', 'x-kubernetes-embedded-resource': true }, `${SPEC}.properties`, 'Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields'],
  ['keys of no map', { type: 'array', 'x-kubernetes-list-map-keys': ['a'], items: { type: 'object' } }, `${SPEC}.x-kubernetes-list-type`, 'Required value: must be map if x-kubernetes-list-map-keys is non-empty'],
  ['a type in a junctor', { type: 'string', anyOf: [{ type: 'string' }] }, `${SPEC}.anyOf[0].type`, 'Forbidden: must be empty to be structural'],
])('a definition with %s is told where it is kept', async (_what, spec, field, message) => {
  const { code, json } = await raw(server, '/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All', {
    body: definition(spec, 'v1'),
  })
  expect([code, json.details.causes]).toEqual([422, [expect.objectContaining({ field, message })]])
}) // prettier-ignore

test('a definition whose versions differ is told of the version', async () => {
  const { json } = await raw(server, '/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All', {
    body: definition({ type: 'odd' }, 'v1', 'v2'),
  })
  expect(json.details.causes[0].field).toBe('spec.versions[0].schema.openAPIV3Schema.properties[spec].type')
})

test('a StatefulSet has no dots in its name: its pods are called by it, and hosts are labels', async () => {
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const body = {
    metadata: { name: 'a.b' },
    spec: { serviceName: 's', selector: { matchLabels: { a: 'b' } }, template },
  }
  const { code, json } = await raw(server, '/apis/apps/v1/namespaces/default/statefulsets', { body })
  expect([code, json.details.causes]).toEqual([
    422,
    [expect.objectContaining({ reason: 'FieldValueInvalid', field: 'metadata.name' })],
  ])
  expect(json.message).toContain('metadata.name: Invalid value: "a.b": must not contain dots')
})

const APPLY = { 'content-type': 'application/apply-patch+yaml' }
const applied = (path: string, body: Record<string, unknown>, query = 'fieldManager=me') =>
  raw(server, `${path}?${query}`, { method: 'PATCH', headers: APPLY, body })

test.each([
  ['another version', { apiVersion: 'v2', kind: 'ConfigMap' }, 400, 'invalid object type: /v2, Kind=ConfigMap'],
  ['another kind', { apiVersion: 'v1', kind: 'Secret' }, 400, 'invalid object type: /v1, Kind=Secret'],
  [
    'an unknown field',
    { apiVersion: 'v1', kind: 'ConfigMap', cake: 1 },
    400,
    'failed to create typed patch object (/; /v1, Kind=ConfigMap): .cake: field not declared in schema',
  ],
  [
    'what says no name',
    { apiVersion: 'v1', kind: 'ConfigMap' },
    400,
    'the name of the object (strange based on URL) was undeterminable: name must be provided',
  ],
  [
    'a uid of nothing',
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { uid: 'x' } },
    409,
    'Operation cannot be fulfilled on configmaps "strange": uid mismatch: the provided object specified uid x, and no existing object was found',
  ],
])('an apply of %s is refused', async (_what, body, code, message) => {
  const answer = await applied(`${CONFIG_MAPS}/strange`, body)
  expect([answer.code, answer.json.message]).toEqual([code, message])
})

test('an apply makes what has a version and is not there', async () => {
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'gone', resourceVersion: '1' } }
  expect((await applied(`${CONFIG_MAPS}/gone`, body)).code).toBe(201)
})

test('the annotation of who applied before has what was sent, and nothing more', async () => {
  const LAST = 'kubectl.kubernetes.io/last-applied-configuration'
  await raw(server, CONFIG_MAPS, { body: configMap('moved', { metadata: { name: 'moved', annotations: { [LAST]: '{}' } } }) }) // prettier-ignore
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'moved' }, data: { b: 'c' } }
  const { json } = await applied(`${CONFIG_MAPS}/moved`, body, 'fieldManager=kubectl')
  expect(JSON.parse(json.metadata.annotations[LAST])).toEqual(body)
})

test.each([
  ['a create, as a patch', 'POST', '', 'application/merge-patch+json', 'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf'],
  ['a patch, as an object', 'PATCH', '/nothing', 'application/json', '415: Unsupported Media Type'],
  ['a patch, as something else', 'PATCH', '/nothing', 'application/apply-patch+cbor', '415: Unsupported Media Type'],
])('%s, is of a type that is not supported', async (_what, method, path, type, message) => {
  const body = configMap('typed')
  const answer = await raw(server, `${CONFIG_MAPS}${path}`, { method, headers: { 'content-type': type }, body })
  expect([answer.code, answer.json.reason, answer.json.message]).toEqual([415, 'UnsupportedMediaType', message])
}) // prettier-ignore

test('a collection is deleted as its preconditions say', async () => {
  await raw(server, CONFIG_MAPS, { body: configMap('guarded-one', { metadata: { name: 'guarded-one', labels: { guarded: 'yes' } } }) }) // prettier-ignore
  const chosen = `${CONFIG_MAPS}?labelSelector=guarded%3Dyes`
  const remove = (preconditions: Record<string, string>) =>
    raw(server, chosen, { method: 'DELETE', body: { preconditions } })
  expect((await remove({ uid: 'other' })).code).toBe(409)
  expect((await remove({ resourceVersion: '1' })).code).toBe(409)
  expect((await raw(server, chosen)).json.items).toHaveLength(1)
  expect((await remove({})).code).toBe(200)
  expect((await raw(server, chosen)).json.items).toEqual([])
})

test('an APIService of no group is refused, and one of a group that is no name', async () => {
  const path = '/apis/apiregistration.k8s.io/v1/apiservices'
  const send = (group: string, version: string) =>
    raw(server, path, {
      body: { metadata: { name: `${version}.${group}` }, spec: { group, version, groupPriorityMinimum: 1, versionPriority: 1 } },
    }) // prettier-ignore
  expect((await send('', 'v2')).json.details.causes).toContainEqual({
    reason: 'FieldValueRequired',
    message: 'Required value: only v1 may have an empty group and it better be legacy kube',
    field: 'spec.group',
  })
  const { causes } = (await send('-', 'v2')).json.details
  expect(causes.map(({ field }: { field: string }) => field)).toContain('spec.group')
})

/** KEP-4858: an address or a range that two programs may read differently is refused; what is there already stays. */
describe('an address that can be read in two ways', () => {
  const IN = '/namespaces/default'
  const policy = (cidr: string, more: object = {}) => ({
    path: `/apis/networking.k8s.io/v1${IN}/networkpolicies`,
    spec: { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr, ...more } }] }] },
  })
  const service = (spec: object) => ({ path: `/api/v1${IN}/services`, spec: { ports: [{ port: 80 }], ...spec } })
  const slice = (addressType: string, address: string) => ({
    path: `/apis/discovery.k8s.io/v1${IN}/endpointslices`,
    addressType,
    endpoints: [{ addresses: [address] }],
  })
  const BEYOND = 'must not have bits set beyond the prefix length'
  const CIDR = 'spec.ingress[0].from[0].ipBlock.cidr'
  test.each<[string, { path: string; [field: string]: unknown }, string, string]>([
    ['of a policy', policy('10.0.0.1/8'), CIDR, `Invalid value: "10.0.0.1/8": ${BEYOND}`],
    ['of a policy, with zeros', policy('10.0.0.0/08'), CIDR, 'Invalid value: "10.0.0.0/08": must not have leading 0s in IP or prefix length'],
    ['of a policy, IPv4 in IPv6', policy('::ffff:10.0.0.0/104'), CIDR, 'Invalid value: "::ffff:10.0.0.0/104": must not have an IPv4-mapped IPv6 address'],
    ['of an exception', policy('10.0.0.0/8', { except: ['10.1.0.1/16'] }), 'spec.ingress[0].from[0].ipBlock.except[0]', `Invalid value: "10.1.0.1/16": ${BEYOND}`],
    ['of a node', { path: '/api/v1/nodes', spec: { podCIDRs: ['10.0.0.1/24'] } }, 'spec.podCIDRs[0]', `Invalid value: "10.0.0.1/24": ${BEYOND}`],
    ['of who may come in', service({ type: 'LoadBalancer', loadBalancerSourceRanges: ['10.0.0.1/8'] }), 'spec.LoadBalancerSourceRanges[0]', `Invalid value: "10.0.0.1/8": ${BEYOND}`],
    ['of a service', service({ externalIPs: ['010.0.0.1'] }), 'spec.externalIPs[0]', 'Invalid value: "010.0.0.1": must not have leading 0s'],
    ['of a service, IPv4 in IPv6', service({ externalIPs: ['::ffff:10.0.0.1'] }), 'spec.externalIPs[0]', 'Invalid value: "::ffff:10.0.0.1": must not be an IPv4-mapped IPv6 address'],
    ['of a slice', slice('IPv6', 'fd00:0::1'), 'endpoints[0].addresses[0]', 'Invalid value: "fd00:0::1": must be in canonical form ("fd00::1")'],
    ['of a slice of the other family', slice('IPv4', 'fd00::1'), 'endpoints[0].addresses', 'Invalid value: "fd00::1": must be an IPv4 address'],
  ])('%s', async (_what, { path, ...content }, field, message) => {
    const { json } = await raw(server, path, { body: { metadata: { name: 'twofold' }, ...content } })
    expect(json.details?.causes).toContainEqual({ reason: 'FieldValueInvalid', field, message })
  }) // prettier-ignore
})

test('a job of very many indexes runs a tenth of them at once at most, and names of its pods fit', async () => {
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a:1' }] } }
  const spec = { completionMode: 'Indexed', completions: 100_001, parallelism: 10_001, backoffLimitPerIndex: 1, maxFailedIndexes: 10_001, template } // prettier-ignore
  const { json } = await raw(server, '/apis/batch/v1/namespaces/default/jobs', { body: { metadata: { name: 'a.b' }, spec } }) // prettier-ignore
  const most =
    'must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index'
  expect(json.details.causes).toEqual([
    { reason: 'FieldValueInvalid', field: 'spec.parallelism', message: `Invalid value: 10001: ${most}` },
    { reason: 'FieldValueInvalid', field: 'spec.maxFailedIndexes', message: `Invalid value: 10001: ${most}` },
    { reason: 'FieldValueInvalid', field: 'metadata.name', message: 'Invalid value: "a.b": will not able to create pod with invalid DNS label: a.b-100000' },
  ]) // prettier-ignore
})

const HEADER =
  "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')"
const PORT = 'Invalid value: 0: must be between 1 and 65535, inclusive'
const TEMPLATE = (at: string) =>
  `[${at}.containers: Required value, ${at}.restartPolicy: Required value: valid values: "OnFailure", "Never"]`
const NONE = { user: {}, group: {}, serviceAccount: {} }
const SUBJECTS = Object.entries(NONE).map(([name, value]) => ({
  kind: name.replace(/^./, first => first.toUpperCase()),
  [name]: value,
}))

test.each<[string, string, object, string]>([
  ['a job without a template', '/apis/batch/v1/namespaces/default/jobs', {}, TEMPLATE('spec.template.spec')],
  [
    'a cron job without one',
    '/apis/batch/v1/namespaces/default/cronjobs',
    { schedule: '* * * * *' },
    TEMPLATE('spec.jobTemplate.spec.template.spec'),
  ],
  [
    'a DaemonSet without a selector',
    '/apis/apps/v1/namespaces/default/daemonsets',
    {},
    '[spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`, spec.template.spec.containers: Required value]',
  ],
  [
    'probes without ports and headers without names',
    '/api/v1/namespaces/default/pods',
    {
      containers: [
        {
          ...{ name: 'a', image: 'i', livenessProbe: { grpc: {} }, readinessProbe: { tcpSocket: {} } },
          startupProbe: { httpGet: { port: 80, httpHeaders: [{}] } },
        },
      ],
    },
    `[spec.containers[0].livenessProbe.grpc.port: ${PORT}, spec.containers[0].readinessProbe.tcpSocket.port: ${PORT}, spec.containers[0].startupProbe.httpGet.httpHeaders: Invalid value: "": ${HEADER}]`,
  ],
  [
    'scopes of quotas',
    '/api/v1/namespaces/default/resourcequotas',
    { scopeSelector: { matchExpressions: [{}] } },
    '[spec.scopeSelector.matchExpressions.scopeName: Invalid value: "": unsupported scope, spec.scopeSelector.matchExpressions.operator: Invalid value: "": not a valid selector operator]',
  ],
  [
    'subjects without names',
    '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas',
    {
      priorityLevelConfiguration: { name: 'x' },
      rules: [{ subjects: SUBJECTS, nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }] }],
    },
    '[spec.rules[0].subjects[0].user.name: Required value, spec.rules[0].subjects[1].group.name: Required value, spec.rules[0].subjects[2].serviceAccount.name: Required value, spec.rules[0].subjects[2].serviceAccount.namespace: Required value: must specify namespace for service account]',
  ],
])('of %s (%s) is told what upstream tells of empty values, and nothing more', async (_what, path, spec, problems) => {
  const { json } = await raw(server, `${path}?dryRun=All`, { body: { metadata: { name: 'n' }, spec } })
  expect(json.message).toMatch(/ "n" is invalid: /)
  expect(json.message!.replace(/^.* is invalid: /, '')).toBe(problems)
})

test('of metrics that name nothing each is told once what it lacks', async () => {
  const metrics = ['ContainerResource', 'Resource', 'Pods', 'External', 'Object'].map(type => ({
    type,
    [type.replace(/^./, first => first.toLowerCase())]: {},
  }))
  const spec = { maxReplicas: 3, scaleTargetRef: { kind: 'D', name: 'n', apiVersion: 'a/v1' }, metrics }
  const path = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers'
  const { json } = await raw(server, path, { body: { metadata: { name: 'n' }, spec } })
  const causes = json.details!.causes as { field: string; message: string }[]
  expect(causes.map(({ field }) => field)).toContain('spec.metrics[0].containerResource.container')
  for (const { field, message } of causes)
    if (/metrics\[[0-3]\]/.test(field)) expect(message).not.toBe('Required value')
})

test('items without a name are owned by the one that Go gives them, and owners of what is made of a template are empty', async () => {
  const containers = [{ name: 'a', image: 'i' }]
  const template = { metadata: { ownerReferences: [{}] }, spec: { containers, imagePullSecrets: [{}] } }
  const path = '/api/v1/namespaces/default/podtemplates'
  const { code, json, text } = await raw(server, path, { body: { metadata: { name: 'n' }, template } })
  expect([code, (json as unknown as { template: typeof template }).template.metadata.ownerReferences]).toEqual([
    201,
    [{ apiVersion: '', kind: '', name: '', uid: '' }],
  ])
  expect(text).toContain('"f:imagePullSecrets":{".":{},"k:{\\"name\\":\\"\\"}":{}}')
  expect(text).toContain('"f:ownerReferences":{".":{},"k:{\\"uid\\":\\"\\"}":{}}')
})

test('a Table says of a pod that has ended that it is completed, alone, in a list and on a watch', async () => {
  const pods = '/api/v1/namespaces/default/pods'
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io'
  const body = { metadata: { name: 'ended' }, spec: { containers: [{ name: 'a', image: 'a' }] } }
  await raw(server, pods, { body })
  const conditionsOf = async (path: string) => {
    const { text } = await raw(server, path, { headers: { accept } })
    const told = JSON.parse(text.split('\n')[0]!) as { rows?: object[]; object?: { rows: object[] } }
    return (told.rows ?? told.object!.rows).map(row => (row as { conditions?: object[] }).conditions)
  }
  expect(await conditionsOf(`${pods}/ended`)).toEqual([undefined])
  for (const [phase, message] of [
    ['Succeeded', 'The pod has completed successfully.'],
    ['Failed', 'The pod failed.'],
  ]) {
    await raw(server, `${pods}/ended/status`, { method: 'PATCH', headers: MERGE, body: { status: { phase } } })
    const completed = [[{ type: 'Completed', status: 'True', reason: phase, message }]]
    for (const path of [`${pods}/ended`, pods, `${pods}?includeObject=None`, `${pods}?watch=true&timeoutSeconds=1`])
      expect(await conditionsOf(path)).toEqual(completed)
  }
})

test("an autoscaler of the older version carries its other metrics and its behaviour in upstream's annotations", async () => {
  const v1 = '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers'
  const v2 = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers'
  const [METRICS, BEHAVIOR] = ['metrics', 'behavior'].map(name => `autoscaling.alpha.kubernetes.io/${name}`)
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'x' }
  const carried = [
    { type: 'Resource', resource: { name: 'memory', targetAverageUtilization: 70 } },
    { type: 'ContainerResource', containerResource: { name: 'cpu', targetAverageValue: '50m', container: 'c' } },
    { type: 'Pods', pods: { metricName: 'hits', targetAverageValue: '5' } },
    { type: 'Object', object: { target: { kind: 'Ingress', name: 'i', apiVersion: 'networking.k8s.io/v1' }, metricName: 'hits', targetValue: '2k' } },
    { type: 'External', external: { metricName: 'queue', metricSelector: { matchLabels: { q: 'a' } }, targetAverageValue: '30' } },
  ] // prettier-ignore
  const Policies = [{ Type: 'Pods', Value: 2, PeriodSeconds: 30 }]
  const behavior = { ScaleUp: null, ScaleDown: { StabilizationWindowSeconds: 5, SelectPolicy: 'Max', Policies, Tolerance: null } } // prettier-ignore
  const annotations = { [METRICS!]: JSON.stringify(carried), [BEHAVIOR!]: JSON.stringify(behavior) }
  const spec = { scaleTargetRef, maxReplicas: 3, targetCPUUtilizationPercentage: 60 }
  expect((await raw(server, v1, { body: { metadata: { name: 'older', annotations }, spec } })).code).toBe(201)
  const { json } = await raw(server, `${v2}/older`)
  const hits = { name: 'hits' }
  expect(json.spec.metrics).toEqual([
    { type: 'Resource', resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 70 } } },
    { type: 'ContainerResource', containerResource: { name: 'cpu', container: 'c', target: { type: 'AverageValue', averageValue: '50m' } } },
    { type: 'Pods', pods: { metric: hits, target: { type: 'AverageValue', averageValue: '5' } } },
    { type: 'Object', object: { metric: hits, describedObject: carried[3]!.object!.target, target: { type: 'Value', value: '2k' } } },
    { type: 'External', external: { metric: { name: 'queue', selector: { matchLabels: { q: 'a' } } }, target: { type: 'AverageValue', averageValue: '30' } } },
    { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } },
  ]) // prettier-ignore
  expect(json.spec.behavior).toMatchObject({ scaleDown: { stabilizationWindowSeconds: 5 } })
  const told = (await raw(server, `${v1}/older`)).json.metadata.annotations!
  expect(JSON.parse(told[METRICS!]!)).toEqual(carried)
  expect(JSON.parse(told[BEHAVIOR!]!)).toMatchObject({
    ScaleDown: { StabilizationWindowSeconds: 5, SelectPolicy: 'Max' },
  })
  // What is told of the processor is more than its share.
  const cpu = { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 12, averageValue: '24m' } } }
  await raw(server, `${v2}/older/status`, { method: 'PATCH', headers: MERGE, body: { status: { currentMetrics: [cpu], desiredReplicas: 1 } } }) // prettier-ignore
  const older = (await raw(server, `${v1}/older`)).json
  expect(older.status.currentCPUUtilizationPercentage).toBe(12)
  await raw(server, `${v1}/older/status`, { method: 'PUT', body: older })
  expect((await raw(server, `${v2}/older`)).json.status.currentMetrics).toEqual([cpu])
  // What is broken is as good as none.
  const broken = ['[1]', '{}', 'null', '"x"', '[{"type":"Pods","pods":7}]', '[{"type":"Pods","pods":{"metricName":7}}]', '{"ScaleUp":7}', '{"ScaleUp":{"Policies":7}}'] // prettier-ignore
  for (const [i, text] of broken.entries()) {
    const body = { metadata: { name: `broken-${i}`, annotations: { [METRICS!]: text, [BEHAVIOR!]: text } }, spec }
    expect((await raw(server, v1, { body })).code, text).toBe(201)
    const { metrics } = (await raw(server, `${v2}/broken-${i}`)).json.spec
    expect((metrics as { resource: { name: string } }[]).map(({ resource }) => resource.name)).toEqual(['cpu'])
  }
})
