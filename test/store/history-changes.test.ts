// The difference between two revisions: fine where it is cheap, coarse where it would hold the server up.
import { applyPatch } from 'rfc6902'
import { expect, test } from 'vitest'
import { changesBetween } from '../../src/main/apiserver/endpoints/history/changes.ts'

const words = (count: number, with_: string) => Array.from({ length: count }, (_, i) => `${with_}${i}`)
/** @returns the changes, which make one of the other */
function told(before: object, after: object) {
  const changes = changesBetween(before, after)
  const patched = structuredClone(before)
  applyPatch(patched, changes)
  expect(patched).toEqual(after)
  return changes
}

test('a short list is told item by item, a long one as a whole, and an equal one not at all', () => {
  expect(told({ list: ['a', 'b'] }, { list: ['a', 'c'] })).toEqual([{ op: 'replace', path: '/list/1', value: 'c' }])
  const list = words(1_000, 'new')
  expect(told({ list: words(1_000, 'old'), same: list }, { list, same: [...list] })).toEqual([
    { op: 'replace', path: '/list', value: list },
  ])
})

test.each([
  ['one list of 20,000', (text: string) => ({ list: words(20_000, text) })],
  ['lists in lists', (text: string) => ({ list: words(50, '').map(() => words(50, '').map(() => words(8, text))) })],
  ['large objects in a list', (text: string) => ({ list: words(100, '').map(() => ({ ...words(200, text) })) })],
])('%s that changed everywhere is told as a whole: to compare what is in it would take minutes', (_name, made) => {
  expect(told(made('old'), made('new'))).toEqual([{ op: 'replace', path: '/list', value: made('new').list }])
})

test('of many lists that changed everywhere, only the first few are told item by item', () => {
  const made = (text: string) => ({ ...Array.from({ length: 2_000 }, () => words(100, text)) })
  const paths = told(made('old'), made('new')).map(({ path }) => path)
  // A list and its hundred items may meet as many of the other: that is allowed nine times.
  expect(paths.filter(path => /^\/\d+$/.test(path))).toHaveLength(1_991)
  expect(new Set(paths.flatMap(path => /^\/(\d+)\/\d+$/.exec(path)?.[1] ?? []))).toEqual(new Set(words(9, '')))
})
