// Custom resources of very many parts are decoded and checked piece by piece, and what is stored is not copied to be read.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { setSchemaDefaults } from '../../../src/main/apiserver/apiextensions/defaults.ts'
import { isSettled, prune, pruneInPieces } from '../../../src/main/apiserver/apiextensions/prune.ts'
import { validateInPieces, validateValue } from '../../../src/main/apiserver/apiextensions/validate-value.ts'
import type { JSONSchemaProps } from '../../../src/shared/api/apiextensions/v1.ts'
import { cloneJson } from '../../../src/shared/machinery/json-object.ts'
import { inPieces } from '../../support/in-pieces.ts'

const MANY = 3_000
const text: JSONSchemaProps = { type: 'string', maxLength: 8 }
const item: JSONSchemaProps = {
  type: 'object',
  required: ['name'],
  properties: { name: text, port: { type: 'integer', minimum: 0 }, protocol: { type: 'string', default: 'TCP' } },
}
const byName = { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] }
const schema: JSONSchemaProps = {
  type: 'object',
  properties: {
    list: { type: 'array', ...byName, maxItems: 2 * MANY, items: item },
    map: { type: 'object', maxProperties: MANY + 1, additionalProperties: text },
    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { known: item } },
    nothing: { type: 'string', nullable: true },
  },
}

type Item = Record<string, unknown>
const items = (count = MANY): Item[] =>
  Array.from({ length: count }, (_, i) => ({ name: `n${i}`, port: i, protocol: 'UDP' }))
const texts = () => Object.fromEntries(Array.from({ length: MANY }, (_, i) => [`k${i}`, 'v']))

/** So often at least others have their turn meanwhile. */
const TURNS = 10

test('unknown fields are found and dropped wherever they are', () => {
  const list = items()
  list[7] = { name: 'n7', other: { a: 1 } }
  const free = { any: items(), known: { name: 'k', other: 1 } }
  const pruned = inPieces(pruneInPieces({ list, map: texts(), free, more: 1, nothing: null }, schema), TURNS)
  expect(pruned.unknown).toEqual(['list[7].other', 'free.known.other', 'more'])
  expect(pruned.value).toEqual({
    list: list.map((one, i) => (i === 7 ? { name: 'n7' } : one)),
    map: texts(),
    free: { any: items(), known: { name: 'k' } },
    nothing: null,
  })
  expect(inPieces(pruneInPieces({ list: items(), deep: 1 }, schema), TURNS).tooDeep).toBe(false)
})

describe('patterns that take long', () => {
  /** A character takes up to hundreds of steps. */
  const slow: JSONSchemaProps = { type: 'string', pattern: '[ab]*a[ab]{900}c' }
  const letters = 'ab'.repeat(1_000)

  test.each<[what: string, value: unknown, schema: JSONSchemaProps, field: string]>([
    ['in one text', letters, slow, ''],
    ['in a few texts', [letters, letters], { type: 'array', items: slow }, '[0]'],
    ['in the entries of a map', { a: letters }, { type: 'object', additionalProperties: slow }, 'a'],
    ['in a junctor', letters, { type: 'string', allOf: [slow] }, ''],
  ])('are searched with turns for others: %s', (_what, value, of, field) => {
    const found = inPieces(validateInPieces(value, of, ''), TURNS)
    expect(found).toEqual(validateValue(value, of, ''))
    expect(found[0]).toMatchObject({ field, message: expect.stringContaining('should match') as string })
  })
  test('are not searched in a text that is too long anyway', () => {
    const [error] = validateValue(letters, { ...slow, maxLength: 10 }, 'name')
    expect(error?.message).toBe('Too long: may not be more than 10 bytes')
  })
})

describe('what a schema says', () => {
  test('is held against every item and every entry, in their order', () => {
    const list = items()
    list[3] = { port: -1 }
    list[MANY - 1] = { name: 'n5', port: 'x' }
    const map = { ...texts(), long: 'much too long' }
    const found = inPieces(validateInPieces({ list, map }, schema, ''), TURNS)
    expect(found.map(({ field, message }) => `${field}: ${message}`)).toEqual([
      'list[3].port: Invalid value: -1: list[3].port in body should be greater than or equal to 0',
      'list[3].name: Required value',
      `list[${MANY - 1}]: Duplicate value: {"name":"n5"}`,
      `list[${MANY - 1}].port: Invalid value: "string": list[${MANY - 1}].port in body must be of type integer: "string"`,
      'map.long: Too long: may not be more than 8 bytes',
    ])
    const few = { list: [list[3]], map: { long: map.long } }
    expect(validateValue(few, schema, '').map(({ message }) => message)).toContain('Required value')
  })
  test('is not held against what was so before, wherever it stands now', () => {
    const before = { list: [...items(), { port: -1, name: 'old' }], map: texts() }
    const after = { list: [{ port: -1, name: 'old' }, ...items(), { port: -2, name: 'new' }], map: texts() }
    const found = inPieces(validateInPieces(after, schema, '', before), TURNS)
    expect(found.map(({ field }) => field)).toEqual([`list[${MANY + 1}].port`])
    expect(inPieces(validateInPieces(cloneJson(before), schema, '', before), TURNS)).toEqual([])
  })
  test('of how many there may be is told last', () => {
    const found = inPieces(validateInPieces({ list: items(2 * MANY + 1), map: {} }, schema, ''), TURNS)
    expect(found.map(({ type }) => type)).toEqual(['FieldValueTooMany'])
  })
})

test('what pruning and defaults leave as it is need not be copied', () => {
  const value = fc.record(
    {
      list: fc.array(fc.record({ name: fc.constant('a'), port: fc.constant(1), protocol: fc.constantFrom('TCP', null), other: fc.constant(1) }, { requiredKeys: ['name'] }), { maxLength: 2 }),
      map: fc.dictionary(fc.constantFrom('a', '__proto__'), fc.constantFrom('x', null)),
      free: fc.record({ known: fc.record({ name: fc.constant('n'), protocol: fc.constant('TCP') }, { requiredKeys: [] }), any: fc.constant({ b: null }) }, { requiredKeys: [] }),
      nothing: fc.constantFrom('x', null),
      metadata: fc.constant({ whatever: 1 }),
      more: fc.constant(1),
    },
    { requiredKeys: [] },
  ) // prettier-ignore
  let settled = 0
  fc.assert(
    fc.property(value, given => {
      const { value: pruned, unknown } = prune(given, schema)
      setSchemaDefaults(pruned, schema)
      const isSame = unknown.length === 0 && JSON.stringify(pruned) === JSON.stringify(given)
      if (isSettled(given, schema)) settled++
      expect(isSettled(given, schema)).toBe(isSame)
    }),
    { numRuns: 500 },
  )
  expect(settled).toBeGreaterThan(5)
})
