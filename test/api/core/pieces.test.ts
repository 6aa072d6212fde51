// What takes long for the largest objects is done piece by piece, and comes to the same as at once.
import fc from 'fast-check'
import { parse, stringify } from 'yaml'
import { describe, expect, test } from 'vitest'
import {
  decodeProtobuf,
  encodeProtobuf,
  encodeProtobufInSlices,
} from '../../../src/main/apiserver/codec/protobuf/envelope.ts'
import { encodeMessage, encodeMessageInPieces } from '../../../src/main/apiserver/codec/protobuf/message.ts'
import { copyObject } from '../../../src/main/apiserver/endpoints/write/copy-object.ts'
import { yamlInChunks } from '../../../src/main/apiserver/http/to-yaml.ts'
import { applyJsonPatch, jsonPatchInPieces } from '../../../src/main/apiserver/patch/json-patch.ts'
import { cloneInPieces, equalInPieces, isLargeBeside } from '../../../src/main/pieces/large-json.ts'
import { atOnce, type Pieces } from '../../../src/main/pieces/pacer.ts'
import { deepEqual } from '../../../src/shared/machinery/deep-equal.ts'
import { cloneJson } from '../../../src/shared/machinery/json-object.ts'

const MANY = 5_000
const numbers = Array.from({ length: MANY }, (_, i) => i)
const data = Object.fromEntries(numbers.map(i => [`key-${i}`, `value-${i}`]))
const configMap = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a', uid: 'u' }, data }
const env = numbers.map(i => ({ name: `NAME_${i}`, value: `value-${i}` }))
const pod = {
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: { name: 'a', managedFields: [{ manager: 'm', fieldsType: 'FieldsV1', fieldsV1: { 'f:data': data } }] },
  spec: { containers: [{ name: 'c', image: 'i', env }, { name: 'd' }] },
}

/** @returns what it comes to, and how often others had their turn */
function counted<T>(pieces: Pieces<T>): { value: T; turns: number } {
  for (let turns = 0; ; turns++) {
    const { done, value } = pieces.next()
    if (done) return { value, turns }
  }
}

const operations = numbers.map(i => ({ op: 'replace', path: `/data/key-${i}`, value: `other-${i}` }))
const tests = numbers.slice(0, 20).map(() => ({ op: 'test', path: '/data', value: cloneJson(data) }))

describe('others have their turn', () => {
  test.each<[what: string, pieces: () => Pieces<unknown>, same: () => unknown]>([
    ['a copy of a map', () => cloneInPieces(configMap), () => cloneJson(configMap)],
    ['a copy of a list', () => cloneInPieces(pod), () => cloneJson(pod)],
    ['a copy of an object that is to be changed', () => copyObject(pod as never), () => pod],
    ['a comparison of maps', () => equalInPieces(configMap, cloneJson(configMap)), () => true],
    ['a comparison of lists', () => equalInPieces(pod, cloneJson(pod)), () => true],
    ['a message with a map', () => encodeMessageInPieces('core.v1.ConfigMap', configMap), () => encodeMessage('core.v1.ConfigMap', configMap)],
    ['a message with a list', () => encodeMessageInPieces('core.v1.Pod', pod), () => encodeMessage('core.v1.Pod', pod)],
    ['a patch of many operations', () => jsonPatchInPieces(configMap, operations), () => applyJsonPatch(configMap, operations)],
    ['a patch that tests large values', () => jsonPatchInPieces(configMap, tests), () => configMap],
  ])('during %s', (_what, pieces, same) => {
    const { value, turns } = counted(pieces())
    expect(value).toEqual(same())
    expect(turns).toBeGreaterThan(MANY / 1000)
  }) // prettier-ignore

  test('and what is small is done at once', () => {
    const small = { metadata: { name: 'a' }, spec: { containers: env.slice(0, 10) } }
    for (const pieces of [cloneInPieces(small), equalInPieces(small, cloneJson(small)), encodeMessageInPieces('core.v1.Pod', small)])
      expect(counted<unknown>(pieces).turns).toBe(0) // prettier-ignore
  })

  test('what two values share is none of what is large where they are compared', () => {
    const other = { ...configMap, metadata: { ...configMap.metadata, labels: { a: 'b' } } }
    expect(isLargeBeside(other, configMap)).toBe(false)
    expect(isLargeBeside({ list: [configMap, pod] }, { list: [configMap, pod] })).toBe(false)
    expect(isLargeBeside(configMap, { ...configMap, data: cloneJson(data) })).toBe(true)
    expect(isLargeBeside({ list: [pod] }, { list: [configMap, pod] })).toBe(true)
    const inherited = JSON.parse('{"__proto__":{},"constructor":{}}') as object
    expect(isLargeBeside(inherited, {})).toBe(false)
    expect(counted(equalInPieces(other, configMap)).turns).toBe(0)
  })
})

/** JSON, small and hostile. */
const json = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom(null, true, 0, -1.5, '', 'a', '- b', 'a: b', '# c', ' d', 'e\n\n  f\n', '\u2028', 'null', '1e3', '?', "'", '"'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', '__proto__', 'x y', '? z', '1', 'k\nl', '- m', 'n: o', '', '#', 'é'), tie('value'), { maxKeys: 4 }),
  ),
})).value // prettier-ignore

/** One that is too large for one piece, with this in it, among many and by itself. */
const enlarged = (value: unknown) => ({
  list: [...numbers.slice(0, 1200), value, { deep: [value, ...numbers.slice(0, 1100)], '\u2028': value }],
  map: { ...Object.fromEntries(numbers.slice(0, 1200).map(i => [`k${i}`, i])), value },
  value,
})

test('two values are equal in pieces where they are at once', () => {
  const either = fc.constantFrom({}, { nullIsValue: true }, { emptyIsAbsent: true }, { numbersByValue: true })
  fc.assert(
    fc.property(json, json, either, (a, b, options) => {
      for (const [one, other] of [
        [a, b],
        [a, a],
        [{ x: a }, {}],
        [{}, { x: b }],
      ])
        // prettier-ignore
        expect(atOnce(equalInPieces(enlarged(one), enlarged(other), options))).toBe(
          deepEqual(enlarged(one), enlarged(other), options),
        )
    }),
    { numRuns: 60 },
  )
})

async function yamlOf(value: unknown): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of yamlInChunks(value)) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

describe('YAML in chunks', () => {
  test('is the text that there is at once', async () => {
    await fc.assert(
      fc.asyncProperty(json, async value => {
        const all = enlarged(value)
        const text = await yamlOf(all)
        expect(text).toBe(stringify(all, { version: '1.1', aliasDuplicateObjects: false, lineWidth: 0 }))
      }),
      { numRuns: 40 },
    )
  })
  // The reader of YAML takes seconds for this, and many of them on a busy machine.
  test('says what the object says', { timeout: 120_000 }, async () => {
    expect(parse(await yamlOf(configMap))).toEqual(configMap)
    expect(parse(await yamlOf([pod, { a: undefined, b: env }]))).toEqual([pod, { b: env }])
  })
})

test('an object of many parts is the same in protobuf in slices as at once, and read back', async () => {
  for (const object of [configMap, pod]) {
    expect(await encodeProtobufInSlices(object)).toEqual(encodeProtobuf(object))
    expect(decodeProtobuf(encodeProtobuf(object)!)).toEqual(object)
  }
})
