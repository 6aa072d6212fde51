import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { conditionOf, setCondition } from '../../src/shared/machinery/conditions.ts'
import { deepEqual, sameJson, semanticEqual } from '../../src/shared/machinery/deep-equal.ts'
import { formatDuration, parseDuration } from '../../src/shared/machinery/duration.ts'
import { intValue, scaledValue } from '../../src/shared/machinery/int-or-string.ts'
import { cloneJson } from '../../src/shared/machinery/json-object.ts'
import { formatPointer, parsePointer } from '../../src/shared/machinery/json-pointer.ts'
import * as names from '../../src/shared/machinery/names.ts'
import { controllerOf, controllerRef } from '../../src/shared/machinery/owner.ts'
import { Deployment } from '../../src/shared/api/apps/v1.ts'

describe('names', () => {
  const valid: [(text: string) => string[], string[], string[]][] = [
    [names.dns1123Label, ['a', 'a-1', '1a', 'x'.repeat(63)], ['', 'A', '-a', 'a-', 'a.b', 'a_b', 'x'.repeat(64)]],
    [names.dns1123Subdomain, ['a.b', 'a', 'a-b.c'], ['a..b', '.a', 'a.', 'A.b', 'x'.repeat(254)]],
    [names.dns1035Label, ['a', 'a1'], ['1a', 'a.b', '']],
    [names.qualifiedName, ['a', 'A_b.c', 'x.io/a'], ['', '/a', 'x/', 'a/b/c', 'X/a', 'é', `x/${'a'.repeat(64)}`]],
    [names.labelValue, ['', 'a', 'A-b_c.d'], ['-a', 'a b', 'é', 'x'.repeat(64)]],
    [names.configMapKey, ['a', '.a', 'A_b-c.d'], ['', '.', '..', '..a', 'a/b']],
    [names.envVarName, ['A', 'a b', '1', 'a.b'], ['', 'a=b', 'é', 'a\n']],
    [names.portName, ['http', 'a-1'], ['', '1', '-a', 'a--b', 'A', 'x'.repeat(16)]],
    [names.wildcardDns1123Subdomain, ['*.a.b'], ['*', '*.', 'a.*.b']],
  ]
  test.each(valid)('%o', (rule, good, bad) => {
    for (const text of good) expect([text, rule(text)]).toEqual([text, []])
    for (const text of bad) expect([text, rule(text).length > 0]).toEqual([text, true])
  })

  test('explain themselves in upstream’s words', () => {
    expect(names.dns1123Subdomain('A')).toEqual([
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    ])
    expect(names.dns1123Label('a.b')).toEqual(['must not contain dots'])
    expect(names.labelValue('x'.repeat(64))).toEqual(['must be no more than 63 bytes'])
  })

  test('answer quickly for long hostile text', () => {
    // Of the processor: on a busy machine others have the rest of the time.
    const start = process.cpuUsage()
    for (const [rule] of valid) rule(`${'a-'.repeat(100_000)}!`)
    const { user, system } = process.cpuUsage(start)
    expect((user + system) / 1000).toBeLessThan(200)
  })

  test('measure bytes as UTF-8', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), text => names.byteLength(text) === Buffer.byteLength(text)))
  })
})

describe('deepEqual()', () => {
  test('ignores the order of keys and fields that are undefined', () => {
    expect(deepEqual({ a: 1, b: [{ c: 2, d: 3 }] }, { b: [{ d: 3, c: 2 }], a: 1, e: undefined })).toBe(true)
    expect(deepEqual({ a: 1 }, { a: 1, b: 1 })).toBe(false)
    expect(deepEqual([1, 2], [2, 1])).toBe(false)
    expect(deepEqual({}, [])).toBe(false)
    expect(deepEqual({}, { toString: undefined })).toBe(true)
    expect(deepEqual({ toString: 1 }, {})).toBe(false)
  })
  test('tells empty from absent unless asked not to', () => {
    expect(deepEqual({ a: [] }, {})).toBe(false)
    expect(semanticEqual({ a: [], b: {} }, {})).toBe(true)
    expect(semanticEqual({ cpu: '1000m' }, { cpu: '1' })).toBe(true)
    expect(semanticEqual({ cpu: '1000m' }, { cpu: '2' })).toBe(false)
  })
  test('sameJson() also tells null from absent, but not one order of keys from another', () => {
    expect(sameJson({ a: 1, b: [{ c: 2, d: 3 }] }, { b: [{ d: 3, c: 2 }], a: 1 })).toBe(true)
    expect(sameJson({ a: null }, {})).toBe(false)
    expect(sameJson({ a: 1 }, { b: 1 })).toBe(false)
    expect(sameJson({ toString: 1 }, { b: 1 })).toBe(false)
    expect(sameJson([], {})).toBe(false)
  })
  test('holds for every copy', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        value =>
          deepEqual(value, cloneJson(value)) &&
          semanticEqual(cloneJson(value), value) &&
          sameJson(value, cloneJson(value)),
      ),
    )
  })
})

describe('scaledValue()', () => {
  test.each([
    [3, 10, true, 3],
    ['25%', 3, true, 1],
    ['25%', 3, false, 0],
    ['100%', 7, false, 7],
    ['0%', 7, true, 0],
    ['29%', 100, true, 29],
    ['150%', 3, true, 5],
  ])('%s of %d, up %s, is %d', (value, total, up, expected) => {
    expect(scaledValue(value, total, up)).toBe(expected)
  })
  test('refuses text that is no percentage', () => {
    expect(() => scaledValue('3', 1, true)).toThrow(
      'invalid value for IntOrString: invalid type: string is not a percentage',
    )
    expect(() => scaledValue('x%', 1, true)).toThrow(
      'invalid value for IntOrString: invalid value "x%": invalid syntax',
    )
    expect([intValue('8'), intValue('http'), intValue(3)]).toEqual([8, 0, 3])
  })
})

describe('durations', () => {
  test.each([
    ['1h30m', 5_400_000, '1h30m0s'],
    ['1.5s', 1500, '1.5s'],
    ['250ms', 250, '250ms'],
    ['-2m', -120_000, '-2m0s'],
    ['0', 0, '0s'],
    ['100us', 0.1, '100µs'],
  ])('%s', (text, ms, printed) => {
    expect(parseDuration(text)).toBe(ms)
    expect(formatDuration(ms)).toBe(printed)
  })
  test.each(['', '1', 's', '1x', '1h 2m', '--1s', '-'])('refuse %j', text => {
    expect(parseDuration(text)).toBeUndefined()
  })
})

describe('setCondition()', () => {
  const ready = { type: 'Ready', status: 'False', reason: 'Starting', lastTransitionTime: 't0' }
  test('moves the transition time only when the status changes', () => {
    const same = setCondition([ready], { type: 'Ready', status: 'False', reason: 'Waiting' }, 't1')
    expect(conditionOf(same, 'Ready')).toEqual({ ...ready, reason: 'Waiting' })
    const changed = setCondition(same, { type: 'Ready', status: 'True', reason: 'Up' }, 't2')
    expect(conditionOf(changed, 'Ready')?.lastTransitionTime).toBe('t2')
  })
  test('returns the same list when nothing changed, and never changes the one given', () => {
    const list = Object.freeze([Object.freeze(ready)]) as (typeof ready)[]
    expect(setCondition(list, { type: 'Ready', status: 'False', reason: 'Starting' }, 't1')).toBe(list)
    expect(setCondition(list, { type: 'Other', status: 'True', reason: 'x' }, 't1')).toHaveLength(2)
    expect(list).toHaveLength(1)
  })
})

test('controllerRef() names the owner as its controller', () => {
  const owner = { metadata: { name: 'web', uid: 'u1' } } as Deployment
  const ref = controllerRef(Deployment, owner)
  expect(ref).toEqual({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    name: 'web',
    uid: 'u1',
    controller: true,
    blockOwnerDeletion: true,
  })
  expect(controllerOf({ metadata: { ownerReferences: [{ ...ref, controller: false }, ref] } })).toBe(ref)
})

test('JSON pointers survive being printed and read', () => {
  fc.assert(fc.property(fc.array(fc.string()), tokens => deepEqual(parsePointer(formatPointer(tokens)), tokens)))
  expect([parsePointer('a'), parsePointer('/~2')]).toEqual([undefined, undefined])
})
