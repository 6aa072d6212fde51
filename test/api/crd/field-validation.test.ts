// Unknown and duplicate fields, in the words and the order that upstream's conformance suite looks for.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JSONSchemaProps } from '../../../src/shared/api/apiextensions/v1.ts'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { raw } from '../core/support/raw.ts'
import { defineKind } from './support/define.ts'

let api: TestApiServer
beforeAll(async () => {
  api = await startTestApiServer()
  const spec: JSONSchemaProps = {
    type: 'object',
    properties: {
      foo: { type: 'string' },
      template: {
        type: 'object',
        'x-kubernetes-embedded-resource': true,
        properties: {
          metadata: { type: 'object', properties: { name: { type: 'string' } } },
          spec: { type: 'object' },
        },
      },
    },
  }
  await defineKind(api, 'Strict', { type: 'object', properties: { spec } })
  await defineKind(api, 'Loose', { type: 'object', 'x-kubernetes-preserve-unknown-fields': true })
})
afterAll(() => api[Symbol.asyncDispose]())

const apply = (plural: string, kind: string, rest: string) =>
  raw(api, `/apis/rules.example.com/v1/${plural}/mytest?fieldManager=test&fieldValidation=Strict`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/apply-patch+yaml' },
    body: `\napiVersion: rules.example.com/v1\nkind: ${kind}\nmetadata:\n  name: mytest\n${rest}`,
  })

test('a typed object: unknown fields come before those that are given twice', async () => {
  const body = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"my-dep"},"spec":{
    "unknownField":"foo","replicas":2,"replicas":3,"selector":{"matchLabels":{"app":"nginx"}},
    "template":{"metadata":{"labels":{"app":"nginx"}},"spec":{"containers":[{"name":"nginx","image":"nginx"}]}}}}`
  const path = '/apis/apps/v1/namespaces/default/deployments?fieldValidation=Strict'
  const { code, json } = await raw(api, path, { body, headers: { 'content-type': 'application/json' } })
  expect([code, json.message]).toEqual([
    400,
    'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.unknownField", duplicate field "spec.replicas"',
  ])
})

test('an applied custom resource with what its schema does not declare is refused', async () => {
  const { code, json } = await apply('stricts', 'Strict', 'unknownField: unknown\nspec:\n  foo: a\n')
  expect([code, json.message]).toEqual([
    400,
    'failed to create typed patch object (/mytest; rules.example.com/v1, Kind=Strict): .unknownField: field not declared in schema',
  ])
  expect((await apply('stricts', 'Strict', 'spec:\n  foo: a\n')).code).toBe(201)
})

test('metadata has a schema of its own, at the root and embedded', async () => {
  const rest =
    'spec:\n  template:\n    apiVersion: v1\n    kind: Sub\n    metadata:\n      name: sub\n      unknownSubMeta: x\n'
  expect((await apply('stricts', 'Strict', rest)).json.message).toContain(
    '.spec.template.metadata.unknownSubMeta: field not declared in schema',
  )
})

test('without a schema everything is kept, but no key may be given twice', async () => {
  expect((await apply('looses', 'Loose', 'spec:\n  unknown: a\n')).json).toMatchObject({ spec: { unknown: 'a' } })
  const { code, json } = await apply('looses', 'Loose', 'spec:\n  unknown: uk1\n  foo: foo1\n  foo: foo2\n')
  expect([code, json.message]).toEqual([
    400,
    'error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 9: key "foo" already set in map',
  ])
})
