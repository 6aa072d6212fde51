// Parts of custom resources that no schema tells the type of: maps in them are owned entry by entry, lists and values as
// a whole; what becomes something else is another one altogether.
import { expect, test } from 'vitest'
import { startTestApiServer } from '../../support/api-server.ts'
import { applyOn } from './support/apply.ts'
import { defineKind } from './support/define.ts'

const loose = (a: unknown) => ({
  apiVersion: 'rules.example.com/v1',
  kind: 'Loose',
  metadata: { name: 'one' },
  spec: { a },
})

test('a list that another one makes a map of is a conflict at the list itself, and is owned by whoever insists', async () => {
  await using api = await startTestApiServer()
  await defineKind(api, 'Loose', { type: 'object', 'x-kubernetes-preserve-unknown-fields': true })
  const path = '/apis/rules.example.com/v1/looses/one'
  await applyOn(api, path, loose([]), 'ann')
  const refused = await applyOn(api, path, loose({ b: 1 }), 'bob')
  expect(refused).toMatchObject({ code: 409, message: 'Apply failed with 1 conflict: conflict with "ann": .spec.a' })
  const insisted = await applyOn(api, path, loose({ b: 1 }), 'bob', true)
  expect(insisted).toMatchObject({ code: 200, spec: { a: { b: 1 } } })
  expect(insisted.owned['ann']).toEqual({ 'f:spec': {} })
  expect(insisted.owned['bob']).toEqual({ 'f:spec': { '.': {}, 'f:a': { '.': {}, 'f:b': {} } } })
  const back = await applyOn(api, path, loose(1), 'ann')
  expect(back).toMatchObject({ code: 409, message: expect.stringContaining('.spec.a') as string })
})
