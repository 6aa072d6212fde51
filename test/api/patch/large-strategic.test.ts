// What a strategic merge patch changes in the largest objects is merged piece by piece, however deep it lies.
import { describe, expect, test } from 'vitest'
import { patchInPieces, STRATEGIC_MERGE_PATCH } from '../../../src/main/apiserver/patch/apply-patch.ts'
import { PIECE } from '../../../src/main/pieces/large-json.ts'
import { atOnce } from '../../../src/main/pieces/pacer.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import { inPieces } from '../../support/in-pieces.ts'

const MANY = 20_000
const TURNS = MANY / PIECE
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
const env = (names: readonly number[], value: string) => names.map(i => ({ name: `N${i}`, value }))
const labels = (names: readonly number[], value: string) => Object.fromEntries(names.map(i => [`k${i}`, value]))

const podOf = (...containers: object[]) => ({ metadata: { name: 'a' }, spec: { containers } })
const change = (...containers: object[]) => ({ spec: { containers } })
const pieces = (current: object, patch: object) =>
  patchInPieces(STRATEGIC_MERGE_PATCH, 'core.v1.Pod', current as AnyObject, patch)
/** Order included, of fields as well. */
const text = (value: unknown) => JSON.stringify(value)

const all = numbers(0, MANY)
const live = podOf({ name: 'c', image: 'i', env: env(all, 'a') }, { name: 'd' })

describe('others have their turn', () => {
  test.each<[what: string, current: object, patch: object, expected: object]>([
    [
      'one of very many elements changes',
      live,
      change({ name: 'c', env: [{ name: 'N7', value: 'b' }] }),
      podOf({ name: 'c', image: 'i', env: env(all, 'a').with(7, { name: 'N7', value: 'b' }) }, { name: 'd' }),
    ],
    [
      'every element changes, and their order',
      live,
      change({ name: 'c', env: env(all.toReversed(), 'b') }),
      podOf({ name: 'c', image: 'i', env: env(all.toReversed(), 'b') }, { name: 'd' }),
    ],
    [
      'elements go, and others come',
      live,
      change({ name: 'c', env: [...all.slice(10).map(i => ({ name: `N${i}`, $patch: 'delete' })), ...env(numbers(MANY, 2 * MANY), 'b')] }),
      podOf({ name: 'c', image: 'i', env: [...env(numbers(MANY, 2 * MANY), 'b'), ...env(numbers(0, 10), 'a')] }, { name: 'd' }),
    ],
    [
      'a list says its order',
      live,
      change({ name: 'c', env: env([2], 'b'), '$setElementOrder/env': all.toReversed().map(i => ({ name: `N${i}` })) }),
      podOf({ name: 'c', image: 'i', env: env(all.toReversed(), 'a').with(MANY - 3, { name: 'N2', value: 'b' }) }, { name: 'd' }),
    ],
    [
      'a long list is new',
      podOf({ name: 'c' }, { name: 'd' }),
      change({ name: 'c', env: env(all, 'b') }),
      podOf({ name: 'c', env: env(all, 'b') }, { name: 'd' }),
    ],
    [
      'a long list takes the place of another',
      live,
      change({ name: 'c', env: [{ $patch: 'replace' }, ...env(all, 'b')] }),
      podOf({ name: 'c', image: 'i', env: env(all, 'b') }, { name: 'd' }),
    ],
    [
      'an element is named twice',
      live,
      change({ name: 'c', env: env(all, 'b'), image: 'j' }, { name: 'c', env: env([5], 'c') }),
      podOf({ name: 'c', image: 'j', env: env(all, 'b').with(5, { name: 'N5', value: 'c' }) }, { name: 'd' }),
    ],
    [
      'a new element is named twice',
      podOf({ name: 'd' }),
      change({ name: 'c', env: env(all, 'b'), image: null }, { name: 'c', env: env([5], 'c') }),
      podOf({ name: 'c', env: env(all, 'b').with(5, { name: 'N5', value: 'c' }), image: null }, { name: 'd' }),
    ],
    [
      'a map has very many keys',
      { metadata: { labels: labels(all, 'a') } },
      { metadata: { labels: { ...labels(all.slice(5), 'b'), k5: null, z: 'z' } } },
      { metadata: { labels: { ...labels(numbers(0, 5), 'a'), ...labels(all.slice(6), 'b'), z: 'z' } } },
    ],
    [
      'a list of plain values is a set',
      { metadata: { finalizers: all.map(i => `f${i}`) } },
      { metadata: { finalizers: ['z'], '$deleteFromPrimitiveList/finalizers': all.slice(10).map(i => `f${i}`) } },
      { metadata: { finalizers: ['z', ...all.slice(0, 10).map(i => `f${i}`)] } },
    ],
  ])('where %s', (what, current, patch, expected) => {
    const before = text(current)
    const turns = what.includes('plain values') ? 1 : TURNS
    expect(text(inPieces(pieces(current, patch), turns))).toBe(text(expected))
    expect(text(current)).toBe(before)
  }) // prettier-ignore
})

test('what is small is merged at once', () => {
  let turns = 0
  const generator = pieces(podOf({ name: 'c', env: env(numbers(0, 10), 'a') }), change({ name: 'c', image: 'j' }))
  while (!generator.next().done) turns++
  expect(turns).toBe(0)
})

test('each of very many keys that a map retains is looked for once', () => {
  const keys = numbers(0, 200_000).map(i => `k${i}`)
  const labels = Object.fromEntries(keys.map(key => [key, 'b']))
  const patch = JSON.parse(JSON.stringify({ metadata: { labels: { $retainKeys: keys.toReversed(), ...labels } } })) as object
  const merged = atOnce(pieces({ metadata: { labels: { k1: 'a', other: 'a' } } }, patch))
  expect(text(merged)).toBe(text({ metadata: { labels: { k1: 'b', ...labels } } }))
}) // prettier-ignore

test.each([
  ['without its key', { value: 'b' }, 'does not contain declared merge key: name'],
  ['of another kind', 'b', 'list element types are not identical'],
])('an element %s is told of among very many as well', (_what, item, message) => {
  const patch = change({ name: 'c', env: [...env(all, 'b'), item] })
  expect(() => atOnce(pieces(live, patch))).toThrow(message)
})
