import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  copyForReaders,
  decodeRecord,
  encodeObject,
  encodeObjectInPieces,
  recordOf,
  shownAs,
} from '../../src/main/store/encoding.ts'
import { atOnce, type Pieces } from '../../src/main/pieces/pacer.ts'
import { encodeJsonInPieces } from '../../src/main/pieces/large-json.ts'
import type { Pod } from '../../src/shared/api/core/v1.ts'
import type { ManagedFieldsEntry } from '../../src/shared/api/meta/v1.ts'
import { encodeJson, leastTextLength, narrow } from '../../src/shared/machinery/json-text.ts'
import type { AnyObject } from '../../src/shared/machinery/object.ts'

const place = { key: '/registry/core/configmaps/default/a', revision: 7, createRevision: 3 }

test('an object that was just written is shown as its text would decode, whatever is in it', () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', '0', '\ud800'))
  const { tree } = fc.letrec(tie => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.boolean(),
      fc.constantFrom(null, undefined, -0, Number.NaN, Number.POSITIVE_INFINITY),
      fc.double(),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(narrow),
      fc.constantFrom(1e17, 2 ** 53, -(2 ** 62), 1e300),
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(text, tie('tree'), { maxKeys: 5, noNullPrototype: true }),
    ),
  }))
  const metadata = fc.record({ name: fc.string(), resourceVersion: fc.constant('5'), labels: tree, note: tree })
  fc.assert(
    fc.property(metadata, fc.dictionary(text, tree, { maxKeys: 4, noNullPrototype: true }), (meta, content) => {
      delete content['metadata']
      const object = { kind: 'Thing', apiVersion: 'v1', metadata: meta, ...content } as unknown as AnyObject
      const value = encodeObject(object)
      const told = recordOf({ ...place, value }, object)
      // Vitest's own equality is led astray by a field called `constructor`.
      expect(isDeepStrictEqual(told, decodeRecord({ ...place, value }))).toBe(true)
      expect(encodeJson(told.object)).toBe(encodeJson(decodeRecord({ ...place, value }).object))
    }),
    { numRuns: 150 },
  )
})

test('what is written over another object is shown as its text would decode, and shares what is the same', () => {
  const { tree } = fc.letrec(tie => ({
    tree: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<unknown>('', 'a', '__proto__', null, undefined, 0, -0, 1, Number.NaN, 2 ** 53, 2n ** 60n, true),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', '__proto__', '0'), tie('tree'), { maxKeys: 3, noNullPrototype: true }),
    ),
  }))
  const content = fc.record({ metadata: fc.record({ name: fc.constant('n'), labels: tree }), spec: tree, status: tree })
  fc.assert(
    fc.property(content, content, (before, after) => {
      const first = decodeRecord({ ...place, value: encodeObject(before as unknown as AnyObject) })
      const text = encodeJson(first.object)
      const value = encodeObject(after as unknown as AnyObject)
      const told = recordOf({ ...place, value }, after as unknown as AnyObject, first.object)
      const decoded = decodeRecord({ ...place, value })
      expect(isDeepStrictEqual(told, decoded)).toBe(true)
      expect(encodeJson(told.object)).toBe(encodeJson(decoded.object))
      expect(encodeJson(first.object)).toBe(text)
    }),
    { numRuns: 500 },
  )
})

test('a new status leaves the spec, the labels and what is the same of the status as they were', () => {
  const made = (phase: string) => ({
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name: 'a', labels: { is: 'so' }, annotations: { phase } },
    spec: { containers: [{ name: 'c' }] },
    status: { phase, podIPs: [{ ip: '10.1.1.1' }] },
  })
  const before = decodeRecord({ ...place, value: encodeObject(made('Pending') as unknown as AnyObject) }).object
  const written = made('Running') as unknown as AnyObject
  const told = recordOf({ ...place, value: encodeObject(written) }, written, before).object as unknown as Pod
  const old = before as unknown as Pod
  expect(told.spec).toBe(old.spec)
  expect(told.metadata.labels).toBe(old.metadata.labels)
  expect(told.metadata.annotations).toEqual({ phase: 'Running' })
  expect(told.status).toEqual({ phase: 'Running', podIPs: [{ ip: '10.1.1.1' }] })
  expect(told.status.podIPs).toBe(old.status.podIPs)
  expect(old.status.phase).toBe('Pending')
})

test('what the writer does to its object afterwards does not reach readers, who share the trees of managedFields', () => {
  const entry: ManagedFieldsEntry = { manager: 'm', operation: 'Update', fieldsV1: { 'f:data': { 'f:a': {} } } }
  const object = {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { name: 'a', labels: { is: 'so' }, managedFields: [entry] },
    data: { a: '1' },
  } as unknown as AnyObject & { data: Record<string, string> }
  const value = encodeObject(object)
  const { object: told } = recordOf({ ...place, value }, object)
  expect(told.metadata.managedFields?.[0]?.fieldsV1).toBe(entry.fieldsV1)
  object.data['a'] = '2'
  object.metadata.labels = { ...object.metadata.labels, is: 'otherwise' }
  object.metadata.managedFields = []
  expect(told).toStrictEqual(decodeRecord({ ...place, value }).object)
})

function counted<T>(pieces: Pieces<T>): { value: T; count: number } {
  for (let count = 1; ; count++) {
    const { done, value } = pieces.next()
    if (done) return { value, count }
  }
}

const many = <T>(length: number, make: (i: number) => T): T[] => Array.from({ length }, (_, i) => make(i))

describe('a very large object', () => {
  const entry: ManagedFieldsEntry = { manager: 'm', operation: 'Update', fieldsV1: { 'f:data': {} } }
  const large = {
    kind: 'Thing',
    apiVersion: 'v1',
    metadata: {
      name: 'a',
      resourceVersion: '5',
      labels: Object.fromEntries(many(1_500, i => [`label-${i}`, undefined])),
      managedFields: [entry],
    },
    data: Object.fromEntries(many(9_000, i => [`key "${i}" \u00e9`, i % 7 === 0 ? undefined : `\ud800${i}`])),
    list: many(3_000, i => (i % 5 === 0 ? undefined : { name: `n-${i}`, zero: -0, gone: undefined, large: 2n ** 60n })),
    nested: { ['__proto__']: many(1_200, i => [i, Number.NaN, null, true]) },
    tail: undefined,
  } as unknown as AnyObject

  test('has the text that it would have at once, made in pieces', () => {
    const { value, count } = counted(encodeObjectInPieces(large))
    const { resourceVersion: _, ...metadata } = large.metadata
    expect(value).toBe(encodeJson({ ...large, metadata }))
    expect(count).toBeGreaterThan(5)
  })

  test('is copied for readers in pieces, as its text would decode', () => {
    const { value: copy, count } = counted(copyForReaders(large, encodeObject(large)))
    expect(count).toBeGreaterThan(100)
    const told = shownAs({ ...place, value: '' }, copy!)
    const decoded = decodeRecord({ ...place, value: encodeObject(large) })
    expect(isDeepStrictEqual(told, decoded)).toBe(true)
    expect(encodeJson(told.object)).toBe(encodeJson(decoded.object))
    expect(told.object.metadata.managedFields?.[0]?.fieldsV1).toBe(entry.fieldsV1)
  })

  test('is not changed by what its writer does to its own', () => {
    const object = structuredClone(large) as AnyObject & { list: { name: string }[] }
    const { object: told } = shownAs(
      { ...place, value: '' },
      atOnce(copyForReaders(object, encodeObject(object)))!,
    ) as unknown as {
      object: typeof object
    }
    object.list[1]!.name = 'other'
    object.metadata.name = 'other'
    expect(told.list[1]!.name).toBe('n-1')
    expect(told.metadata.name).toBe('a')
  })
})

test.each([
  ['few parts', 900],
  ['very many', 1_000_000],
])('one long text in %s of an object is too large, and is not written down to see that', (_many, count) => {
  const list = new Array<string>(count).fill('x'.repeat(1_000_000))
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, list } as unknown as AnyObject
  expect(() => encodeObject(object)).toThrow(expect.objectContaining({ code: 'TooLarge' }) as Error)
})

test('one long name in few parts of an object is too large as well', () => {
  const named = { ['x'.repeat(1_000_000)]: '' }
  const list = new Array<object>(900).fill(named)
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, list } as unknown as AnyObject
  expect(() => encodeObject(object)).toThrow(expect.objectContaining({ code: 'TooLarge' }) as Error)
})

test('a text is never said to be longer than it is', () => {
  const text = fc.string({ maxLength: 3 })
  const { tree } = fc.letrec(tie => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.constantFrom(null, undefined, true, 1, 12n),
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(text, tie('tree'), { maxKeys: 4, noNullPrototype: true }),
    ),
  }))
  fc.assert(fc.property(tree, value => leastTextLength([value], Infinity) <= encodeJson([value]).length)) // prettier-ignore
  expect(leastTextLength({ a: ['b', 'c'], d: [] }, Infinity)).toBe('{"a":["b","c"],"d":[]}'.length)
})

test('texts made in pieces are those of JSON, whatever is in them', () => {
  const part = fc.jsonValue({ maxDepth: 3 })
  const value = fc.oneof(
    fc.array(part, { minLength: 0, maxLength: 30 }).map(items => many(60, () => items)),
    fc.dictionary(fc.string(), part, { maxKeys: 20 }).map(map => ({ all: many(120, () => map), map })),
  )
  fc.assert(
    fc.property(value, all => {
      expect(atOnce(encodeJsonInPieces(all))).toBe(JSON.stringify(all))
    }),
    { numRuns: 100 },
  )
})
