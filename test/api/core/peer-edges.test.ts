// What kube-apiserver answers where a client says too little, too much, or something else than it means.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { eventually } from '../../support/eventually.ts'
import { type AnyJson, CONFIG_MAPS, configMap, raw } from './support/raw.ts'

let server: TestApiServer
beforeAll(async () => {
  server = await startTestApiServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const patch = async (path: string, type: string, body: unknown) => {
  const headers = { 'content-type': `application/${type}` }
  const { code, json, headers: told } = await raw(server, path, { method: 'PATCH', headers, body })
  return { code, json: json as AnyJson, message: (json as AnyJson).message as string, warning: told['warning'] }
}
const post = async (path: string, body: unknown) => (await raw(server, path, { body })).json as AnyJson
const causes = ({ details }: AnyJson) =>
  details.causes.map(({ field, message }: AnyJson) => `${field}: ${message}`) as string[]

describe('a selector of fields', () => {
  test.each(['=', '==', '!=', '=,metadata.name!=none'])('that says nothing (%s) selects everything', async text => {
    await post(CONFIG_MAPS, configMap('selected'))
    const { code, json } = await raw(server, `${CONFIG_MAPS}?fieldSelector=${encodeURIComponent(text)}`)
    expect([code, (json as AnyJson).items.some(({ metadata }: AnyJson) => metadata.name === 'selected')]).toEqual([200, true]) // prettier-ignore
  })
  test('that wants something of no field is refused', async () => {
    expect((await raw(server, `${CONFIG_MAPS}?fieldSelector=%3Da`)).code).toBe(400)
  })
})

describe('a patch of a scale', () => {
  const deployments = '/apis/apps/v1/namespaces/default/deployments'
  const scale = `${deployments}/scaled/scale`
  beforeAll(async () => {
    const labels = { app: 'scaled' }
    const template = { metadata: { labels }, spec: { containers: [{ name: 'a', image: 'a' }] } }
    await post(deployments, { metadata: { name: 'scaled' }, spec: { selector: { matchLabels: labels }, template } })
  })
  test.each([
    ['merge-patch+json', { spec: { replicas: 2, x: 1 }, y: 1 }],
    ['strategic-merge-patch+json', { spec: { replicas: 2, x: 1 }, y: 1 }],
    [
      'json-patch+json',
      [
        { op: 'add', path: '/spec/x', value: 1 },
        { op: 'add', path: '/y', value: 1 },
      ],
    ],
  ])('by %s says only what a Scale has, where that is wanted', async (type, body) => {
    const unknown = 'unknown field "spec.x", unknown field "y"'
    const strict = await patch(`${scale}?fieldValidation=Strict`, type, body)
    expect([strict.code, strict.message]).toEqual([422, expect.stringContaining(`strict decoding error: ${unknown}`)])
    const warned = await patch(scale, type, body)
    expect([warned.code, warned.warning]).toEqual([
      200,
      '299 - "unknown field \\"spec.x\\"", 299 - "unknown field \\"y\\""',
    ])
  })
  test.each(['{"spec":{"replicas":2.0}}', '{"spec":{"replicas":1e1}}'])('wants whole numbers, not %s', async body => {
    const { code, message } = await patch(scale, 'merge-patch+json', body)
    expect([code, message]).toEqual([422, expect.stringContaining('json: cannot unmarshal number')])
  })
})

describe('a patch that leaves of an object neither kind nor version', () => {
  const typeless = { apiVersion: null, kind: null }
  beforeAll(() => post(CONFIG_MAPS, configMap('typed')))
  test('leaves no name either, and its fields are none', async () => {
    const { code, message, warning } = await patch(`${CONFIG_MAPS}/typed`, 'merge-patch+json', typeless)
    expect([code, message]).toEqual([400, 'the name of the object (typed based on URL) was undeterminable: name must be provided']) // prettier-ignore
    expect(warning).toContain('299 - "unknown field \\"metadata\\""')
  })
  test('is refused for that where only what is known may be said', async () => {
    const { code, message } = await patch(`${CONFIG_MAPS}/typed?fieldValidation=Strict`, 'merge-patch+json', typeless)
    expect([code, message]).toEqual([422, expect.stringContaining('strict decoding error: unknown field "')])
  })
})

test('another uid in a patch is told beside all else that is wrong', async () => {
  const path = '/apis/apps/v1/namespaces/default/statefulsets'
  const labels = { app: 'other' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'a', image: 'a' }] } }
  await post(path, { metadata: { name: 'other' }, spec: { serviceName: 'a', selector: { matchLabels: labels }, template } }) // prettier-ignore
  const body = { metadata: { uid: 'u' }, spec: { serviceName: 'b' } }
  const { json } = await patch(`${path}/other`, 'merge-patch+json', body)
  expect(json.details.causes.map(({ field }: AnyJson) => field)).toEqual(['metadata.uid', 'spec'])
})

test('what a driver says of a node stays, but for how much room there is', async () => {
  const path = '/apis/storage.k8s.io/v1/csinodes'
  const driver = { name: 'a.example.com', nodeID: 'n', topologyKeys: ['zone'], allocatable: { count: 3 } }
  await post(path, { metadata: { name: 'n' }, spec: { drivers: [driver] } })
  const change = (more: object) =>
    patch(`${path}/n`, 'merge-patch+json', { spec: { drivers: [{ ...driver, ...more }] } })
  for (const other of [{ nodeID: 'm' }, { topologyKeys: [] }])
    expect(causes((await change(other)).json)).toEqual([expect.stringMatching(/^spec\.drivers: Invalid value: .*: field is immutable$/)]) // prettier-ignore
  expect((await change({ allocatable: { count: 4 } })).code).toBe(200)
  expect((await change({ name: 'b.example.com', nodeID: 'm' })).code).toBe(200)
})

test('of a slice of endpoints the list is named where the family is wrong, and a name is warned of once', async () => {
  const path = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices'
  const slice = (name: string, addressType: string, address: string) => ({ metadata: { name }, addressType, endpoints: [{ addresses: [address] }] }) // prettier-ignore
  const refused = await post(path, slice('a', 'IPv6', '10.0.0.1'))
  expect(causes(refused)).toEqual(['endpoints[0].addresses: Invalid value: "10.0.0.1": must be an IPv6 address'])
  const { headers } = await raw(server, path, { body: slice('b', 'FQDN', 'a.example.com') })
  expect(headers['warning']).toContain('FQDN endpoints are deprecated')
  expect((await patch(`${path}/b`, 'merge-patch+json', { metadata: { labels: { a: 'b' } } })).warning).toBeUndefined()
})

test('a template of a claim is the same whether a list is empty or not there', async () => {
  const path = '/apis/resource.k8s.io/v1/namespaces/default/resourceclaimtemplates'
  const template = (requests: unknown) => ({ metadata: { name: 't' }, spec: { spec: { devices: { requests } } } })
  await post(path, template([]))
  const { code } = await raw(server, `${path}/t`, { method: 'PUT', body: template(null) })
  expect(code).toBe(200)
})

test('a capacity that no node has is not had by every node afterwards, nor the other way round', async () => {
  const path = '/apis/storage.k8s.io/v1/namespaces/default/csistoragecapacities'
  for (const [name, before, after] of [
    ['none', undefined, {}],
    ['all', {}, null],
  ] as const) {
    await post(path, { metadata: { name }, storageClassName: 'a', nodeTopology: before })
    const { json } = await patch(`${path}/${name}`, 'merge-patch+json', { nodeTopology: after })
    expect(causes(json)).toEqual([expect.stringMatching(/^nodeTopology: Invalid value: .*: field is immutable$/)])
  }
  const { code } = await patch(`${path}/all`, 'merge-patch+json', { nodeTopology: { matchLabels: {} } })
  expect(code).toBe(200)
})

test('a capacity of a device that says no amount has none of it', async () => {
  const pool = { name: 'p', resourceSliceCount: 1 }
  const devices = [{ name: 'd', capacity: { memory: {} } }]
  const body = { metadata: { name: 's' }, spec: { driver: 'a.example.com', pool, nodeName: 'n', devices } }
  const { spec } = await post('/apis/resource.k8s.io/v1/resourceslices', body)
  expect(spec.devices[0].capacity).toEqual({ memory: { value: '0' } })
})

test('a selector of devices that is null is told by the name of its type', async () => {
  const spec = { selectors: [{ cel: { expression: 'null' } }] }
  const { message } = await post('/apis/resource.k8s.io/v1/deviceclasses', { metadata: { name: 'c' }, spec })
  expect(message).toContain('must evaluate to bool or the unknown type, not null_type')
})

test('bytes that are none are told as what reads them says it', async () => {
  await post('/api/v1/namespaces/default/secrets', { metadata: { name: 's' } })
  const told = async (type: string) =>
    (await patch('/api/v1/namespaces/default/secrets/s', type, { data: { a: '!!' } })).message
  expect(await told('strategic-merge-patch+json')).toMatch(/: error decoding from json: illegal base64 data at input byte 0$/) // prettier-ignore
  expect(await told('merge-patch+json')).toMatch(/": illegal base64 data at input byte 0$/)
})

test("a kind of another group's version is not one that was served once", async () => {
  const body = { ...configMap('foreign'), apiVersion: 'walks.example.com/v1beta1' }
  const { message } = await post(CONFIG_MAPS, body)
  expect(message).toContain('no kind "ConfigMap" is registered for version "walks.example.com/v1beta1"')
  const { message: older } = await post(CONFIG_MAPS, { ...body, apiVersion: 'apps/v1beta1' })
  expect(older).toContain('does not match the expected API version')
})

test('what a status had before it was first applied belongs to that part', async () => {
  const path = '/apis/policy/v1/namespaces/default/poddisruptionbudgets'
  const body = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'unowned' } }
  await post(path, { ...body, spec: { selector: {} } })
  await patch(`${path}/unowned/status`, 'merge-patch+json', { status: { currentHealthy: 1 } })
  await patch(`${path}/unowned`, 'merge-patch+json', { metadata: { managedFields: [{}] } })
  const { json } = await patch(`${path}/unowned/status?fieldManager=a`, 'apply-patch+yaml', body)
  const owners = json.metadata.managedFields.map(({ manager, subresource }: AnyJson) => [manager, subresource])
  expect(owners).toEqual([['before-first-apply', 'status']])
})

test('of devices that a claim was given only those may be told of, by names that are some', async () => {
  const path = '/apis/resource.k8s.io/v1/namespaces/default/resourceclaims'
  await post(path, { metadata: { name: 'given' }, spec: {} })
  const told = async (status: object) =>
    causes((await patch(`${path}/given/status`, 'merge-patch+json', { status })).json)
  const device = { driver: 'a.example.com', pool: 'p', device: 'd' }
  expect(await told({ devices: [device] })).toEqual([
    `status.devices[0]: Invalid value: {"Driver":"a.example.com","Pool":"p","Device":"d","ShareID":""}: must be an allocated device in the claim`,
  ])
  const unnamed = await told({ allocation: { devices: { results: [{}] } } })
  expect(unnamed.find(text => text.includes('results[0].device'))).toMatch(/: Invalid value: "": a lowercase RFC 1123/)
})

test('a driver is warned of tokens in attributes wherever what it asks for changes', async () => {
  const path = '/apis/storage.k8s.io/v1/csidrivers'
  const asked = (audience: string) => ({ spec: { tokenRequests: [{ audience }] } })
  await post(path, { metadata: { name: 'asking' }, ...asked('a') })
  const change = async (body: unknown) => (await patch(`${path}/asking`, 'merge-patch+json', body)).warning ?? ''
  expect(await change(asked('b'))).toContain('spec.serviceAccountTokenInSecrets is unset')
  expect(await change({ metadata: { labels: { a: 'b' } } })).toBe('')
})

test('a place in a list is a whole number, however it is written', async () => {
  const owner = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', name, uid: name })
  await post(CONFIG_MAPS, { metadata: { name: 'placed', ownerReferences: ['a', 'b', 'c'].map(owner) } })
  const told = async (place: string) => {
    const test = { op: 'test', path: `/metadata/ownerReferences/${place}/name`, value: 'b' }
    return (await patch(`${CONFIG_MAPS}/placed`, 'json-patch+json', [test])).code
  }
  for (const place of ['1', '01', '+1', '-2']) expect(await told(place), place).toBe(200)
  for (const place of ['0x1', '1.0', ' 1', '-', '']) expect(await told(place), place).toBe(422)
})

test('a part that custom resources have not got is told as an object that is not there, a field as one that is not selected by', async () => {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  const names = { plural: 'plains', kind: 'Plain' }
  const versions = [{ name: 'v1', served: true, storage: true, schema }]
  await post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: 'plains.edges.example.com' },
    spec: { group: 'edges.example.com', scope: 'Cluster', names, versions },
  })
  const path = '/apis/edges.example.com/v1/plains'
  await eventually(async () => expect((await raw(server, path)).code).toBe(200))
  await post(path, { apiVersion: 'edges.example.com/v1', kind: 'Plain', metadata: { name: 'a' } })
  for (const part of ['status', 'scale', 'other']) {
    const { code, json } = await raw(server, `${path}/a/${part}`)
    expect([code, json.message, json.details]).toEqual([
      ...[404, 'plains.edges.example.com "a" not found'],
      { name: 'a', group: 'edges.example.com', kind: 'plains' },
    ])
  }
  const { json } = await raw(server, `${path}?fieldSelector=spec.a%3Db`)
  expect(json.message).toBe('field label not supported: spec.a')
})
