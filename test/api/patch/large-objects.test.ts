// What is applied to the largest objects is merged and compared piece by piece, and comes to the same as at once.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compare, compareInPieces } from '../../../src/main/apiserver/patch/apply/compare.ts'
import {
  combine,
  decodeFields,
  DIFFERENCE,
  encodeFields,
  UNION,
} from '../../../src/main/apiserver/patch/apply/field-set.ts'
import {
  combineInPieces,
  decodeInPieces,
  fieldsInPieces,
  overlapsInPieces,
  sameSetInPieces,
} from '../../../src/main/apiserver/patch/apply/in-pieces.ts'
import { mergeApplied, mergeInPieces, pruneInPieces } from '../../../src/main/apiserver/patch/apply/merge.ts'
import { serverSideApply } from '../../../src/main/apiserver/patch/apply/server-side-apply.ts'
import { fieldsOf } from '../../../src/main/apiserver/patch/apply/typed-value.ts'
import type { FieldFact } from '../../../src/main/apiserver/schema/facts.ts'
import { FEW_ENTRIES, PIECE } from '../../../src/main/pieces/large-json.ts'
import { atOnce } from '../../../src/main/pieces/pacer.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import { inPieces } from '../../support/in-pieces.ts'

const MANY = 3_000
const POD: FieldFact = { t: 'ref', r: 'core.v1.Pod' }
const MAP: FieldFact = { t: 'ref', r: 'core.v1.ConfigMap' }
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

const podOf = (names: readonly number[], value: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a', finalizers: names.map(i => `example.com/f${i}`) },
  spec: { containers: [{ name: 'c', image: 'i', env: names.map(i => ({ name: `N${i}`, value })) }] },
})
const mapOf = (names: readonly number[], value: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a' },
  data: Object.fromEntries(names.map(i => [`k${i}`, value])),
})

const shown = ({ changed, removed }: ReturnType<typeof compare>) => [encodeFields(changed), encodeFields(removed)]

/** Some of the names, in some order: what is there, and what is given. */
const some = fc.tuple(fc.nat(500), fc.integer({ min: 2_000, max: MANY }), fc.boolean()).map(([from, to, turned]) => {
  const names = numbers(from, to)
  return turned ? names.reverse() : names
})

test.each<[what: string, fact: FieldFact, of: (names: readonly number[], value: string) => object]>([
  ['lists', POD, podOf],
  ['maps', MAP, mapOf],
])('of very many, %s are merged, compared and owned in pieces as at once', (_what, fact, of) => {
  fc.assert(
    fc.property(some, some, fc.constantFrom('a', 'b'), (there, given, value) => {
      const [live, applied] = [of(there, 'a'), of(given, value)]
      const merged = inPieces(mergeInPieces(live, applied, fact), TURNS)
      // Their order as well.
      expect(JSON.stringify(merged)).toBe(JSON.stringify(mergeApplied(live, applied, fact)))
      expect(shown(inPieces(compareInPieces(live, merged, fact), TURNS))).toEqual(shown(compare(live, merged, fact)))
      expect(encodeFields(inPieces(fieldsInPieces(applied, fact, 'all'), TURNS))).toEqual(
        encodeFields(fieldsOf(applied, fact)),
      )
    }),
    { numRuns: 6 },
  )
})

const TURNS = 1

test('what somebody owns of very many keys is added to, and taken from, some thousand a turn', () => {
  const many = 20_000
  const turns = many / PIECE
  const owned = (from: number, to: number) => fieldsOf(mapOf(numbers(from, to), 'a'), MAP)
  const [all, half, others] = [owned(0, many), owned(many / 2, (3 * many) / 2), owned(many, 2 * many)]
  for (const how of [UNION, DIFFERENCE]) {
    const combined = inPieces(combineInPieces(how, all, half), turns)
    expect(encodeFields(combined)).toEqual(encodeFields(combine(how, all, half)))
  }
  const data = (set: typeof all) => set.children.get('f:data') ?? set
  expect(inPieces(overlapsInPieces(data(all), data(others)), turns)).toBe(false)
  expect(atOnce(overlapsInPieces(data(all), data(half)))).toBe(true)
  const itself = (set: typeof all) => ({ ...data(set), member: true })
  expect(atOnce(overlapsInPieces(itself(all), itself(others)))).toBe(true)
})

test('of very many keys, some thousand take a turn: merged, left out, and who owns them read and compared', () => {
  const many = 20_000
  const [all, half] = [mapOf(numbers(0, many), 'a'), mapOf(numbers(0, many / 2), 'b')]
  const turns = many / PIECE
  expect(inPieces(mergeInPieces(all, half, MAP), turns)).toEqual(mergeApplied(all, half, MAP))
  const owned = fieldsOf(half, MAP)
  expect(inPieces(pruneInPieces(all, MAP, fieldsOf(all, MAP), owned), turns)).toEqual(mapOf(numbers(0, many / 2), 'a'))
  const tree = encodeFields(fieldsOf(all, MAP))
  const decoded = inPieces(decodeInPieces(tree), turns)!
  expect(decoded).toStrictEqual(decodeFields(tree))
  expect(inPieces(sameSetInPieces(decoded, decodeFields(tree)!), turns - 1)).toBe(true)
  expect(atOnce(sameSetInPieces(decoded, owned))).toBe(false)
  const other = mapOf([...numbers(1, many), many], 'a')
  expect(atOnce(sameSetInPieces(decoded, fieldsOf(other, MAP)))).toBe(false)
  expect(atOnce(decodeInPieces({ 'f:data': { ...(tree['f:data'] as object), nothing: {} } }))).toBeUndefined()
})

test('a long list in the item of a short one takes its turns as well: merged, and compared', () => {
  const many = 20_000
  const [live, next] = [podOf(numbers(0, many), 'a'), podOf(numbers(10, many + 10).reverse(), 'b')]
  const turns = many / FEW_ENTRIES
  expect(inPieces(mergeInPieces(live, next, POD), turns)).toEqual(mergeApplied(live, next, POD))
  expect(shown(inPieces(compareInPieces(live, next, POD), turns))).toEqual(shown(compare(live, next, POD)))
})

test('what is one thing, however much is in it, is compared in turns, and changed as a whole', () => {
  const anything: FieldFact = { t: 'array' }
  const list = numbers(0, 20_000).map(i => ({ i }))
  const turns = list.length / PIECE
  expect(shown(inPieces(compareInPieces(list, structuredClone(list), anything), turns))).toEqual([{}, {}])
  const other = [...structuredClone(list).slice(0, -1), { i: -1 }]
  const found = inPieces(compareInPieces(list, other, anything), turns)
  expect(found.changed.member).toBe(true)
  expect(shown(found)).toEqual(shown(compare(list, other, anything)))
})

describe('what is not applied any more', () => {
  test.each<[what: string, fact: FieldFact, of: typeof podOf | typeof mapOf]>([
    ['lists', POD, podOf],
    ['maps', MAP, mapOf],
  ])('goes out of %s, and what somebody else owns stays', (_what, fact, of) => {
    const [all, left, theirs] = [of(numbers(0, MANY), 'a'), of(numbers(0, 10), 'a'), of(numbers(2_990, MANY), 'a')]
    const owned = fieldsOf(of([...numbers(0, 10), ...numbers(2_990, MANY)], 'a'), fact)
    const pruned = inPieces(pruneInPieces(all, fact, fieldsOf(all, fact), owned), TURNS)
    expect(pruned).toEqual(mergeApplied(left, theirs, fact))
  })

  test('goes once it is applied without it', () => {
    const apply = (current: AnyObject | undefined, applied: object) =>
      serverSideApply({
        current,
        applied: applied as AnyObject,
        manager: 'm',
        force: false,
        subresource: '',
        time: '2026-01-01T00:00:00Z',
        schemaId: 'core.v1.ConfigMap',
      })
    const before = apply(undefined, mapOf(numbers(0, MANY), 'a'))
    const after = apply(before, mapOf(numbers(1, MANY), 'b'))
    expect(after['data']).toEqual(mapOf(numbers(1, MANY), 'b').data)
    expect(atOnce(compareInPieces(before, after, MAP)).removed.children.get('f:data')?.children.size).toBe(1)
  })
})
