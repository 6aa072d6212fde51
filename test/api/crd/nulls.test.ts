// In custom resources a null is a value: taking it away is a change, writing it again is none.
import { expect, test } from 'vitest'
import { startTestApiServer } from '../../support/api-server.ts'
import { raw } from '../core/support/raw.ts'
import { defineKind } from './support/define.ts'

test('an update that only takes a null away is written, one that repeats it is not', async () => {
  await using api = await startTestApiServer()
  await defineKind(api, 'Loose', { type: 'object', 'x-kubernetes-preserve-unknown-fields': true })
  const send = async (spec: object, method = 'PUT') => {
    const body = { apiVersion: 'rules.example.com/v1', kind: 'Loose', metadata: { name: 'one' }, spec }
    const path = `/apis/rules.example.com/v1/looses${method === 'POST' ? '' : '/one'}`
    const { code, json } = await raw(api, path, { method, body })
    return { code, spec: json.spec as unknown, version: (json.metadata as { resourceVersion: string }).resourceVersion }
  }
  const made = await send({ a: null, b: 1 }, 'POST')
  expect(made).toMatchObject({ code: 201, spec: { a: null, b: 1 } })
  const same = await send({ b: 1, a: null })
  expect(same).toEqual({ ...made, code: 200 })
  const without = await send({ b: 1 })
  expect([without.code, without.spec]).toEqual([200, { b: 1 }])
  expect(without.version).not.toBe(same.version)
})
