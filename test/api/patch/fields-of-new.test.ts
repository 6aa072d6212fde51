// What is remembered of earlier objects changes nothing: the fields of a new one are those that its own values say.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeFields, sameSet } from '../../../src/main/apiserver/patch/apply/field-set.ts'
import { fieldsOfNew as newInTurns, workedOut } from '../../../src/main/apiserver/patch/apply/fields-of-new.ts'
import { encodeInPieces } from '../../../src/main/apiserver/patch/apply/in-pieces.ts'
import { atOnce, type Pieces } from '../../../src/main/pieces/pacer.ts'
import { cloneJson } from '../../../src/shared/machinery/json-object.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'

const POD = 'core.v1.Pod'
const EVENT = 'core.v1.Event'
const fieldsOfNew = (...args: Parameters<typeof newInTurns>) => atOnce(newInTurns(...args))
const expectOwn = (object: AnyObject, r = POD) =>
  expect(sameSet(fieldsOfNew(object, r, ''), workedOut(object, { t: 'ref', r }, ''))).toBe(true)

/** Few enough that many of a run are alike, or differ in one thing. */
const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const word = fc.constantFrom('', '0', 'a', 'b')
const labels = fc.dictionary(fc.constantFrom('a', 'b', '__proto__', 'constructor'), word, {
  maxKeys: 2,
  noNullPrototype: true,
})
const item = (fields: Record<string, fc.Arbitrary<unknown>>) => fc.record({ name: word, ...fields })
const container = item({
  image: some(word),
  stdin: some(fc.boolean()),
  resources: some(fc.record({ requests: some(fc.dictionary(word, word, { maxKeys: 1 })) })),
  env: some(fc.array(item({ value: some(word) }), { maxLength: 2 })),
  ports: some(fc.array(fc.record({ containerPort: fc.constantFrom(0, 80, 81), protocol: some(fc.constant('UDP')) }), { maxLength: 2 })), // prettier-ignore
})
const pods = fc.record({
  apiVersion: fc.constant('v1'),
  kind: fc.constant('Pod'),
  metadata: fc.record({ name: word, labels: some(labels), finalizers: some(fc.array(word, { maxLength: 2 })) }),
  spec: some(
    fc.record({
      containers: fc.oneof(fc.constant(null), fc.array(container, { maxLength: 2 })),
      nodeName: some(word),
      priority: some(fc.constantFrom(0, 1)),
      hostNetwork: some(fc.boolean()),
      securityContext: some(fc.record({ runAsUser: some(fc.constantFrom(0, 7)) })),
      nodeSelector: some(labels),
    }),
  ),
}) as unknown as fc.Arbitrary<AnyObject>

/** Of these, Go prints what is empty as well: nobody owns it then. */
const events = fc.record({
  apiVersion: fc.constant('v1'),
  kind: fc.constant('Event'),
  metadata: fc.record({ name: word }),
  involvedObject: fc.record({ name: some(word) }),
  reportingComponent: some(word),
  firstTimestamp: fc.constantFrom(null, '2026-01-01T00:00:00Z'),
  source: some(fc.record({ component: some(word) })),
}) as unknown as fc.Arbitrary<AnyObject>

test('are the same whatever came before', () => {
  fc.assert(
    fc.property(fc.array(pods, { minLength: 20, maxLength: 40 }), many => {
      for (const pod of [...many, ...many.toReversed()]) expectOwn(cloneJson(pod))
    }),
    { numRuns: 200 },
  )
  fc.assert(
    fc.property(fc.array(events, { minLength: 20, maxLength: 40 }), many => {
      for (const event of [...many, ...many.toReversed()]) expectOwn(event, EVENT)
    }),
  )
})

test('are those of the object as it was, whatever becomes of it', () => {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', labels: { once: 'x' } }, spec: { containers: [{ name: 'c' }] } } as unknown as AnyObject // prettier-ignore
  const before = cloneJson(pod)
  fieldsOfNew(pod, POD, '')
  ;(pod as unknown as { spec: { containers: object[] } }).spec.containers.push({ name: 'added' })
  pod.metadata.labels = { other: 'x' }
  expectOwn(pod)
  expectOwn(before)
})

test('of objects that are alike are one set, of large ones none is kept', () => {
  const secret = (key: string, value: string) =>
    ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: value }, data: { [key]: value } }) as unknown as AnyObject
  const fields = (object: AnyObject) => fieldsOfNew(object, 'core.v1.Secret', '')
  expect(fields(secret('k', 'one'))).toBe(fields(secret('k', 'another')))
  expect(fields(secret('k', 'one'))).not.toBe(fields(secret('l', 'one')))
  const large = {
    ...secret('k', 'one'),
    data: Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`k${i}`, ''])),
  }
  expect(fields(large)).not.toBe(fields(large))
})

/** @returns the outcome, and in how many pieces it came */
function counted<T>(pieces: Pieces<T>): { readonly value: T; readonly pieces: number } {
  for (let count = 1; ; count++) {
    const { done, value } = pieces.next()
    if (done) return { value, pieces: count }
  }
}

const many = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i))
const env = (count: number) => many(count, i => ({ name: `NAME_${i % (count - 1)}`, value: `${i}` }))
const odd = JSON.parse('{ "__proto__": "a", "constructor": "b", "": "c" }') as object

test.each<[string, string, object]>([
  ['a map', 'core.v1.ConfigMap', { data: { ...Object.fromEntries(many(5_000, i => [`key-${i}`, 'a'])), ...odd } }],
  ['a list, with a name twice', POD, { spec: { containers: [{ name: 'a', env: env(5_000) }, { name: 'b' }] } }],
  ['a list of texts', POD, { spec: { containers: [{ name: 'a', args: many(5_000, String) }] }, metadata: { finalizers: many(5_000, i => `a/${i}`) } }],
  ['a list without keys', POD, { spec: { tolerations: many(5_000, i => ({ key: `${i}` })), containers: [{ name: 'a', ports: many(3_000, i => ({ containerPort: i })) }] } }],
  ['what no type declares', POD, { spec: { nothing: Object.fromEntries(many(3_000, i => [`a${i}`, { b: i }])), containers: [] } }],
])('of a very large object, they are worked out and written in pieces: %s', (_what, r, content) => {
  const object = { metadata: { name: 'large' }, ...content } as unknown as AnyObject
  const expected = workedOut(object, { t: 'ref', r }, '')
  const made = counted(newInTurns(object, r, ''))
  expect(sameSet(made.value, expected)).toBe(true)
  const written = counted(encodeInPieces(made.value))
  expect(written.value).toStrictEqual(encodeFields(expected))
  expect(Object.keys(written.value)).toEqual(Object.keys(encodeFields(expected)))
  if (r !== POD || 'finalizers' in object.metadata) expect(Math.min(made.pieces, written.pieces)).toBeGreaterThan(4)
}) // prettier-ignore
