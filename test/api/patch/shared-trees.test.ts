import { describe, expect, test } from 'vitest'
import { decodeFields, encodeFields, type FieldSet, MEMBER } from '../../../src/main/apiserver/patch/apply/field-set.ts'
import { setIn, treeOf as treeInTurns } from '../../../src/main/apiserver/patch/apply/shared-trees.ts'
import { trackUpdate } from '../../../src/main/apiserver/patch/apply/track-update.ts'
import { atOnce } from '../../../src/main/pieces/pacer.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'

const treeOf = (set: FieldSet) => atOnce(treeInTurns(set))

const setOf = (children: Record<string, FieldSet>, member = false): FieldSet => ({
  member,
  children: new Map(Object.entries(children)),
})

describe('trees of managed fields', () => {
  test('objects with the same fields share one tree, which reads as the set that it was made from', () => {
    const pod = (name: string) => ({
      old: undefined,
      object: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, labels: { app: name } },
        spec: { containers: [{ name: 'c', image: name }] },
      } as unknown as AnyObject,
      manager: 'kubectl',
      subresource: '',
      time: '2026-01-01T00:00:00Z',
      schemaId: 'core.v1.Pod',
    })
    const [[first], [second]] = [trackUpdate(pod('a')), trackUpdate(pod('b'))]
    expect(second?.fieldsV1).toBe(first?.fieldsV1)
    expect(first?.fieldsV1).toStrictEqual({
      'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
      'f:spec': { 'f:containers': { 'k:{"name":"c"}': { '.': {}, 'f:image': {}, 'f:name': {} } } },
    })
  })

  test('sets that differ in a member, however their steps are named, have trees of their own', () => {
    const alike = [
      setOf({ 'f:a': MEMBER, 'f:b': MEMBER }),
      setOf({ 'f:a': setOf({ 'f:b': MEMBER }) }),
      setOf({ 'f:a': setOf({ 'f:b': MEMBER }, true) }),
      setOf({ 'f:a{3:f:b}': MEMBER }),
      setOf({ 'f:a3:f:b': MEMBER }),
      setOf({ 'f:a': MEMBER }),
      setOf({ 'f:a.': MEMBER }),
    ]
    for (const set of alike) {
      expect(treeOf(set)).toStrictEqual(encodeFields(set))
      expect(atOnce(setIn(treeOf(set)))).toStrictEqual(decodeFields(encodeFields(set)))
    }
  })

  test('a tree that is no longer kept reads the same, and so does one that is too long to be kept', () => {
    const first = setOf({ 'f:data': setOf({ 'f:first': MEMBER }) })
    const tree = treeOf(first)
    for (let i = 0; i < 3_000; i++) treeOf(setOf({ [`f:${i}-${'x'.repeat(500)}`]: MEMBER }))
    expect(atOnce(setIn(tree))).toStrictEqual(decodeFields(tree))
    expect(treeOf(first)).toStrictEqual(tree)
    const long = setOf(Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`f:${i}`, MEMBER])))
    expect(atOnce(setIn(treeOf(long)))).toStrictEqual(long)
  })
})
