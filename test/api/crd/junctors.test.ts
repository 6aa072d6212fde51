// What is said of values that do not fit the schemas of anyOf, oneOf, allOf and not, or the range of a number: in the
// words and the order of upstream, which names the place in the text alone.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JSONSchemaProps } from '../../../src/shared/api/apiextensions/v1.ts'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { raw } from '../core/support/raw.ts'
import { defineKind } from './support/define.ts'

let api: TestApiServer
const either: JSONSchemaProps[] = [{ type: 'integer' }, { type: 'string' }]
const intOrString: JSONSchemaProps = { 'x-kubernetes-int-or-string': true, nullable: true }
const free: JSONSchemaProps = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
const FIELDS: Readonly<Record<string, JSONSchemaProps>> = {
  any: { ...intOrString, anyOf: either },
  all: { ...intOrString, allOf: [{ anyOf: either }] },
  one: { ...free, oneOf: [{ required: ['a'] }, { required: ['b'] }] },
  closest: {
    ...free,
    anyOf: [{ required: ['x'] }, { required: ['kind'], properties: { kind: { enum: ['big'] }, size: { minimum: 9 } } }],
  },
  not: { ...free, not: { required: ['bad'] } },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  float: { type: 'number', format: 'float' },
  choice: { type: 'string', enum: ['a'] },
}
beforeAll(async () => {
  api = await startTestApiServer()
  await defineKind(api, 'Junction', { type: 'object', properties: FIELDS })
})
afterAll(() => api[Symbol.asyncDispose]())

const junctor = (text: string) => `<nil>: Invalid value: "": ${text}`
const anyOf = (name: string) => junctor(`"${name}" must validate at least one schema (anyOf)`)
const oneOf = (found: string) => junctor(`"one" must validate one and only one schema (oneOf). ${found}`)
const typed = (name: string, given: string, wanted: string) =>
  `${name}: Invalid value: "${given}": ${name} in body must be of type ${wanted}: "${given}"`

test.each<[name: string, value: unknown, told: string[]]>([
  ['any', true, [typed('any', 'boolean', 'integer,string'), anyOf('any'), typed('any', 'boolean', 'integer')]],
  [
    'any',
    1.5,
    [
      typed('any', 'number', 'integer,string'),
      anyOf('any'),
      typed('any', 'number', 'integer'),
      junctor('Checked value must be of type integer (default format) in any'),
    ],
  ],
  [
    'all',
    [],
    [
      typed('all', 'array', 'integer,string'),
      anyOf('all'),
      typed('all', 'array', 'integer'),
      junctor('"all" must validate all the schemas (allOf). None validated'),
    ],
  ],
  ['one', {}, [oneOf('Found none valid'), 'one.a: Required value']],
  ['one', { a: 1, b: 2 }, [oneOf('Found 2 valid alternatives')]],
  [
    'closest',
    { kind: 'big', size: 1 },
    [anyOf('closest'), 'closest.size: Invalid value: 1: closest.size in body should be greater than or equal to 9'],
  ],
  ['not', { bad: 1 }, [junctor('"not" must not validate the schema (not)')]],
  ['int32', 2 ** 31, [junctor('Checked value must be of type integer with format int32 in int32')]],
  [
    'int64',
    2e19,
    [typed('int64', 'float64', 'int64'), junctor('Checked value must be of type integer with format int64 in int64')],
  ],
  ['float', 1e39, [junctor('Checked value must be of type number with format float in float')]],
  ['choice', 5, [typed('choice', 'integer', 'string'), 'choice: Unsupported value: 5: supported values: "a"']],
])('%s: %j', async (name, value, told) => {
  const { code, json } = await raw(api, '/apis/rules.example.com/v1/junctions', {
    body: { apiVersion: 'rules.example.com/v1', kind: 'Junction', metadata: { name }, [name]: value },
  })
  const { causes } = json.details as { causes: { field: string; message: string }[] }
  expect([code, causes.map(({ field, message }) => `${field}: ${message}`)]).toEqual([422, told])
})

test('what fits is taken', async () => {
  const fits = { any: 'a', all: 3, one: { b: 1 }, closest: { x: 1 }, not: {}, int32: -(2 ** 31), float: 1e38 }
  const { code } = await raw(api, '/apis/rules.example.com/v1/junctions', {
    body: { apiVersion: 'rules.example.com/v1', kind: 'Junction', metadata: { name: 'fits' }, ...fits },
  })
  expect(code).toBe(201)
})
