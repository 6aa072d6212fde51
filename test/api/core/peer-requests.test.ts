// How requests may be put, and what is said of those that may not, in the words of kube-apiserver.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { CONFIG_MAPS, configMap, raw } from './support/raw.ts'

const MAP = `${CONFIG_MAPS}/asked`
const DEPLOYMENT = '/apis/apps/v1/namespaces/default/deployments/asked'
let server: TestApiServer
beforeAll(async () => {
  server = await startTestApiServer()
  await raw(server, CONFIG_MAPS, { body: configMap('asked') })
  const template = {
    metadata: { labels: { a: 'b' } },
    spec: { containers: [{ name: 'a', image: 'a' }] },
  }
  const spec = { selector: { matchLabels: { a: 'b' } }, template }
  await raw(server, DEPLOYMENT.replace('/asked', ''), { body: { metadata: { name: 'asked' }, spec } })
})
afterAll(() => server[Symbol.asyncDispose]())

const MERGE = 'application/merge-patch+json'
const STRATEGIC = 'application/strategic-merge-patch+json'
const OPERATIONS = 'application/json-patch+json'
const APPLY = 'application/apply-patch+yaml'
const patch = async (path: string, type: string, body: string) => {
  const { code, json } = await raw(server, path, { method: 'PATCH', headers: { 'content-type': type }, body })
  return [code, json.message]
}

describe('a patch that is none', () => {
  const NO_MAP = 'json: cannot unmarshal array into Go value of type map[string]interface {}'
  const NOT_APPLIED = 'the server rejected our request due to an error in our request'
  test.each([
    [MERGE, 'null', 400, 'Invalid JSON Patch'],
    [MERGE, '[]', 400, `error decoding patch: ${NO_MAP}`],
    [MERGE, '{', 400, 'error decoding patch: unexpected end of JSON input'],
    [MERGE, '', 400, 'error decoding patch: unexpected end of JSON input'],
    [STRATEGIC, '[]', 400, NO_MAP],
    [STRATEGIC, '{', 400, 'unexpected end of JSON input'],
    [APPLY, 'a: b: c', 400, expect.stringMatching(/^error decoding YAML: error converting YAML to JSON: yaml: /)],
    [APPLY, '- a', 400, `error decoding YAML: error unmarshaling JSON: while decoding JSON: ${NO_MAP}`],
    [OPERATIONS, '{}', 400, 'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp'],
    [OPERATIONS, '[{"path":"/data"}]', 422, NOT_APPLIED],
    [OPERATIONS, '[{"op":"add"}]', 422, NOT_APPLIED],
    [OPERATIONS, '[{"op":1}]', 400, 'error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string'],
  ])('%s %s', async (type, body, code, message) => {
    expect(await patch(`${MAP}?fieldManager=x`, type, body)).toEqual([code, message])
  }) // prettier-ignore

  test.each([MAP, `${DEPLOYMENT}/status`, `${DEPLOYMENT}/scale`])('of %s is of no type that it takes', async path => {
    const headers = { 'content-type': 'application/json' }
    const { code, json } = await raw(server, path, { method: 'PATCH', headers, body: '{}' })
    expect([code, json.message, json.details]).toEqual([415, '415: Unsupported Media Type', {}])
  })
})

test('an apply that brings the uid of another object breaks a rule, as every patch does', async () => {
  const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'asked', uid: 'other' } })
  const refused = [422, 'ConfigMap "asked" is invalid: metadata.uid: Invalid value: "other": field is immutable']
  for (const type of [APPLY, MERGE]) expect(await patch(`${MAP}?fieldManager=x`, type, body)).toEqual(refused)
})

describe('when an object goes', () => {
  const PAST = '2020-01-01T00:00:00Z'
  const path = `${CONFIG_MAPS}/goes`
  const write = (method: string, metadata: object, type?: string) =>
    raw(server, path, { method, body: { ...configMap('goes'), metadata: { name: 'goes', ...metadata } }, headers: type === undefined ? {} : { 'content-type': type } }) // prettier-ignore

  test('is for no update and no patch to say', async () => {
    await raw(server, CONFIG_MAPS, { body: configMap('goes') })
    const isFixed = (field: string) => expect.objectContaining({ field, message: expect.stringMatching(/field is immutable$/) }) // prettier-ignore
    const { code, json } = await write('PATCH', { deletionTimestamp: PAST, deletionGracePeriodSeconds: 5 }, MERGE)
    expect([code, json.details.causes]).toEqual([422, ['deletionTimestamp', 'deletionGracePeriodSeconds'].map(field => isFixed(`metadata.${field}`))]) // prettier-ignore
    expect((await write('PUT', { deletionTimestamp: PAST })).code).toBe(422)
  })
  test('stays once it is said, whatever an update says; only another time to end in is refused', async () => {
    await write('PUT', { finalizers: ['example.com/kept'], generateName: 'given-' })
    const { deletionTimestamp } = (await raw(server, path, { method: 'DELETE' })).json.metadata
    for (const metadata of [{}, { deletionTimestamp: PAST }]) {
      const { json } = await write('PUT', { finalizers: ['example.com/kept'], ...metadata })
      expect(json.metadata).toMatchObject({ deletionTimestamp, deletionGracePeriodSeconds: 0 })
      expect(json.metadata).not.toHaveProperty('generateName')
    }
    expect((await write('PATCH', { deletionGracePeriodSeconds: 4 }, MERGE)).code).toBe(422)
    expect((await write('PUT', {})).json.metadata.name).toBe('goes')
    expect((await raw(server, path)).code).toBe(404)
  })
})

test('of the options of a patch all that is wrong is told', async () => {
  const { code, json } = await raw(server, `${MAP}?fieldManager=&dryRun=x&fieldValidation=y`, {
    ...{ method: 'PATCH', headers: { 'content-type': APPLY }, body: '{}' },
  })
  const told = json.details.causes.map(({ field, message }: { field: string; message: string }) => [field, message])
  expect([code, told]).toEqual([
    422,
    [
      ['fieldManager', 'Required value: is required for apply patch'],
      ['dryRun', 'Unsupported value: ["x"]: supported values: "All"'],
      ['fieldValidation', 'Unsupported value: "y": supported values: "", "Ignore", "Strict", "Warn"'],
    ],
  ])
})

test('what is applied lies in the namespace of its URL, and says nothing of who owns what', async () => {
  const applied = (metadata: object) =>
    patch(`${MAP}?fieldManager=x`, APPLY, JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata }))
  expect(await applied({ namespace: 'other' })).toEqual([
    400,
    'the namespace of the provided object does not match the namespace sent on the request',
  ])
  expect(await applied({ managedFields: [] })).toEqual([400, 'metadata.managedFields must be nil'])
})

test("every character of a manager's name that cannot be printed is told with its place", async () => {
  const { json } = await raw(server, `${CONFIG_MAPS}?fieldManager=%C3%A4%0Ab%E2%80%8B`, { body: configMap('managed') })
  const told = json.details.causes.map(({ message }: { message: string }) => message)
  expect(told).toEqual([
    'Invalid value: "ä\\nb\\u200b": invalid character U+000A (at position 2)',
    'Invalid value: "ä\\nb\\u200b": invalid character U+200B (at position 4)',
  ])
})

test("of a manager's name that is too long only that is told: a long answer is made of no short request", async () => {
  const { code, json } = await raw(server, `${CONFIG_MAPS}?fieldManager=${'%01'.repeat(200)}`, {
    body: configMap('managed'),
  })
  expect([code, json.details.causes]).toMatchObject([422, [{ reason: 'FieldValueTooLong', field: 'fieldManager' }]])
  expect(json.details.causes).toHaveLength(1)
})

test('of each entry of who owns what the first mistake of its name is told', async () => {
  const entry = (manager: string) => ({
    ...{ manager, operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1' },
    fieldsV1: { 'f:data': { 'f:key': {} } },
  })
  const metadata = { name: 'asked', managedFields: ['\x01', '\x02'].map(text => entry(text.repeat(100))) }
  const { code, json } = await raw(server, MAP, { method: 'PUT', body: { ...configMap('asked'), metadata } })
  const fields = json.details.causes.map(({ field }: { field: string }) => field)
  expect([code, fields]).toEqual([422, ['metadata.managedFields[0].manager', 'metadata.managedFields[1].manager']])
})

describe('a deletion whose query', () => {
  const removed = async (query: string) => {
    const { code, json } = await raw(server, `${MAP}?${query}`, { method: 'DELETE' })
    return [code, json.message]
  }
  test('names another uid or version is a conflict', async () => {
    expect(await removed('uid=other')).toEqual([409, expect.stringContaining('the UID in the precondition (other)')])
    expect(await removed('resourceVersion=999')).toEqual([
      409,
      expect.stringContaining('the ResourceVersion in the precondition (999)'),
    ])
  })
  test.each([
    ['gracePeriodSeconds=', 400, 'strconv.ParseInt: parsing "": invalid syntax'],
    ['gracePeriodSeconds=9223372036854775808', 400, 'strconv.ParseInt: parsing "9223372036854775808": value out of range'],
    ['propagationPolicy=', 422, 'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "": supported values: "Foreground", "Background", "Orphan", "nil"'],
  ])('says %s is refused', async (query, code, message) => {
    expect(await removed(query)).toEqual([code, message])
  }) // prettier-ignore
})

test('a weight that is no number counts as none, and one of zero leaves the type out', async () => {
  const as = async (accept: string) => (await raw(server, MAP, { headers: { accept } })).code
  expect([await as('application/json;q=x'), await as('application/json;q=0')]).toEqual([200, 406])
})

test('HEAD of a part that there is not finds none; a scale has no methods but those that read and write it', async () => {
  expect((await raw(server, `${MAP}/none`, { method: 'HEAD' })).code).toBe(404)
  expect((await raw(server, MAP, { method: 'HEAD' })).code).toBe(405)
  const { code, json } = await raw(server, `${DEPLOYMENT}/scale`, { method: 'DELETE' })
  expect([code, json.message]).toEqual([405, 'the server does not allow this method on the requested resource'])
})
