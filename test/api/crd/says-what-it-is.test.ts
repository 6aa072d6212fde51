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
])('one %s is neither made nor written', async (_what, change, message) => {
  const body = { ...WHOLE, metadata: { name: 'two' }, ...change }
  expect(await say('POST', PATH, body)).toEqual([400, message])
  expect(await say('PUT', `${PATH}/one`, { ...body, metadata: { name: 'one' } })).toEqual([400, message])
})

test.each([
  ['another kind', { kind: 'Other' }, 422, 'Other.rules.example.com "one" is invalid: kind: Invalid value: "Other": must be Crate'],
  ['another version', { apiVersion: 'rules.example.com/v9' }, 422, 'Crate.rules.example.com "one" is invalid: apiVersion: Invalid value: "rules.example.com/v9": must be rules.example.com/v1'],
  ['both', { apiVersion: 'x.dev/v1', kind: 'O' }, 422, 'O.x.dev "one" is invalid: [kind: Invalid value: "O": must be Crate, apiVersion: Invalid value: "x.dev/v1": must be rules.example.com/v1]'],
  ['no kind', { kind: null }, 422, expect.stringContaining("Object 'Kind' is missing in '{")],
  ['no version', { apiVersion: null }, 422, expect.stringContaining("Object 'apiVersion' is missing")],
])('a patch does not give it %s', async (_what, body, code, message: unknown) => {
  expect(await say('PATCH', `${PATH}/one`, body, 'application/merge-patch+json')).toEqual([code, message])
}) // prettier-ignore

test.each([
  ['nothing', {}, '/, Kind='],
  ['its kind alone', { kind: 'Crate' }, '/, Kind=Crate'],
  ['its version alone', { apiVersion: 'rules.example.com/v1' }, 'rules.example.com/v1, Kind='],
])('one that is applied and says %s of it is refused', async (_what, body, told) => {
  expect(await say('PATCH', `${PATH}/two?fieldManager=me`, body, APPLY)).toEqual([400, `invalid object type: ${told}`])
})

test('built-in kinds are what their path says, and no patch turns them into others', async () => {
  const path = `${CONFIG_MAPS}/plain`
  const merge = 'application/merge-patch+json'
  expect(await say('PATCH', path, { kind: null, apiVersion: null }, merge)).toEqual([200, undefined])
  expect(await say('PATCH', path, { kind: 'Secret' }, merge)).toEqual([
    422,
    expect.stringContaining('converting (v1.Secret) to (core.ConfigMap): unknown conversion'),
  ])
  expect(await say('PATCH', `${path}?fieldManager=me`, { apiVersion: 'v1' }, APPLY)).toEqual([
    400,
    'invalid object type: /v1, Kind=',
  ])
})
