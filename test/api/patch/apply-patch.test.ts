import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  applyPatch,
  JSON_PATCH,
  MERGE_PATCH,
  STRATEGIC_MERGE_PATCH,
} from '../../../src/main/apiserver/patch/apply-patch.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import { ApiError } from '../../../src/shared/machinery/status.ts'

const patched = (type: string, current: object, patch: unknown, schema = 'apps.v1.Deployment') =>
  applyPatch(type, schema, current as AnyObject, patch) as unknown
const failure = (run: () => unknown): ApiError => {
  try {
    run()
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
  throw new Error('expected a failure')
}

describe('applyPatch()', () => {
  test('answers 415 for a type that is no patch', () => {
    expect(failure(() => patched('application/json', {}, {})).status).toMatchObject({
      code: 415,
      reason: 'UnsupportedMediaType',
    })
  })

  test('never changes the current object', () => {
    const current = Object.freeze({ metadata: Object.freeze({ labels: Object.freeze({ a: '1' }) }) })
    expect(patched(MERGE_PATCH, current, { metadata: { labels: { b: '2' } } })).toEqual({
      metadata: { labels: { a: '1', b: '2' } },
    })
    patched(JSON_PATCH, current, [{ op: 'add', path: '/metadata/labels/b', value: '2' }])
    patched(STRATEGIC_MERGE_PATCH, current, { metadata: { labels: { a: null } } })
    expect(current).toEqual({ metadata: { labels: { a: '1' } } })
  })

  test.each([
    [MERGE_PATCH, JSON.parse('{"__proto__":{"x":1}}')],
    [STRATEGIC_MERGE_PATCH, JSON.parse('{"__proto__":{"x":1}}')],
    [JSON_PATCH, [{ op: 'add', path: '/__proto__', value: { x: 1 } }]],
  ])('%s treats __proto__ as data', (type, patch) => {
    const result = patched(type, {}, patch) as { x?: unknown }
    expect(result.x).toBeUndefined()
    expect(({} as { x?: unknown }).x).toBeUndefined()
    expect(JSON.stringify(result)).toBe('{"__proto__":{"x":1}}')
  })
})

describe('a JSON patch', () => {
  const current = { a: { b: [1, 2, 3] }, 'x/y': 1, 'm~n': 2 }
  test('compares numbers by their value', () => {
    const large = { n: 10_000_000_000_000_000n }
    const is = (value: unknown) => () =>
      patched(JSON_PATCH, { large }, [{ op: 'test', path: '/large', value: { n: value } }])
    expect(is(1e16)()).toEqual({ large })
    expect(is(10_000_000_000_000_001n)).toThrow()
    expect(is('10000000000000000')).toThrow()
  })

  test.each([
    ['adds a field', [{ op: 'add', path: '/a/c', value: 9 }], { ...current, a: { b: [1, 2, 3], c: 9 } }],
    ['inserts into a list', [{ op: 'add', path: '/a/b/1', value: 9 }], { ...current, a: { b: [1, 9, 2, 3] } }],
    ['appends with -', [{ op: 'add', path: '/a/b/-', value: 9 }], { ...current, a: { b: [1, 2, 3, 9] } }],
    ['removes an element', [{ op: 'remove', path: '/a/b/0' }], { ...current, a: { b: [2, 3] } }],
    ['replaces', [{ op: 'replace', path: '/a/b', value: null }], { ...current, a: { b: null } }],
    [
      'replaces a field that is not there',
      [{ op: 'replace', path: '/a/c', value: 9 }],
      { ...current, a: { b: [1, 2, 3], c: 9 } },
    ],
    [
      'counts from the end',
      [
        { op: 'replace', path: '/a/b/-1', value: 9 },
        { op: 'remove', path: '/a/b/-3' },
      ],
      { ...current, a: { b: [2, 9] } },
    ],
    ['moves', [{ op: 'move', from: '/a/b/0', path: '/z' }], { ...current, a: { b: [2, 3] }, z: 1 }],
    ['copies', [{ op: 'copy', from: '/a/b', path: '/z' }], { ...current, z: [1, 2, 3] }],
    [
      'copies null of a field that is not there',
      [{ op: 'copy', from: '/a/constructor', path: '/z' }],
      { ...current, z: null },
    ],
    [
      'copies as much as a body may have',
      [
        { op: 'add', path: '/l', value: ['x'.repeat(1_000_000)] },
        ...Array<object>(3).fill({ op: 'copy', from: '/l/0', path: '/l/-' }),
      ],
      { ...current, l: Array<string>(4).fill('x'.repeat(1_000_000)) },
    ],
    [
      'unescapes ~1 and ~0',
      [
        { op: 'remove', path: '/x~1y' },
        { op: 'remove', path: '/m~0n' },
      ],
      { a: { b: [1, 2, 3] } },
    ],
    ['goes on after a test that holds', [{ op: 'test', path: '/a', value: { b: [1, 2, 3] } }], current],
    ['takes a missing value for null in a test', [{ op: 'test', path: '/nope', value: null }], current],
  ])('%s', (_name, patch, expected) => {
    expect(patched(JSON_PATCH, current, patch)).toEqual(expected)
  })

  test.each([
    ['a failing test', [{ op: 'test', path: '/a', value: 1 }]],
    ['a test of an item that is not there', [{ op: 'test', path: '/a/b/9', value: null }]],
    ['a test in what is not there', [{ op: 'test', path: '/nope/b', value: null }]],
    ['removal of what is not there', [{ op: 'remove', path: '/nope' }]],
    ['replacement in what is not there', [{ op: 'replace', path: '/nope/x', value: 1 }]],
    ['replacement of an item that is not there', [{ op: 'replace', path: '/a/b/3', value: 1 }]],
    ['an item before the first', [{ op: 'replace', path: '/a/b/-4', value: 1 }]],
    ['a parent that is not there', [{ op: 'add', path: '/nope/x', value: 1 }]],
    ['an index past the end', [{ op: 'add', path: '/a/b/7', value: 1 }]],
    ['a move into itself', [{ op: 'move', from: '/a', path: '/a/b' }]],
    ['an operation without a path', [{ op: 'remove' }]],
    ['one that does not say what it does', [{ path: '/a' }]],
    ['an unknown operation', [{ op: 'merge', path: '/a', value: 1 }]],
    ['an inherited property as path', [{ op: 'copy', from: '/constructor/name', path: '/z' }]],
    ['a copy of an item that is not there', [{ op: 'copy', from: '/a/b/3', path: '/z' }]],
    ['a copy from within what is not there', [{ op: 'copy', from: '/nope/x', path: '/z' }]],
    ['a copy of all', [{ op: 'copy', from: '', path: '/z' }]],
    ['another object in the place of all', [{ op: 'add', path: '', value: current }]],
    ['a move of what is not there', [{ op: 'move', from: '/nope', path: '/z' }]],
    [
      'copies that would explode',
      Array(30)
        .fill({ op: 'copy', from: '/a', path: '/a/x' })
        .map((op, i) => ({ ...op, path: `/a/x${i}` })),
    ],
    [
      'copies of one long text in many places',
      [
        { op: 'add', path: '/l', value: ['x'.repeat(1_000_000)] },
        ...Array<object>(4).fill({ op: 'copy', from: '/l/0', path: '/l/-' }),
      ],
    ],
  ])('answers 422 to %s', (_name, patch) => {
    const error = failure(() => patched(JSON_PATCH, current, patch))
    expect(error.status).toMatchObject({ code: 422, reason: 'Invalid' })
    expect(error.message).toBe('the server rejected our request due to an error in our request')
  })

  test('answers 413 to more than 10,000 operations', () => {
    const patch = Array(10_001).fill({ op: 'test', path: '/nope', value: null })
    expect(failure(() => patched(JSON_PATCH, current, patch)).code).toBe(413)
  })

  test.each([[{}], [[{ op: 3, path: '/a' }]], [['add']]])('answers 400 to %j, which is none', patch => {
    expect(failure(() => patched(JSON_PATCH, current, patch)).code).toBe(400)
  })
})

describe('a merge patch', () => {
  test('does what RFC 7386 shows', () => {
    const current = { title: 'Goodbye!', author: { givenName: 'John', familyName: 'Doe' }, tags: ['a', 'b'] }
    const patch = { title: 'Hello!', phone: '1', author: { familyName: null }, tags: ['c'] }
    expect(patched(MERGE_PATCH, current, patch)).toEqual({
      title: 'Hello!',
      author: { givenName: 'John' },
      tags: ['c'],
      phone: '1',
    })
  })

  test('made from the difference of two objects leads from one to the other', () => {
    const noNull = fc.letrec(tie => ({
      value: fc.oneof(fc.string(), fc.integer(), fc.array(fc.integer()), tie('object')),
      object: fc.dictionary(fc.string({ maxLength: 4 }), tie('value'), { maxKeys: 4, noNullPrototype: true }),
    })).object as fc.Arbitrary<Record<string, unknown>>
    const isMap = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v)
    const diff = (from: Record<string, unknown>, to: Record<string, unknown>): Record<string, unknown> => {
      const entries: [string, unknown][] = []
      for (const key of Object.keys(from)) if (!Object.hasOwn(to, key)) entries.push([key, null])
      for (const key of Object.keys(to)) {
        const before = Object.hasOwn(from, key) ? from[key] : undefined
        const after = to[key]
        entries.push([key, isMap(before) && isMap(after) ? diff(before, after) : after])
      }
      return Object.fromEntries(entries)
    }
    fc.assert(
      fc.property(noNull, noNull, (from, to) => {
        expect(patched(MERGE_PATCH, from, diff(from, to))).toEqual(to)
      }),
    )
  })
})

const podSpec = (spec: object) => ({ spec: { template: { spec } } })

describe('a strategic merge patch', () => {
  // https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/
  test('adds a container to those that are there, in front, as the documentation shows', () => {
    const result = patched(
      STRATEGIC_MERGE_PATCH,
      podSpec({ containers: [{ name: 'patch-demo-ctr', image: 'nginx' }] }),
      podSpec({ containers: [{ name: 'patch-demo-ctr-2', image: 'redis' }] }),
    )
    expect(result).toEqual(
      podSpec({
        containers: [
          { name: 'patch-demo-ctr-2', image: 'redis' },
          { name: 'patch-demo-ctr', image: 'nginx' },
        ],
      }),
    )
  })

  test('replaces a list without a patch strategy, such as tolerations', () => {
    const result = patched(
      STRATEGIC_MERGE_PATCH,
      podSpec({ tolerations: [{ key: 'dedicated', value: 'test-team', effect: 'NoSchedule' }] }),
      podSpec({ tolerations: [{ key: 'disktype', value: 'ssd', effect: 'NoSchedule' }] }),
    )
    expect(result).toEqual(podSpec({ tolerations: [{ key: 'disktype', value: 'ssd', effect: 'NoSchedule' }] }))
  })

  test('lets $retainKeys swap one deployment strategy for another', () => {
    const current = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '30%' } } } }
    const patch = { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }
    expect(patched(STRATEGIC_MERGE_PATCH, current, patch)).toEqual({ spec: { strategy: { type: 'Recreate' } } })
  })

  test('refuses $retainKeys that leave out a field of the patch', () => {
    const patch = { spec: { strategy: { $retainKeys: ['type'], rollingUpdate: {} } } }
    expect(failure(() => patched(STRATEGIC_MERGE_PATCH, { spec: { strategy: {} } }, patch)).code).toBe(400)
  })

  const abc = ['a', 'b', 'c'].map(name => ({ name, image: '1' }))
  const three = podSpec({ containers: abc })
  const names = (result: unknown) =>
    (result as { spec: { template: { spec: { containers: { name: string }[] } } } }).spec.template.spec.containers.map(
      c => c.name,
    )

  test('deletes an element with $patch: delete', () => {
    const patch = podSpec({ containers: [{ $patch: 'delete', name: 'b' }] })
    expect(names(patched(STRATEGIC_MERGE_PATCH, three, patch))).toEqual(['a', 'c'])
  })

  test('replaces a list with $patch: replace', () => {
    const patch = podSpec({ containers: [{ $patch: 'replace' }, { name: 'z', image: '1' }] })
    expect(names(patched(STRATEGIC_MERGE_PATCH, three, patch))).toEqual(['z'])
  })

  test('replaces a map with $patch: replace and empties it with $patch: delete', () => {
    const current = { metadata: { labels: { a: '1', b: '2' } } }
    const replace = { metadata: { labels: { $patch: 'replace', c: '3' } } }
    expect(patched(STRATEGIC_MERGE_PATCH, current, replace)).toEqual({ metadata: { labels: { c: '3' } } })
    const empty = { metadata: { labels: { $patch: 'delete' } } }
    expect(patched(STRATEGIC_MERGE_PATCH, current, empty)).toEqual({ metadata: { labels: {} } })
  })

  test('orders by $setElementOrder and keeps what the server added near its neighbours', () => {
    const patch = podSpec({
      '$setElementOrder/containers': [{ name: 'c' }, { name: 'a' }],
      containers: [{ name: 'a', image: '2' }],
    })
    const result = patched(STRATEGIC_MERGE_PATCH, three, patch)
    expect(names(result)).toEqual(['b', 'c', 'a'])
    expect(JSON.stringify(result)).toContain('{"name":"a","image":"2"}')
  })

  test('reorders with $setElementOrder alone', () => {
    const patch = podSpec({ '$setElementOrder/containers': [{ name: 'c' }, { name: 'b' }, { name: 'a' }] })
    expect(names(patched(STRATEGIC_MERGE_PATCH, three, patch))).toEqual(['c', 'b', 'a'])
  })

  test('refuses elements that do not stand in the order of $setElementOrder', () => {
    const patch = podSpec({
      '$setElementOrder/containers': [{ name: 'a' }, { name: 'b' }],
      containers: [{ name: 'b' }, { name: 'a' }],
    })
    expect(failure(() => patched(STRATEGIC_MERGE_PATCH, three, patch)).message).toMatch(/^The order in patch list/)
  })

  test('merges lists of primitives as sets and deletes from them', () => {
    const current = { metadata: { finalizers: ['a', 'b'] } }
    expect(patched(STRATEGIC_MERGE_PATCH, current, { metadata: { finalizers: ['b', 'c'] } })).toEqual({
      metadata: { finalizers: ['a', 'b', 'c'] },
    })
    const patch = { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } }
    expect(patched(STRATEGIC_MERGE_PATCH, current, patch)).toEqual({ metadata: { finalizers: ['b'] } })
  })

  test('refuses an element without its merge key', () => {
    const error = failure(() => patched(STRATEGIC_MERGE_PATCH, three, podSpec({ containers: [{ image: 'x' }] })))
    expect(error.code).toBe(400)
    expect(error.message).toBe('map: {"image":"x"} does not contain declared merge key: name')
  })

  test('leaves out what says how it is merged where there is nothing to merge with', () => {
    const env = [{ name: 'x', value: '1', valueFrom: null }, { name: 'y', $patch: 'delete' }, { name: 'z', $patch: 'merge' }] // prettier-ignore
    const patch = podSpec({ securityContext: { $patch: 'replace', runAsUser: 1 }, containers: [{ name: 'a', env }] })
    expect(patched(STRATEGIC_MERGE_PATCH, podSpec({}), patch)).toEqual(
      podSpec({ containers: [{ name: 'a', env: [{ name: 'x', value: '1' }] }] }),
    )
  })

  test('takes what replaces something, and an item that is new, as it is', () => {
    const env = [{ name: 'y', $patch: 'delete' }]
    const item = { name: 'd', env }
    expect(patched(STRATEGIC_MERGE_PATCH, three, podSpec({ containers: [item] }))).toEqual(
      podSpec({ containers: [item, ...abc] }),
    )
    const replaced = podSpec({ $patch: 'replace', containers: [item] })
    expect(patched(STRATEGIC_MERGE_PATCH, three, replaced)).toEqual(podSpec({ containers: [item] }))
  })

  test('finds a struct that Go prints though it is empty', () => {
    const resources = { $patch: 'replace', limits: { cpu: '1' } }
    const result = patched(STRATEGIC_MERGE_PATCH, three, podSpec({ containers: [{ name: 'b', resources }] }))
    expect(JSON.stringify(result)).toContain('{"name":"b","image":"1","resources":{"limits":{"cpu":"1"}}}')
  })

  test('tells a merge key that is null, or a number, from one that is none, or the text of it', () => {
    const containers = [{ name: null, image: 'x' }]
    expect(patched(STRATEGIC_MERGE_PATCH, three, podSpec({ containers }))).toEqual(
      podSpec({ containers: [...containers, ...abc] }),
    )
    const ports = (containerPort: unknown) => podSpec({ containers: [{ name: 'a', ports: [{ containerPort }] }] })
    expect(patched(STRATEGIC_MERGE_PATCH, ports(80), ports('80'))).toEqual(
      podSpec({ containers: [{ name: 'a', ports: [{ containerPort: '80' }, { containerPort: 80 }] }] }),
    )
  })

  test.each([
    [{ spec: { $patch: 'erase' } }, 'unknown patch type: erase in map: {"$patch":"erase"}'],
    [{ spec: { $patch: 'merge' } }, 'unknown patch type: merge in map: {"$patch":"merge"}'],
    [podSpec({ containers: [{ name: 'a', $patch: 'merge' }] }), 'merging lists cannot yet be specified in the patch'],
  ])('refuses a $patch that it does not know: %j', (patch, message) => {
    const error = failure(() => patched(STRATEGIC_MERGE_PATCH, three, patch))
    expect([error.code, error.message]).toEqual([400, message])
  })
})
