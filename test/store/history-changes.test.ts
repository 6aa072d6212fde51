// The difference between two revisions: fine where it is cheap, coarse where it would hold the server up.
import { applyPatch } from 'rfc6902'
import { expect, test } from 'vitest'
import { changesBetween } from '../../src/main/apiserver/endpoints/history/changes.ts'

const words = (count: number, with_: string) => Array.from({ length: count }, (_, i) => `${with_}${i}`)
/** What it took, and whether the changes make one of the other. */
function told(before: object, after: object) {
  const startMs = performance.now()
  const changes = changesBetween(before, after)
  const tookMs = performance.now() - startMs
  const patched = structuredClone(before)
  applyPatch(patched, changes)
  expect(patched).toEqual(after)
  return { changes, tookMs }
}

test('a short list is told item by item, a long one as a whole, and an equal one not at all', () => {
  expect(told({ list: ['a', 'b'] }, { list: ['a', 'c'] }).changes).toEqual([
    { op: 'replace', path: '/list/1', value: 'c' },
  ])
  const list = words(1_000, 'new')
  expect(told({ list: words(1_000, 'old'), same: list }, { list, same: [...list] }).changes).toEqual([
    { op: 'replace', path: '/list', value: list },
  ])
})

test.each([
  ['one list of 20,000', (text: string) => ({ list: words(20_000, text) })],
  ['2,000 lists of 100', (text: string) => ({ ...Array.from({ length: 2_000 }, () => words(100, text)) })],
  ['lists in lists', (text: string) => ({ list: words(50, '').map(() => words(50, '').map(() => words(8, text))) })],
  ['large objects in a list', (text: string) => ({ list: words(100, '').map(() => ({ ...words(200, text) })) })],
])('%s that changed everywhere takes no time that matters', (_name, made) => {
  expect(told(made('old'), made('new')).tookMs).toBeLessThan(2_000)
})
