// Texts and values of JSON, in which no whole number of 64 bits loses a digit.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeJson, narrow, parseJson } from '../../src/shared/machinery/json-text.ts'

/** As JSON.parse() and JSON.stringify() have it, but for whole numbers. */
const { value: anyValue } = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(narrow),
      fc.string({ unit: 'binary' }),
      // Whole ones would come back as bigints.
      fc.double({ noNaN: true, noDefaultInfinity: true }).filter(number => !Number.isInteger(number)),
      fc.constantFrom(null, true, false, '12345678901234567890', '"9007199254740993"'),
    ),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('__proto__', '9007199254740993')), tie('value'), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
  ),
}))

/** Whether none of its whole numbers is one that a number would round, or may stand for another one. */
function isSafe(text: string): boolean {
  const unsafe: unknown[] = []
  JSON.parse(text, (_key, value: unknown) => {
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) unsafe.push(value)
    return value
  })
  return unsafe.length === 0
}

describe('parseJson() and encodeJson()', () => {
  test('give back every value, whatever is around the number', () => {
    fc.assert(
      fc.property(anyValue, value => {
        expect(parseJson(encodeJson(value))).toStrictEqual(value)
      }),
    )
  })

  test('agree with JSON where no number is beyond 2^53, also about white space', () => {
    const plain = fc
      .json()
      .filter(isSafe)
      .map(text => JSON.stringify(JSON.parse(text), null, '\t'))
    // The long text makes the careful way be taken.
    fc.assert(
      fc.property(plain, text => {
        const given = `[ ${text},\r\n"0123456789abcdef 1234567890123456" ]`
        expect(parseJson(given)).toStrictEqual(JSON.parse(given))
      }),
    )
  })

  test.each([
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', 9007199254740992n],
    ['-9007199254740993', -9007199254740993n],
    ['9223372036854775807', 9223372036854775807n],
    ['-9223372036854775808', -9223372036854775808n],
    ['9223372036854775808', 2 ** 63],
    ['18446744073709551615', 2 ** 64],
    ['9007199254740993.0', 9007199254740992],
    ['1.2345678901234567', 1.2345678901234567],
    ['1e1234567890123456', Infinity],
    ['0.9007199254740993', 0.9007199254740993],
  ])('%s is read as a whole number of 64 bits, or as a double', (text, value) => {
    expect(parseJson(text)).toBe(value)
    expect(parseJson(`{"a":[ ${text} ],"b":"${text}"}`)).toEqual({ a: [value], b: text })
  })

  test.each(['{"a":9007199254740993', '[9007199254740993,]', '09007199254740993', '9007199254740993n', ''])(
    'refuses %j as JSON.parse() does',
    text => expect(() => parseJson(text)).toThrow(SyntaxError),
  )

  test('says what JSON has no word for as JSON.stringify() does', () => {
    const value = { a: undefined, b: [undefined, Number.NaN, 1n], c: () => 1 }
    expect(encodeJson(value)).toBe('{"b":[null,null,1]}')
  })

  test('keeps a key called __proto__ as data', () => {
    const value = parseJson('{"__proto__":{"polluted":9007199254740993}}') as { polluted?: unknown }
    expect(value.polluted).toBeUndefined()
    expect(encodeJson(value)).toBe('{"__proto__":{"polluted":9007199254740993}}')
  })
})
