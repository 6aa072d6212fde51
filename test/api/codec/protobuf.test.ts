import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeBody } from '../../../src/main/apiserver/codec/decode-body.ts'
import {
  decodeProtobuf,
  decodeProtobufInSlices,
  encodeProtobuf,
  encodeProtobufInSlices,
  encodeWatchFrame,
  messageIdOf,
} from '../../../src/main/apiserver/codec/protobuf/envelope.ts'
import { atOnce } from '../../../src/main/pieces/pacer.ts'
import { readFields, Writer } from '../../../src/shared/protobuf/wire.ts'
import { decodeObject } from '../../../src/main/apiserver/schema/decode.ts'
import { schemaTypes } from '../../../src/main/apiserver/schema/table.ts'

// What k8s.io/apimachinery's protobuf serializer makes of these two objects.
const SECRET =
  '6b3873000a0c0a0276311206536563726574122b0a110a017312001a0022002a0032003800420012070a01611202686912050a016212001a064f70617175651a002200'
const DEPLOYMENT =
  '6b3873000a150a07617070732f7631120a4465706c6f796d656e74127e0a110a016412001a0022002a00320038004200125b080012080a060a01611201621a300a100a0012001a0022002a00320038004200121c1a00320042004a0052005800600068008201008a01009a0100c2010022170a0012130a06080010001a001209080110001a03323525280038001a0c0800100018002000280038001a002200'
// A definition with each of the unions that its schema is made of.
const DEFINITION =
  '6b3873000a330a17617069657874656e73696f6e732e6b38732e696f2f76311218437573746f6d5265736f75726365446566696e6974696f6e128c030a150a05612e622e6312001a0022002a0032003800420012e4020a03622e631a0a0a016112002201412a002207436c75737465723ac5020a0276311001180122b4020ab1020a00120022002a066f626a65637432003a00500060007a00900100ea01330a03616e79122c0a00120022002a066f626a65637432003a00500060007a00900100f201020800a80200b00201b80200c00200ea01630a016c125e0a00120022002a05617272617932003a00500060007a00800100900100c201350a330a00120022002a06737472696e6732003a0042050a03227822500060007a00900100a201050a03227822a80200b80200c00200a80200b80200c00200ea015d0a016d12580a00120022002a066f626a65637432003a00500060007a00900100f201310801122d0a00120022002a066e756d62657232003a00500059000000000000f83f60007a00900100a80200b80200c00200a80200b80200c00200a80200b80200c00200e2020e0a047472756512001a002a0030002a020a00380050001a0c12080a00120022002a0020001a002200'
// A list of resources, whose verbs are in a message of their own.
const RESOURCES =
  '6b3873000a150a027631120f4150495265736f757263654c69737412390a06612e622f7631122f0a067468696e677310011a055468696e67220b0a036765740a046c6973742a02746832057468696e6742004a0052001a002200'
const TYPE = 'application/vnd.kubernetes.protobuf'

describe('decodeBody() of protobuf', () => {
  test('reads what client-go sends', async () => {
    expect((await decodeBody(TYPE, Buffer.from(SECRET, 'hex'))).value).toEqual({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's' },
      data: { a: 'aGk=', b: '' },
      type: 'Opaque',
    })
  })

  test('reads a definition of custom resources, whose schema has values of several shapes', async () => {
    const { value } = await decodeBody(TYPE, Buffer.from(DEFINITION, 'hex'))
    const schema = {
      type: 'object',
      properties: {
        l: { type: 'array', maxItems: 0, items: { type: 'string', enum: ['x'], default: 'x' } },
        m: { type: 'object', additionalProperties: { type: 'number', minimum: 1.5 } },
        any: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, additionalProperties: false },
      },
      'x-kubernetes-validations': [{ rule: 'true', optionalOldSelf: false }],
    }
    expect(value).toMatchObject({
      metadata: { name: 'a.b.c' },
      spec: { versions: [{ served: true, schema: { openAPIV3Schema: schema }, subresources: { status: {} } }] },
    })
    expect(decodeProtobuf(encodeProtobuf(value)!)).toEqual(value)
  })

  test('refuses a number that no double holds, in what is JSON within a message', async () => {
    const revision = (data: object) => ({
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: { name: 'a' },
      data,
    })
    const bytes = encodeProtobuf(revision({ a: [1.5e300] }))!
    expect((await decodeBody(TYPE, bytes)).value).toMatchObject({ data: { a: [1.5e300] } })
    const at = bytes.indexOf('1.5e+300')
    bytes.write('1.5e+309', at)
    await expect(decodeBody(TYPE, bytes)).rejects.toMatchObject({
      code: 400,
      message: 'json: cannot unmarshal number 1.5e+309 into Go value of type float64',
    })
  })

  test('keeps a zero that a client set on purpose, and drops those that Go always writes', async () => {
    const { value } = await decodeBody(TYPE, Buffer.from(DEPLOYMENT, 'hex'))
    expect(value).toMatchObject({
      metadata: { name: 'd' },
      spec: { replicas: 0, strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: '25%' } } },
    })
    expect((value as { spec: object }).spec).not.toHaveProperty('minReadySeconds')
    expect((value as { metadata: object }).metadata).not.toHaveProperty('generation')
  })

  test.each([
    ['', 'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]'],
    ['6b3873000a', 'unexpected EOF'],
    ['6b387300', 'no kind "" is registered for version ""'],
    [SECRET.slice(0, 60), 'unexpected EOF'],
  ])('answers 400 for the bytes %s', async (hex, message) => {
    await expect(decodeBody(TYPE, Buffer.from(hex, 'hex'))).rejects.toMatchObject({
      code: 400,
      message: expect.stringContaining(message) as string,
    })
  })

  test('settles on any bytes', async () => {
    const magic = Buffer.from(SECRET, 'hex').subarray(0, 24)
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async bytes => {
        const outcome = await decodeBody(TYPE, Buffer.concat([magic, bytes])).then(
          () => 200,
          (error: { code: number }) => error.code,
        )
        expect([200, 400]).toContain(outcome)
      }),
    )
  })
})

describe('encodeProtobuf()', () => {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'p',
      labels: JSON.parse('{"__proto__":"x","a":""}') as Record<string, string>,
      creationTimestamp: '2024-01-01T00:00:01Z',
      generation: 9007199254740991,
      managedFields: [{ manager: 'm', operation: 'Update', fieldsV1: { 'f:a': {} } }],
    },
    spec: {
      containers: [
        {
          name: 'c',
          env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'cm', key: 'k', optional: false } } }],
          livenessProbe: { httpGet: { path: '/ä', port: 'http' }, periodSeconds: 5 },
          resources: { limits: { cpu: '100m' } },
          securityContext: { runAsUser: 0 },
        },
      ],
      volumes: [
        { name: 'v', emptyDir: {} },
        { name: 'w', configMap: { name: 'cm', defaultMode: 420 } },
      ],
      tolerations: [{ key: 'x', tolerationSeconds: -1 }],
    },
    status: { phase: 'Running' },
  }

  test('is undone by decodeProtobuf(), embedded structs, negative numbers and __proto__ included', () => {
    expect(decodeProtobuf(encodeProtobuf(pod)!)).toEqual(pod)
    expect(JSON.stringify(decodeProtobuf(encodeProtobuf(pod)!))).toContain('"__proto__":"x"')
  })

  test('puts the verbs of a resource into a message of their own, as Go reads them', () => {
    const resource = { name: 'things', singularName: 'thing', namespaced: true, kind: 'Thing', shortNames: ['th'] }
    const resources = [{ ...resource, verbs: ['get', 'list'] }]
    const list = { apiVersion: 'v1', kind: 'APIResourceList', groupVersion: 'a.b/v1', resources }
    expect(decodeProtobuf(Buffer.from(RESOURCES, 'hex'))).toEqual(list)
    expect(encodeProtobuf(list)!.toString('hex')).toContain('220b0a036765740a046c697374')
  })

  test('is undone in slices as in one go, for messages of every size', async () => {
    const env = Array.from({ length: 20_000 }, (_, i) => ({ name: `NAME_${i}`, value: `value-${i}` }))
    const containers = ['a', 'b'].map(name => ({ name, image: 'i', env, resources: {} }))
    const fieldsV1 = Object.fromEntries(env.map(({ name }) => [`f:${name}`, {}]))
    const managed = {
      ...pod,
      metadata: { ...pod.metadata, managedFields: [{ manager: 'm', fieldsV1 }, { manager: 'n' }] },
    }
    const readRaw = (text: Buffer) => Promise.resolve(JSON.parse(String(text)) as unknown)
    for (const object of [pod, { ...pod, spec: { ...pod.spec, containers } }, managed]) {
      const bytes = encodeProtobuf(object)!
      expect(await decodeProtobufInSlices(bytes, { maxFields: Infinity, readRaw })).toEqual(decodeProtobuf(bytes))
    }
  })

  test('reads raw JSON of any length as it reads JSON: no deeper, and no more than can be stored', async () => {
    const revision = (data: object) => encodeProtobuf({ apiVersion: 'apps/v1', kind: 'ControllerRevision', metadata: { name: 'a' }, data })! // prettier-ignore
    const fields = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`key-${i}`, { i }]))
    for (const data of [fields(10), fields(2_000), fields(60_000)])
      expect((await decodeBody(TYPE, revision(data))).value).toMatchObject({ data })
    await expect(decodeBody(TYPE, revision(fields(90_000)))).rejects.toMatchObject({ code: 413 })
    const text = 'x'.repeat(40_000)
    for (const [raw, message] of [
      [`${'['.repeat(20_000)}${']'.repeat(20_000)}`, 'exceeded max depth of 64'],
      [`{"a":"${'x'.repeat(39_990)}"}}}`, 'raw value is no JSON'],
    ] as const) {
      const bytes = revision({ text })
      const json = JSON.stringify({ text })
      const at = bytes.indexOf(json)
      bytes.write(raw.padEnd(json.length), at)
      await expect(decodeBody(TYPE, bytes)).rejects.toMatchObject({
        code: 400,
        message: expect.stringContaining(message) as string,
      })
    }
  })

  test('answers 413 for an object of many fields beyond the largest that can be stored', async () => {
    const map = (count: number) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a' },
      data: Object.fromEntries(Array.from({ length: count }, (_, i) => [`key-${i}`, `value-${i}`])),
    })
    await expect(decodeBody(TYPE, encodeProtobuf(map(90_000))!)).rejects.toMatchObject({ code: 413 })
    expect((await decodeBody(TYPE, encodeProtobuf(map(30_000))!)).value).toMatchObject({
      data: { 'key-29999': 'value-29999' },
    })
  })

  const ids = Object.keys(schemaTypes).filter(id => {
    const gvk = schemaTypes[id]!.gvk
    return gvk && messageIdOf(gvk[0] ? `${gvk[0]}/${gvk[1]}` : gvk[1], gvk[2])
  })
  test('knows the types of all groups', () => expect(ids.length).toBeGreaterThan(90))

  test.each(ids)('is undone for %s, whatever the values', id => {
    const value = fc.oneof(
      fc.string(),
      fc.integer({ min: 1 }),
      fc.constant(true),
      fc.constant({ name: 'x', spec: { a: 1 } }),
      fc.constant([{ name: 'y' }]),
    )
    const { gvk, fields } = schemaTypes[id]!
    const apiVersion = gvk![0] ? `${gvk![0]}/${gvk![1]}` : gvk![1]
    fc.assert(
      fc.property(value, inner => {
        const shaped = Object.fromEntries(Object.keys(fields).map(name => [name, inner]))
        const { object } = decodeObject(id, { ...shaped, apiVersion, kind: gvk![2] })
        const once = decodeProtobuf(encodeProtobuf(object)!)
        const twice = decodeProtobuf(encodeProtobuf(once)!)
        expect(twice).toEqual(once)
        expect(decodeObject(id, once).errors).toEqual([])
      }),
      { numRuns: 10 },
    )
  })

  test('says in slices what it says in one go, the second time as well, and what has changed since', async () => {
    const named = (i: number, image: string) => ({
      metadata: { name: `p-${i}`, labels: { long: 'ä'.repeat(i) } },
      spec: { containers: [{ name: 'c', image }] },
    })
    const items = Array.from({ length: 200 }, (_, i) => named(i, 'one'))
    const list = { apiVersion: 'v1', kind: 'PodList', metadata: { resourceVersion: '7' }, items }
    for (let time = 0; time < 2; time++) {
      expect(await encodeProtobufInSlices(list)).toEqual(encodeProtobuf(list))
      expect(decodeProtobuf((await encodeProtobufInSlices(list))!)).toEqual(list)
    }
    const next = { ...list, items: items.map((item, i) => (i === 3 ? named(i, 'two') : item)) }
    expect(decodeProtobuf((await encodeProtobufInSlices(next))!)).toEqual(next)
  })

  test('answers undefined for kinds without a protobuf form', () => {
    expect(encodeProtobuf({ apiVersion: 'example.com/v1', kind: 'Thing' })).toBeUndefined()
    expect(encodeProtobuf(null)).toBeUndefined()
  })
})

test('encodeWatchFrame() puts the length in front and the object in an envelope of its own', () => {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }
  const frame = atOnce(encodeWatchFrame('ADDED', object))!
  expect(frame.readUInt32BE()).toBe(frame.length - 4)
  const fields = [...readFields(frame.subarray(4))]
  expect(String(fields[0]!.value)).toBe('ADDED')
  const raw = [...readFields(fields[1]!.value as Buffer)][0]!.value as Buffer
  expect(decodeProtobuf(raw)).toEqual(object)
})

test('integers survive the wire, negative and wide ones too', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), number => {
      const [field] = [...readFields(new Writer().integer(3, number).finish())]
      expect(field).toEqual({ number: 3, value: number })
    }),
  )
})

test('texts and nested messages survive the wire, whatever their length', () => {
  const lengths = fc.constantFrom(0, 1, 31, 32, 33, 127, 128, 129, 16_383, 16_384, 40_000)
  const text = fc.tuple(lengths, fc.constantFrom('a', 'ä', '\u{1f600}')).map(([length, unit]) => unit.repeat(length))
  fc.assert(
    fc.property(fc.array(text, { maxLength: 4 }), texts => {
      const writer = new Writer()
      const outer = writer.begin(1)
      const inner = writer.begin(2)
      for (const one of texts) writer.text(3, one)
      writer.end(inner).end(outer)
      const bytesOf = (bytes: Buffer, number: number) =>
        [...readFields(bytes)].filter(field => field.number === number).map(({ value }) => value as Buffer)
      const [read] = bytesOf(writer.finish(), 1)
      expect(bytesOf(bytesOf(read!, 2)[0]!, 3).map(String)).toEqual(texts)
    }),
  )
})
