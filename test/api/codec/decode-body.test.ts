import { Readable } from 'node:stream'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { closeBodyDecoder, decodeBody } from '../../../src/main/apiserver/codec/decode-body.ts'
import { DecodeWorker } from '../../../src/main/apiserver/codec/decode-worker.ts'
import { scanJson } from '../../../src/main/apiserver/codec/scan-json.ts'
import { splitValue, ValueAssembler } from '../../../src/main/apiserver/codec/split-value.ts'
import { lazyBody } from '../../../src/main/apiserver/http/lazy-body.ts'
import { parseJson } from '../../../src/shared/machinery/json-text.ts'
import type { ApiError } from '../../../src/shared/machinery/status.ts'
import fc from 'fast-check'

const json = (text: string) => decodeBody('application/json', Buffer.from(text))
const yaml = (text: string) => decodeBody('application/yaml', Buffer.from(text))
const failure = (promise: Promise<unknown>): Promise<ApiError> =>
  promise.then(
    () => Promise.reject(new Error('expected a failure')),
    (error: ApiError) => error,
  )

afterAll(closeBodyDecoder)

describe('decodeBody()', () => {
  test('reads JSON, with or without a charset or a content type', async () => {
    expect((await json('{"a":[1,"x",null]}')).value).toEqual({ a: [1, 'x', null] })
    expect((await decodeBody('application/json; charset=utf-8', Buffer.from('{}'))).value).toEqual({})
    expect((await decodeBody(undefined, Buffer.from('{}'))).value).toEqual({})
  })

  test('keeps a key called __proto__ as data, in both formats and in the worker', async () => {
    const filler = 'x'.repeat(300_000)
    for (const body of [
      await json('{"__proto__":{"polluted":true}}'),
      await yaml('__proto__: {polluted: true}'),
      await json(`{"__proto__":{"polluted":true},"filler":"${filler}"}`),
      await yaml(`__proto__: {polluted: true}\nfiller: ${filler}`),
    ]) {
      expect(Object.hasOwn(body.value as object, '__proto__')).toBe(true)
      expect((body.value as { polluted?: boolean }).polluted).toBeUndefined()
    }
  })

  test.each([
    ['{"a":}', "invalid character '}' looking for beginning of value"],
    ['{"a":1', 'unexpected end of JSON input'],
    ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['[1 2]', "invalid character '2' after array element"],
    ['{} x', "invalid character 'x' after top-level value"],
    ['', 'unexpected end of JSON input'],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['nul', 'unexpected end of JSON input'],
  ])('answers 400 for the broken JSON %s', async (text, message) => {
    const error = await failure(json(text))
    expect(error.code).toBe(400)
    expect(error.message).toBe(`couldn't get version/kind; json parse error: ${message}`)
  })

  test('answers 400 for broken YAML, with the line', async () => {
    const error = await failure(yaml('a: 1\nb: [1\nc: 2\n'))
    expect(error.code).toBe(400)
    expect(error.message).toMatch(/^error converting YAML to JSON: yaml: line \d+: /)
  })

  test('answers 415 for other formats', async () => {
    const error = await failure(decodeBody('text/html', Buffer.from('<p>')))
    expect(error.status).toMatchObject({ code: 415, reason: 'UnsupportedMediaType' })
    expect(error.message).toBe(
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    )
  })

  test('reports fields given twice by their path', async () => {
    expect((await json('{"spec":{"a":[{"b":1,"\\u0062":2}]},"spec":1}')).duplicates).toEqual(['spec.a[0].b', 'spec'])
    expect((await yaml('spec:\n  a: 1\n  a: 2\n')).duplicates).toEqual(['spec.a'])
  })

  test('finds in a short text what a close look finds, whatever it says twice, how deep, or of what size', async () => {
    const name = fc.constantFrom('a', 'b', '"', '\\', 'é', '__proto__', '0')
    const { value: someJson } = fc.letrec<{ value: string }>(tie => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom(
          '1',
          '-0',
          '1.0',
          '-2e1',
          '2.5',
          '1e400',
          '12345678901234567890',
          'true',
          'null',
          '""',
          '"a\\"b"',
          '"x"',
          ' []',
          '{ }',
          'nul',
        ),
        fc.array(tie('value'), { maxLength: 3 }).map(items => `[${items.join()}]`),
        fc
          .array(fc.tuple(name, tie('value')), { maxLength: 4 })
          .map(fields => `{${fields.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(' , ')}}`),
      ),
    }))
    await fc.assert(
      fc.asyncProperty(someJson, async text => {
        const { error, outOfRange, duplicates, literals } = scanJson(text, 64)
        if (error !== undefined || outOfRange !== undefined) return void (await failure(json(text)))
        // A number by itself is in no field.
        const inFields = literals?.has('') === false ? { literals } : {}
        expect(await json(text)).toEqual({ value: parseJson(text), duplicates, ...inFields })
      }),
      { numRuns: 2_000 },
    )
  })

  test('refuses nesting deeper than 64', async () => {
    expect((await json('['.repeat(64) + ']'.repeat(64))).value).toBeInstanceOf(Array)
    expect((await failure(json('['.repeat(65) + ']'.repeat(65)))).message).toContain('exceeded max depth')
    expect((await failure(json('['.repeat(1_500_000)))).message).toContain('exceeded max depth')
    expect((await yaml('['.repeat(64) + ']'.repeat(64))).value).toBeInstanceOf(Array)
    expect((await yaml(`${'- '.repeat(64)}a`)).value).toBeInstanceOf(Array)
    for (const text of ['['.repeat(65) + ']'.repeat(65), `${'- '.repeat(65)}a`])
      expect((await failure(yaml(text))).message).toContain('exceeded max depth')
    // What recurses over these comes to the end of its stack.
    for (const level of ['[', '- ', '{a: ', '? ', '[[]: '])
      expect((await failure(yaml(level.repeat(100_000)))).message).toContain('exceeded max depth')
  })

  test.each([
    ['yes', true],
    ['off', false],
    ['0755', 493],
    ['0x1F', 31],
    ['1_000', 1000],
    ['2001-12-14', '2001-12-14'],
    ['2001-12-14T21:59:43Z', '2001-12-14T21:59:43Z'],
    ['1:30', '1:30'],
    ['"yes"', 'yes'],
    ['~', null],
    ['1e3', 1000],
  ])('reads the YAML scalar %s as Kubernetes does', async (text, value) => {
    expect((await yaml(`a: ${text}`)).value).toEqual({ a: value })
  })

  test('follows anchors and merge keys', async () => {
    const { value } = await yaml('base: &b {x: 1, z: 2}\nmine: {<<: *b, z: 3}\n')
    expect(value).toEqual({ base: { x: 1, z: 2 }, mine: { x: 1, z: 3 } })
  })

  test('refuses alias bombs', async () => {
    const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x,x]']
    for (let i = 1; i < 10; i++)
      lines.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(',')}]`,
      )
    expect((await failure(yaml(lines.join('\n')))).code).toBe(400)
  })

  test.each([
    ['aliases', '"TEXT"', '*a'],
    ['merge keys', '{k: "TEXT"}', '{<<: *a}'],
  ])('refuses a long text in many places, by %s', async (_what, anchored, reference) => {
    const text = anchored.replace('TEXT', 'x'.repeat(1_000_000))
    const body = (count: number) => `a: &a ${text}\nl: [${Array(count).fill(reference).join(',')}]\n`
    const few = (await yaml(body(3))).value as { l: unknown[] }
    expect(few.l).toHaveLength(3)
    for (const count of [10, 90]) {
      const error = await failure(yaml(body(count)))
      expect([error.code, error.message]).toEqual([413, 'Request entity too large: limit is 1572864'])
    }
  })

  test('lets no JSON wait for YAML', async () => {
    const large = `{"a":"${'x'.repeat(300_000)}"}`
    await json(large)
    const order: string[] = []
    await Promise.all([
      yaml('- a\n'.repeat(60_000)).then(() => order.push('yaml')),
      json(large).then(() => order.push('json')),
    ])
    expect(order).toEqual(['json', 'yaml'])
  })

  test('refuses numbers that JSON does not have', async () => {
    expect((await failure(yaml('a: .inf'))).message).toContain('unsupported value: +Inf')
  })

  test.each(['1e400', '-1e309', `1${'0'.repeat(310)}`])(
    'refuses the number %s, which no double holds',
    async literal => {
      const message = `json: cannot unmarshal number ${literal.slice(0, 64)} into Go value of type float64`
      const filler = 'x'.repeat(300_000)
      for (const text of [`{"a":[{"b":${literal}}]}`, `{"a":${literal},"filler":"${filler}"}`, literal]) {
        const error = await failure(json(text))
        expect([error.code, error.message]).toEqual([400, message])
      }
      expect((await failure(yaml(`{"a":${literal}}`))).code).toBe(400)
      expect((await failure(yaml(`a: ${literal}\nfiller: ${filler}`))).code).toBe(400)
      // What is no JSON at all is told first, and text is text.
      expect((await failure(json(`{"a":${literal}`))).message).toContain('unexpected end of JSON input')
      expect((await json(`{"a":"${literal}","${literal}":1.7e308}`)).value).toEqual({ a: literal, [literal]: 1.7e308 })
    },
  )

  test.each<[string, string, string]>([
    ['a lone continuation', 'a: \xff', 'invalid leading UTF-8 octet'],
    ['a sequence that breaks off', 'a: \xe2\x28\xa1', 'invalid trailing UTF-8 octet'],
    ['a sequence without its end', 'a: \xe2\x82', 'incomplete UTF-8 octet sequence'],
    ['a slash in two bytes', 'a: \xc0\xaf', 'invalid length of a UTF-8 sequence'],
    ['half of a pair', 'a: \xed\xa0\x80', 'invalid Unicode character'],
    ['NUL', 'a: x\0y', 'control characters are not allowed'],
    ['a bell', '# \x07\na: 1', 'control characters are not allowed'],
    ['DEL in what begins like JSON', '{"a": "\x7f"}', 'control characters are not allowed'],
  ])('refuses YAML with %s, small or large', async (_, text, message) => {
    for (const bytes of [Buffer.from(text, 'latin1'), Buffer.from(`filler: ${'x'.repeat(9000)}\n${text}`, 'latin1')]) {
      const error = await failure(decodeBody('application/yaml', bytes))
      expect([error.code, error.message]).toEqual([400, `error converting YAML to JSON: yaml: ${message}`])
    }
  })

  test('takes YAML of every other character', async () => {
    expect((await yaml('\ufeffa: "\t é ☃ 😀 \u00a0"\r\n')).value).toEqual({ a: '\t é ☃ 😀 \u00a0' })
  })

  test('replaces what is no UTF-8 in JSON and in protobuf, as Go does; refuses raw control characters in JSON', async () => {
    const { value } = await decodeBody('application/json', Buffer.from('{"a":"x\xffy"}', 'latin1'))
    expect(value).toEqual({ a: 'x\ufffdy' })
    expect((await json('{"a":"\\u0000"}')).value).toEqual({ a: '\0' })
    for (const char of ['\0', '\x1f'])
      expect((await failure(json(`{"a":"${char}"}`))).message).toContain('in string literal')
    const envelope = [0x0a, 0x0f, 0x0a, 2, ...Buffer.from('v1'), 0x12, 9, ...Buffer.from('Namespace')]
    const named = [0x12, 7, 0x0a, 5, 0x0a, 3, 0x78, 0xff, 0x79]
    const sent = Buffer.from([...Buffer.from('k8s\0'), ...envelope, ...named])
    const read = await decodeBody('application/vnd.kubernetes.protobuf', sent)
    expect(read.value).toMatchObject({ kind: 'Namespace', metadata: { name: 'x\ufffdy' } })
  })

  test('answers 413 for an object of many fields beyond the largest that can be stored, white space not counted', async () => {
    const fields = (count: number) =>
      JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`key-${i}`, `value-${i}`])), null, 1)
    const error = await failure(json(fields(90_000)))
    expect([error.code, error.message]).toEqual([413, 'Request entity too large: limit is 1572864'])
    expect(Object.keys((await json(fields(60_000))).value as object)).toHaveLength(60_000)
    // In few fields it is the kind's own rules that answer.
    expect((await json(JSON.stringify({ a: 'x'.repeat(2_900_000) }))).value).toBeDefined()
  })

  test('reads JSON that is called YAML as fast as JSON, and YAML that only begins like it as YAML', async () => {
    expect(await yaml('\n {"a": [1e2, "é"], "a": {"<<": {"b": 1}}}')).toEqual({
      value: { a: { '<<': { b: 1 } } },
      duplicates: ['a'],
    })
    expect((await yaml('{a: 1, b: yes}')).value).toEqual({ a: 1, b: true })
    expect((await failure(yaml('{"a": 1'))).message).toMatch(/^error converting YAML to JSON: yaml: line 1: /)
  })

  test('lets others have their turn between small parts while a body of half a million nodes arrives', async () => {
    const body = Buffer.from(`{"a":[${Array(500_000).fill('{}').join(',')}]}`)
    let turn = 0
    let next = setImmediate(function count() {
      turn++
      next = setImmediate(count)
    })
    const parts: { readonly turn: number; readonly nodes: number }[] = []
    const { add } = ValueAssembler.prototype
    const spy = vi.spyOn(ValueAssembler.prototype, 'add').mockImplementation(function (this: ValueAssembler, part) {
      parts.push({ turn, nodes: part.entries?.length ?? 1 })
      add.call(this, part)
    })
    try {
      const { value } = await decodeBody('application/json', body)
      expect((value as { a: unknown[] }).a).toHaveLength(500_000)
    } finally {
      spy.mockRestore()
      clearImmediate(next)
    }
    expect(parts.length).toBeGreaterThan(100)
    expect(Math.max(...parts.map(({ nodes }) => nodes))).toBeLessThanOrEqual(4000)
    expect(new Set(parts.map(part => part.turn)).size).toBe(parts.length)
  })
})

describe('DecodeWorker', () => {
  const bytes = Buffer.from('{"a":[{"b":1}]}')
  /** More than any machine parses in the time that it is given. */
  const endless = Buffer.from(`a: [${'{b: 1},'.repeat(300_000)}]`)

  test('runs nobody’s time while another body is parsed, and one that takes too long takes nothing from others', async () => {
    await using worker = new DecodeWorker(2000)
    const [slow, ...others] = [
      worker.parse('yaml', endless, 64).catch((error: Error) => error.message),
      ...Array.from({ length: 20 }, () => worker.parse('json', bytes, 64)),
    ]
    expect(await slow).toBe('decoding the request body took too long')
    for (const { value } of await Promise.all(others)) expect(value).toEqual({ a: [{ b: 1 }] })
  })

  test('keeps no body whose request has been answered by the time of its turn', async () => {
    await using worker = new DecodeWorker(2000, 1)
    const given = [worker.parse('yaml', endless, 64), worker.parse('json', bytes, 64), worker.parse('json', bytes, 64)]
    expect((await Promise.allSettled(given)).map(({ status }) => status)).toEqual(Array(3).fill('rejected'))
    expect((await worker.parse('json', bytes, 64)).value).toEqual({ a: [{ b: 1 }] })
  })

  test('serves users in turn, however many bodies one of them has sent before', async () => {
    await using worker = new DecodeWorker()
    const served: string[] = []
    const send = (user: string) =>
      worker.parse('json', bytes, 64, undefined, user).then(() => {
        served.push(user)
      })
    await Promise.all(['a', 'a', 'a', 'a', 'b', 'b', 'c'].map(send))
    expect(served.join('')).toBe('abcabaa')
  })

  test('gives up on all bodies when it is closed', async () => {
    const worker = new DecodeWorker()
    const given = Promise.allSettled([worker.parse('json', bytes, 64), worker.parse('json', bytes, 64)])
    await worker[Symbol.asyncDispose]()
    expect((await given).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })
})

test.each([
  ['YAML', 'application/yaml', Buffer.from('a: b\n'.padEnd(5_000, '#'))],
  ['JSON', 'application/json', Buffer.from('{}'.padEnd(300_000))],
  ['a patch', 'application/merge-patch+json', Buffer.from('{}'.padEnd(300_000))],
])('the large bodies of one user hold no other’s for longer than one takes: %s', async (_what, type, body) => {
  const served: string[] = []
  const send = (user: string) =>
    lazyBody(Readable.from([body]), { 'content-type': type }, user)
      .value()
      .then(() => served.push(user))
  await Promise.all(['a', 'a', 'a', 'b'].map(send))
  await closeBodyDecoder()
  expect(served.join('')).toBe('abaa')
})

describe('scanJson()', () => {
  test('accepts exactly what JSON.parse accepts, but for numbers that no double holds', () => {
    const accepts = (text: string) => {
      try {
        const infinite = (value: unknown): boolean =>
          typeof value === 'object' && value !== null
            ? Object.values(value).some(infinite)
            : value === Infinity || value === -Infinity
        return !infinite(JSON.parse(text))
      } catch {
        return false
      }
    }
    const nearly = fc
      .tuple(
        fc.json({ maxDepth: 5 }),
        fc.nat(),
        fc.constantFrom('', ',', '"', '}', '0', '-', '\\', ' ', 'e', 'e9999', '\u0001'),
      )
      .map(
        ([text, at, noise]) => text.slice(0, at % (text.length + 1)) + noise + text.slice((at + 1) % (text.length + 1)),
      )
    fc.assert(
      fc.property(fc.oneof(fc.json({ maxDepth: 5 }), nearly), text => {
        const { error, outOfRange } = scanJson(text, 64)
        expect(error === undefined && outOfRange === undefined).toBe(accepts(text))
      }),
      { numRuns: 2000 },
    )
  })

  test('tells how whole numbers with a fraction are written, but not beside names as long as a body', () => {
    const long = 'k'.repeat(5_000)
    expect(scanJson(`{"${long}":[1.0,{"a":2.0}],"b":[3.0,4e1,5],"c":6.5}`, 64).literals).toEqual(
      new Map([
        ['b[0]', '3.0'],
        ['b[1]', '4e1'],
      ]),
    )
  })
})

describe('splitValue()', () => {
  test('is undone by the assembler, whatever the part size', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.integer({ min: 1, max: 20 }), (value, limit) => {
        const assembler = new ValueAssembler()
        for (const part of splitValue(value, limit)) assembler.add(part)
        expect(JSON.stringify(assembler.value)).toBe(JSON.stringify(value))
      }),
    )
  })
})
