// What random walks of requests found to be answered otherwise than by kube-apiserver.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { type AnyJson, CONFIG_MAPS, configMap, raw } from './support/raw.ts'

let server: TestApiServer
beforeAll(async () => {
  server = await startTestApiServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/default/leases'
const patch = async (path: string, type: string, body: unknown) => {
  const headers = { 'content-type': `application/${type}` }
  const { code, json } = await raw(server, path, { method: 'PATCH', headers, body })
  return { code, json, message: (json as AnyJson).message as string }
}
const apply = (path: string, manager: string, body: unknown) =>
  patch(`${path}?fieldManager=${manager}`, 'apply-patch+yaml', body)
const applied = (name: string | null, data: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data }) // prettier-ignore

test('who makes an object anew is told that the old one is still going', async () => {
  const body = { ...configMap('going'), metadata: { name: 'going', finalizers: ['example.com/a'] } }
  await raw(server, CONFIG_MAPS, { body })
  await raw(server, `${CONFIG_MAPS}/going`, { method: 'DELETE' })
  for (const query of ['', '?dryRun=All']) {
    const { code, json } = await raw(server, `${CONFIG_MAPS}${query}`, { body })
    expect([code, json.reason, json.message]).toEqual([409, 'AlreadyExists', 'object is being deleted: configmaps "going" already exists']) // prettier-ignore
  }
})

describe('of an apply', () => {
  test('a status is looked for before it is read', async () => {
    const path = '/apis/apps/v1/namespaces/default/deployments/none/status'
    const body = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'none' }, status: { unknown: 1 } }
    expect(await apply(path, 'a', body)).toMatchObject({ code: 404 })
  })

  test('conflicts are told first, then what stands there twice, then another name', async () => {
    const path = `${CONFIG_MAPS}/taken`
    await apply(path, 'first', applied('taken', { a: '1' }))
    const strict = `${path}?fieldValidation=Strict&fieldManager=second`
    const text = (data: string) => `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"other"},"data":${data}}`
    const conflicting = await patch(strict, 'apply-patch+yaml', text('{"a":"2","a":"3"}'))
    expect(conflicting).toMatchObject({ code: 409 })
    const doubled = await patch(strict, 'apply-patch+yaml', text('{"b":"2","b":"3"}'))
    expect(doubled).toMatchObject({ code: 400, message: expect.stringContaining('already set in map') as string })
    const renamed = await patch(strict, 'apply-patch+yaml', text('{"b":"2"}'))
    expect(renamed.message).toBe('the name of the object (other) does not match the name on the URL (taken)')
  })

  test('a name that is null is none, but one that is left out is that of the URL', async () => {
    const path = `${CONFIG_MAPS}/named`
    await apply(path, 'first', applied('named', {}))
    expect(await apply(path, 'first', applied(null, {}))).toMatchObject({
      ...{ code: 400 },
      message: 'the name of the object (named based on URL) was undeterminable: name must be provided',
    })
    expect(await apply(path, 'first', { apiVersion: 'v1', kind: 'ConfigMap' })).toMatchObject({ code: 200 })
  })

  test('a null that is not kept is dated', async () => {
    const path = `${CONFIG_MAPS}/dated`
    await raw(server, CONFIG_MAPS, { body: configMap('dated') })
    const { json } = await apply(path, 'first', { ...applied('dated', {}), data: undefined, immutable: null })
    const { managedFields } = (json as AnyJson).metadata
    expect(managedFields.find(({ manager }: AnyJson) => manager === 'first')).toMatchObject({
      ...{ fieldsV1: { 'f:immutable': {} } },
      time: expect.stringMatching(/^\d{4}-/) as string,
    })
  })
})

test('a patch may not take the version from what is written in a known one alone', async () => {
  await raw(server, LEASES, { body: { metadata: { name: 'held' } } })
  const taken = await patch(`${LEASES}/held`, 'merge-patch+json', { metadata: { resourceVersion: null } })
  expect([taken.code, taken.message]).toEqual([422, 'leases.coordination.k8s.io "held" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update']) // prettier-ignore
  await raw(server, CONFIG_MAPS, { body: configMap('free') })
  const free = await patch(`${CONFIG_MAPS}/free`, 'merge-patch+json', { metadata: { resourceVersion: null } })
  expect(free.code).toBe(200)
})

test('an update that would make an object does not where it means one with a uid', async () => {
  const body = { metadata: { name: 'gone', uid: 'u' } }
  const { code, json } = await raw(server, `${LEASES}/gone`, { method: 'PUT', body })
  expect([code, json.reason]).toEqual([409, 'Conflict'])
  expect(json.message).toContain('Precondition failed: UID in precondition: u, UID in object meta: ')
})

test.each([
  ['a selector of labels', 'labelSelector=a%3E%3E', 400],
  ['a selector of fields', 'fieldSelector=a', 400],
  ['a field that there is not', 'fieldSelector=a%3Db', 422],
])('of a list, %s is looked at in its turn', async (_what, query, code) => {
  expect((await raw(server, `${CONFIG_MAPS}?resourceVersionMatch=Exact&${query}`)).code).toBe(code)
})

test.each([
  ['deployments', ['updatedReplicas', 'readyReplicas', 'availableReplicas']],
  ['statefulsets', ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas']],
  ['replicasets', ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas']],
])('of a negative count of %s only what their status counts is told', async (plural, parts) => {
  const path = `/apis/apps/v1/namespaces/default/${plural}`
  const labels = { app: 'counted' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'a', image: 'a' }] } }
  await raw(server, path, {
    body: { metadata: { name: 'counted' }, spec: { selector: { matchLabels: labels }, template } },
  })
  const { json } = await patch(`${path}/counted/status`, 'merge-patch+json', { status: { replicas: -1 } })
  expect((json as AnyJson).details.causes.map(({ field }: AnyJson) => field)).toEqual(
    ['replicas', ...parts].map(name => `status.${name}`),
  )
})

test('a class that is taken from a capacity is told as an empty one', async () => {
  const path = '/apis/storage.k8s.io/v1/namespaces/default/csistoragecapacities'
  await raw(server, path, { body: { metadata: { name: 'some' }, storageClassName: 'a' } })
  const { message } = await patch(`${path}/some`, 'merge-patch+json', { storageClassName: null })
  expect(message).toContain('storageClassName: Invalid value: "": field is immutable')
})

test.each([
  ['a time', { metadata: { deletionTimestamp: '-1' } }, 'parsing time "-1" as '],
  ['bytes', { binaryData: { a: '*' } }, 'illegal base64 data at input byte 0'],
])('of a patch to %s that is none only what is wrong is told', async (_what, change, why) => {
  await raw(server, CONFIG_MAPS, { body: configMap('plain') })
  const { json } = await patch(`${CONFIG_MAPS}/plain`, 'merge-patch+json', change)
  expect((json as AnyJson).details.causes[0].message).toContain(`}": ${why}`)
})

test('an applied scale is looked at once it is known that there is something to scale', async () => {
  const body = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'none' }, spec: { replicas: 'x' } }
  expect((await apply('/apis/apps/v1/namespaces/default/deployments/none/scale', 'a', body)).code).toBe(404)
})

test('a volume keeps the time of its phase', async () => {
  const volumes = '/api/v1/persistentvolumes'
  const spec = { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/a' } }
  const { json } = await raw(server, volumes, { body: { metadata: { name: 'timed' }, spec } })
  const changed = await patch(`${volumes}/timed/status`, 'merge-patch+json', {
    status: { lastPhaseTransitionTime: null },
  })
  expect((changed.json as AnyJson).status).toEqual(json.status)
})

test('an event goes at once, whoever is to be orphaned', async () => {
  const events = '/api/v1/namespaces/default/events'
  await raw(server, events, { body: { metadata: { name: 'e' }, involvedObject: { namespace: 'default' } } })
  const { json } = await raw(server, `${events}/e`, { method: 'DELETE', body: { propagationPolicy: 'Orphan' } })
  expect([json.kind, json.status]).toEqual(['Status', 'Success'])
})

test('of options of a deletion all that is wrong is told', async () => {
  await raw(server, CONFIG_MAPS, { body: configMap('kept') })
  const { json } = await raw(server, `${CONFIG_MAPS}/kept?propagationPolicy=x&orphanDependents=true`, {
    method: 'DELETE',
  })
  expect(json.details.causes.map(({ reason }: AnyJson) => reason)).toEqual(['FieldValueInvalid', 'FieldValueNotSupported']) // prettier-ignore
})

test('a null in the data of a revision is a change of it', async () => {
  const path = '/apis/apps/v1/namespaces/default/controllerrevisions'
  await raw(server, path, { body: { metadata: { name: 'r' }, data: {}, revision: 1 } })
  const { message } = await patch(`${path}/r`, 'json-patch+json', [{ op: 'add', path: '/data/a', value: null }])
  expect(message).toContain('data: Invalid value: {"a":null}: field is immutable')
  const gone = await patch(`${path}/r`, 'json-patch+json', [{ op: 'remove', path: '/data' }])
  expect(gone.message).toContain('data: Invalid value: null: field is immutable')
})

test('a handler that is taken from a runtime class is told as an empty one', async () => {
  const path = '/apis/node.k8s.io/v1/runtimeclasses'
  await raw(server, path, { body: { metadata: { name: 'rc' }, handler: 'runc' } })
  const { message } = await patch(`${path}/rc`, 'merge-patch+json', { handler: null })
  expect(message).toContain('handler: Invalid value: "": field is immutable')
})

test('a version that no text shows is told as Go quotes it', async () => {
  const { json } = await raw(server, CONFIG_MAPS, { body: { ...configMap('odd'), apiVersion: '\0' } })
  expect(json.message).toContain(String.raw`no kind "ConfigMap" is registered for version "\x00" in scheme`)
})

test('a budget may wait for anybody', async () => {
  const body = { metadata: { name: 'b', finalizers: ['mine'] }, spec: { selector: {} } }
  expect((await raw(server, '/apis/policy/v1/namespaces/default/poddisruptionbudgets', { body })).code).toBe(201)
})

test.each([
  ['autoscaling/v1', 'currentReplicas'],
  ['autoscaling/v2', 'desiredReplicas'],
])('of an autoscaler of %s a negative count is refused', async (version, field) => {
  const path = `/apis/${version}/namespaces/default/horizontalpodautoscalers`
  const spec = { maxReplicas: 2, scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' } }
  const name = version.replace('/', '-')
  await raw(server, path, { body: { metadata: { name }, spec } })
  const { message } = await patch(`${path}/${name}/status`, 'merge-patch+json', { status: { [field]: -1 } })
  expect(message).toContain(`status.${field}: Invalid value: -1: must be greater than or equal to 0`)
})

test('an ingress is let in by addresses and names', async () => {
  const path = '/apis/networking.k8s.io/v1/namespaces/default/ingresses'
  const spec = { defaultBackend: { service: { name: 'a', port: { number: 80 } } } }
  await raw(server, path, { body: { metadata: { name: 'in' }, spec } })
  const loadBalancer = { ingress: [{ ip: 'x', hostname: '10.0.0.1' }] }
  const { json } = await patch(`${path}/in/status`, 'merge-patch+json', { status: { loadBalancer } })
  expect((json as AnyJson).details.causes.map(({ field }: AnyJson) => field)).toEqual(
    ['ip', 'hostname'].map(name => `status.loadBalancer.ingress[0].${name}`),
  )
})

test('of a budget a negative count is refused', async () => {
  const path = '/apis/policy/v1/namespaces/default/poddisruptionbudgets'
  await raw(server, path, { body: { metadata: { name: 'counted' }, spec: { selector: {} } } })
  const { message } = await patch(`${path}/counted/status`, 'merge-patch+json', { status: { currentHealthy: -1 } })
  expect(message).toContain('status.currentHealthy: Invalid value: -1: must be greater than or equal to 0')
})

test('another namespace is told before another name', async () => {
  const body = { ...configMap('other'), metadata: { name: 'other', namespace: 'other' } }
  const { json } = await raw(server, `${CONFIG_MAPS}/free`, { method: 'PUT', body })
  expect(json.message).toBe('the namespace of the provided object does not match the namespace sent on the request')
})

test.each([
  ['/api/v1/namespaces/default/replicationcontrollers', { spec: {} }, 0],
  ['/apis/apps/v1/namespaces/default/replicasets', { spec: {} }, 1],
])('of what is made at %s a prefix is looked at or not', async (path, rest, count) => {
  const { json } = await raw(server, path, { body: { metadata: { name: 'a', generateName: 'Bad_' }, ...rest } })
  expect(json.details.causes.filter(({ field }: AnyJson) => field === 'metadata.generateName')).toHaveLength(count)
})

test('whether volumes of a driver are attached, and how long they live, is said once', async () => {
  const path = '/apis/storage.k8s.io/v1/csidrivers'
  await raw(server, path, { body: { metadata: { name: 'driver' }, spec: {} } })
  const spec = { attachRequired: false, volumeLifecycleModes: ['Ephemeral'] }
  const { json } = await patch(`${path}/driver`, 'merge-patch+json', { spec })
  expect((json as AnyJson).details.causes.map(({ field }: AnyJson) => field)).toEqual(
    ['attachedRequired', 'volumeLifecycleModes'].map(name => `spec.${name}`),
  )
})

test('an owner may have no name, but says in which version', async () => {
  const path = `${CONFIG_MAPS}/owned`
  const made = await apply(path, 'first', applied('owned', { a: 'b' }))
  const [entry] = (made.json as AnyJson).metadata.managedFields
  const replace = async (entries: unknown) =>
    ((await patch(path, 'merge-patch+json', { metadata: { managedFields: entries } })).json as AnyJson).metadata
      .managedFields
  const { manager: _manager, ...nameless } = entry
  expect(await replace([nameless])).toEqual([nameless])
  const { apiVersion: _apiVersion, ...unversioned } = entry
  expect(await replace([unversioned])).toEqual([nameless])
})

test('of a selector that is broken its pods are not told of', async () => {
  const selector = { matchExpressions: [{ key: 'tier', operator: 'In' }], matchLabels: { app: 'a' } }
  const spec = { selector, template: { metadata: {} } }
  for (const [plural, told] of [['deployments', 0], ['replicasets', 0], ['daemonsets', 1]] as const) {
    const { json } = await raw(server, `/apis/apps/v1/namespaces/default/${plural}`, { body: { metadata: { name: 'a' }, spec } })
    const about = json.details.causes.filter(({ field }: AnyJson) => field === 'spec.template.spec.containers')
    expect(about, plural).toHaveLength(told)
  }
}) // prettier-ignore

test('a time that is none is told as its own JSON says it, also in a strategic patch', async () => {
  await raw(server, CONFIG_MAPS, { body: configMap('timed') })
  const { message } = await patch(`${CONFIG_MAPS}/timed`, 'strategic-merge-patch+json', {
    metadata: { creationTimestamp: true },
  })
  expect(message).toMatch(/: json: cannot unmarshal bool into Go value of type string$/)
})

test('what a class of pods takes is what a container could be limited to', async () => {
  const made = (podFixed: object) =>
    raw(server, '/apis/node.k8s.io/v1/runtimeclasses', {
      body: { metadata: { name: 'taking' }, handler: 'h', overhead: { podFixed } },
    })
  const told = async (podFixed: object) =>
    ((await made(podFixed)).json as AnyJson).details.causes.map(({ field, message }: AnyJson) => `${field}: ${message}`)
  expect(await told({ storage: '1' })).toEqual([
    'overhead.limits[storage]: Invalid value: "storage": must be a standard resource for containers',
  ])
  expect(await told({ cpu: '-1' })).toEqual([
    'overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
  ])
  expect((await made({ cpu: '10m', 'example.com/a': '1' })).code).toBe(201)
})

test('of two parts without a name the second is there twice', async () => {
  const devices = { requests: [{ name: 'a', firstAvailable: [{}, {}] }] }
  const { json } = await raw(server, '/apis/resource.k8s.io/v1/namespaces/default/resourceclaimtemplates', {
    body: { metadata: { name: 'nameless' }, spec: { spec: { devices } } },
  })
  const twice = ({ details }: AnyJson) =>
    details.causes
      .filter(({ reason }: AnyJson) => reason === 'FieldValueDuplicate')
      .map(({ field, message }: AnyJson) => `${field}: ${message}`) as string[]
  expect(twice(json as AnyJson)).toEqual(['spec.spec.devices.requests[0].firstAvailable[1]: Duplicate value: ""'])
  const spec = { containers: [{ image: 'a' }, { image: 'a' }] }
  const pod = await raw(server, '/api/v1/namespaces/default/pods', { body: { metadata: { name: 'nameless' }, spec } })
  expect(twice(pod.json as AnyJson)).toEqual(['spec.containers[1].name: Duplicate value: ""'])
})
