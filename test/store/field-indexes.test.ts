// Indexes of fields: made when asked, bounded in number, forgotten when nobody asks any more.
import { expect, test } from 'vitest'
import type { Stored } from '../../src/main/store/contract.ts'
import { FieldIndexes } from '../../src/main/store/field-indexes.ts'
import { LiveObjects } from '../../src/main/store/live-objects.ts'
import { objectNamed } from '../suites/store-helpers.ts'

const PODS = '/registry/core/pods/'
const stored = (name: string, revision = 1): Stored => ({
  key: `${PODS}default/${name}`,
  object: objectNamed(name),
  revision,
  createRevision: 1,
})

/** A kind with one object, `a`, and a count of how often a field of it has been read. */
function kind() {
  const live = new LiveObjects()
  const indexes = new FieldIndexes()
  const a = stored('a')
  live.set(a)
  const reads = new Map<string, number>()
  const find = (field: string, value = 'a') =>
    indexes.find(live, PODS, {
      field,
      value,
      read: ({ metadata }) => {
        reads.set(field, (reads.get(field) ?? 0) + 1)
        return metadata.name
      },
    })
  return { live, indexes, a, reads, find }
}

test('a second list reads nothing', () => {
  const { a, reads, find } = kind()
  expect(find('x')).toEqual([a])
  expect(find('x', 'b')).toEqual([])
  expect(reads.get('x')).toBe(1)
})

test('a fifth field of a kind takes the place of the one that was asked longest ago', () => {
  const { reads, find } = kind()
  for (const field of ['1', '2', '3', '4', '1', '5', '1', '2']) find(field)
  expect(Object.fromEntries(reads)).toEqual({ 1: 1, 2: 2, 3: 1, 4: 1, 5: 1 })
})

test('writes are not followed for ever for an index that nobody asks', () => {
  const { indexes, a, reads, find } = kind()
  find('x')
  for (let i = 0; i < 50_000; i++) indexes.changed(a, a)
  const followed = reads.get('x') ?? 0
  expect(followed).toBeLessThan(2 * 50_000)
  find('x')
  expect(reads.get('x')).toBe(followed + 1)
})

test('an object whose field cannot be read is among all', () => {
  const { live, indexes, a } = kind()
  const read = () => {
    throw new TypeError('no such part')
  }
  expect(indexes.find(live, PODS, { field: 'x', value: 'anything', read })).toEqual([a])
  indexes.changed(a, undefined)
  expect(indexes.find(live, PODS, { field: 'x', value: 'anything', read })).toEqual([])
})

test('writes to other kinds are none of it', () => {
  const { indexes, a, find } = kind()
  find('x')
  indexes.changed(undefined, { ...stored('a'), key: '/registry/core/secrets/default/a' })
  expect(find('x')).toEqual([a])
})
