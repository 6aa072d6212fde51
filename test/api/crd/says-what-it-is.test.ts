// Custom resources say themselves what they are: neither the path they are sent to nor a patch decides that.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApiServer, startTestApiServer } from '../../support/api-server.ts'
import { CONFIG_MAPS, raw } from '../core/support/raw.ts'
import { defineKind } from './support/define.ts'

const PATH = '/apis/rules.example.com/v1/crates'
const APPLY = 'application/apply-patch+yaml'
const WHOLE = { apiVersion: 'rules.example.com/v1', kind: 'Crate', metadata: { name: 'one' } }
const MISSING =
  "the object provided is unrecognized (must be of type Crate): Object 'Kind' is missing in '{BODY}' ({START})"
const NO_TEXT = "couldn't get version/kind; json parse error: json: cannot unmarshal"
const UNREADABLE = `the object provided is unrecognized (must be of type Crate): ${NO_TEXT}`
const OTHER_VERSION = 'the API version in the data () does not match the expected API version (rules.example.com/v1)'

let api: TestApiServer
beforeAll(async () => {
  api = await startTestApiServer()
  await defineKind(api, 'Crate', { type: 'object', 'x-kubernetes-preserve-unknown-fields': true })
  expect((await raw(api, PATH, { body: WHOLE })).code).toBe(201)
  expect((await raw(api, CONFIG_MAPS, { body: { metadata: { name: 'plain' } } })).code).toBe(201)
})
afterAll(() => api[Symbol.asyncDispose]())

/** @returns the code and what is said, the body's own text as BODY and START */
async function say(method: string, path: string, body: object, type = 'application/json') {
  const { code, json } = await raw(api, path, { method, headers: { 'content-type': type }, body })
  const text = JSON.stringify(body)
  return [code, (json.message as string | undefined)?.replace(`'${text}'`, "'{BODY}'").replace(`(${text.slice(0, 30)}${text.length > 30 ? ' ...' : ''})`, '({START})')] // prettier-ignore
}

test.each([
  ['without its kind', { kind: undefined }, MISSING],
  ['with an empty kind', { kind: '' }, MISSING],
  ['with neither kind nor version', { kind: undefined, apiVersion: undefined }, MISSING],
  ['without its version', { apiVersion: undefined }, OTHER_VERSION],
  ['with an empty version', { apiVersion: '' }, OTHER_VERSION],
  ['with a version of nothing', { apiVersion: '/' }, OTHER_VERSION],
  [
    'with a kind that is no text',
    { kind: 5 },
    `${UNREADABLE} number into Go struct field .kind of type string ({START})`,
  ],
  [
    'with a version of parts',
    { apiVersion: {} },
    `${UNREADABLE} object into Go struct field .apiVersion of type string ({START})`,
  ],
  [
    'with a version that is none',
    { apiVersion: 'a/b/c' },
    'the object provided is unrecognized (must be of type Crate): unexpected GroupVersion string: a/b/c ({START})',
  ],
])('one %s is neither made nor written', async (_what, change, message) => {
  const body = { ...WHOLE, metadata: { name: 'two' }, ...change }
  expect(await say('POST', PATH, body)).toEqual([400, message])
  expect(await say('PUT', `${PATH}/one`, { ...body, metadata: { name: 'one' } })).toEqual([400, message])
})

test('one of another kind is refused by a replacement once it says which version it replaces', async () => {
  const other = (metadata: object) => ({ ...WHOLE, kind: 'Other', metadata })
  const replace = (name: string, version?: string) => say('PUT', `${PATH}/${name}`, other({ name, ...(version ? { resourceVersion: version } : {}) })) // prettier-ignore
  const { json } = await raw(api, `${PATH}/one`)
  expect(await replace('none', '1')).toEqual([404, 'crates.rules.example.com "none" not found'])
  expect(await replace('one')).toEqual([422, 'crates.rules.example.com "one" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update']) // prettier-ignore
  expect(await replace('one', json.metadata.resourceVersion)).toEqual([422, 'Other.rules.example.com "one" is invalid: kind: Invalid value: "Other": must be Crate']) // prettier-ignore
})

test('a built-in kind may be applied with its version in the form of a group', async () => {
  const body = { apiVersion: '/v1', kind: 'ConfigMap', metadata: { name: 'plain' }, data: { a: '1' } }
  const path = `${CONFIG_MAPS}/plain?fieldManager=slash`
  const { code, json } = await raw(api, path, { method: 'PATCH', headers: { 'content-type': APPLY }, body })
  expect([code, json.apiVersion]).toEqual([200, 'v1'])
  expect(json.metadata.managedFields).toContainEqual(
    expect.objectContaining({ manager: 'slash', operation: 'Apply', apiVersion: 'v1' }),
  )
})

test.each([
  ['another kind', { kind: 'Other' }, 422, 'Other.rules.example.com "one" is invalid: kind: Invalid value: "Other": must be Crate'],
  ['another version', { apiVersion: 'rules.example.com/v9' }, 422, 'Crate.rules.example.com "one" is invalid: apiVersion: Invalid value: "rules.example.com/v9": must be rules.example.com/v1'],
  ['both', { apiVersion: 'x.dev/v1', kind: 'O' }, 422, 'O.x.dev "one" is invalid: [kind: Invalid value: "O": must be Crate, apiVersion: Invalid value: "x.dev/v1": must be rules.example.com/v1]'],
  ['no kind', { kind: null }, 422, expect.stringContaining("Object 'Kind' is missing in '{")],
  ['a kind that is no text', { kind: 5 }, 422, expect.stringContaining(`${NO_TEXT} number into Go struct field .kind of type string`)],
  ['a version that is no text', { apiVersion: true }, 422, expect.stringContaining(`${NO_TEXT} bool into Go struct field .apiVersion of type string`)],
  ['a version that is a list', { apiVersion: ['v1'] }, 422, expect.stringContaining(`${NO_TEXT} array into Go struct field .apiVersion of type string`)],
  ['a version that is none', { apiVersion: 'a/b/c' }, 422, expect.stringContaining('unexpected GroupVersion string: a/b/c')],
  ['no version', { apiVersion: null }, 422, expect.stringContaining("Object 'apiVersion' is missing")],
])('a patch does not give it %s', async (_what, body, code, message: unknown) => {
  expect(await say('PATCH', `${PATH}/one`, body, 'application/merge-patch+json')).toEqual([code, message])
}) // prettier-ignore

test.each([
  ['nothing', {}, '/, Kind='],
  ['its kind alone', { kind: 'Crate' }, '/, Kind=Crate'],
  ['its version alone', { apiVersion: 'rules.example.com/v1' }, 'rules.example.com/v1, Kind='],
  ['a version that is none', { apiVersion: 'a/b/c', kind: 'Crate' }, '/, Kind='],
])('one that is applied and says %s of it is refused', async (_what, body, told) => {
  expect(await say('PATCH', `${PATH}/two?fieldManager=me`, body, APPLY)).toEqual([400, `invalid object type: ${told}`])
})

test('built-in kinds are what their path says, and no patch turns them into others', async () => {
  const path = `${CONFIG_MAPS}/plain`
  const merge = 'application/merge-patch+json'
  expect(await say('PATCH', path, { kind: null }, merge)).toEqual([200, undefined])
  // Of nothing, no field is one: its name is none either.
  expect(await say('PATCH', path, { kind: null, apiVersion: null }, merge)).toEqual([
    400,
    'the name of the object (plain based on URL) was undeterminable: name must be provided',
  ])
  expect(await say('PATCH', path, { kind: 'Secret' }, merge)).toEqual([
    422,
    expect.stringContaining('converting (v1.Secret) to (core.ConfigMap): unknown conversion'),
  ])
  expect(await say('PATCH', `${path}?fieldManager=me`, { apiVersion: 'v1' }, APPLY)).toEqual([
    400,
    'invalid object type: /v1, Kind=',
  ])
})

const SCHEME = 'scheme "pkg/runtime/scheme.go:111"'
const handled = (what: string, why: string) => `${what} cannot be handled as a ConfigMap: ${why}`

test.each([
  [{ kind: 'Secret' }, handled('Secret in version "v1"', 'converting (v1.Secret) to (core.ConfigMap): unknown conversion')],
  [{ kind: 'Cake' }, handled('Cake in version "v1"', `no kind "Cake" is registered for version "v1" in ${SCHEME}`)],
  [{ kind: 'ConfigMap', apiVersion: 'x' }, handled('ConfigMap in version "x"', `no kind "ConfigMap" is registered for version "x" in ${SCHEME}`)],
  [{ kind: 'ConfigMap', apiVersion: 'a/b/c' }, 'the object provided is unrecognized (must be of type ConfigMap): unexpected GroupVersion string: a/b/c ({START})'],
  [{ kind: 'ConfigMap', apiVersion: 'apps/' }, handled('ConfigMap in version ""', "Object 'apiVersion' is missing in '{BODY}'")],
])('a built-in kind is not made of %j', async (body, message) => {
  expect(await say('POST', CONFIG_MAPS, body)).toEqual([400, message])
}) // prettier-ignore

test.each([
  [{ apiVersion: 'x' }, 422, `no kind "ConfigMap" is registered for version "x" in ${SCHEME}`],
  [{ apiVersion: 'a/b/c' }, 422, 'unexpected GroupVersion string: a/b/c'],
  [{ apiVersion: null }, 400, 'the name of the object (plain based on URL) was undeterminable: name must be provided'],
])('nor is one patched to be %j', async (body, code, message) => {
  const path = `${CONFIG_MAPS}/plain`
  const answer = await say('PATCH', path, body, 'application/merge-patch+json')
  expect(answer).toEqual([code, expect.stringContaining(message)])
})

test.each([
  [{ kind: 'Cake' }, `no kind "Cake" is registered for version "meta.k8s.io/v1" in ${SCHEME}`],
  [{ kind: 'Pod', apiVersion: 'v1' }, 'decoded object cannot be converted to DeleteOptions'],
  [{ apiVersion: 'a/b/c' }, 'unexpected GroupVersion string: a/b/c'],
])('%j are no options of a deletion', async (body, message) => {
  expect(await say('DELETE', `${CONFIG_MAPS}/plain`, body)).toEqual([400, message])
})
