import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalQuantity, isQuantity, parseQuantity, Quantity, zero } from '../../src/shared/machinery/quantity.ts'

describe('parseQuantity()', () => {
  test.each([
    ['1000m', '1'],
    ['1024Ki', '1Mi'],
    ['0.5Gi', '512Mi'],
    ['.5Gi', '512Mi'],
    ['1.5', '1500m'],
    ['0.1', '100m'],
    ['1e3', '1e3'],
    ['10e2', '1e3'],
    ['1E3', '1E3'],
    ['1000', '1k'],
    ['1024', '1024'],
    ['100000000', '100M'],
    ['0', '0'],
    ['0Mi', '0'],
    ['-1', '-1'],
    ['1023Ki', '1023Ki'],
    ['1536Mi', '1536Mi'],
    ['2048Mi', '2Gi'],
    ['1Ei', '1Ei'],
    ['0.0001Ki', '102400u'],
    ['1.1Ki', '1126400m'],
    ['1n', '1n'],
    ['0.1n', '1n'],
    ['1.234', '1.234'],
    ['100Ei', '9223372036854775807'],
  ])('prints %s as %s, as upstream does', (text, canonical) => {
    expect(parseQuantity(text).toString()).toBe(canonical)
  })

  test('texts that are made to be slow are refused by the thousand, before anybody would notice', () => {
    for (let i = 0; i < 5_000; i++)
      expect(isQuantity(`${i}${'0'.repeat(250 - String(i).length)}x`) || isQuantity(`${'0'.repeat(250)}x${i}`)).toBe(
        false,
      )
  })

  test.each([
    '',
    '1.2.3',
    'x',
    '1x',
    ' ',
    '1 Gi',
    '0x10',
    '1e',
    '1Kii',
    '1e999999999',
    '9'.repeat(300),
    'NaN',
    'Infinity',
  ])('refuses %j', text => {
    expect(isQuantity(text)).toBe(false)
  })

  test('reads JSON numbers', () => {
    expect(parseQuantity(0.5).toString()).toBe('500m')
    expect(parseQuantity(1e21).value()).toBe(1e21)
  })

  test('rounds up to whole units and to thousandths', () => {
    expect(parseQuantity('1.1').value()).toBe(2)
    expect(parseQuantity('100u').milli()).toBe(1)
    expect(parseQuantity('250m').milli()).toBe(250)
  })
})

const quantities = fc
  .tuple(
    fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }),
    fc.constantFrom('n', 'u', 'm', '', 'k', 'M', 'Ki', 'Mi', 'Gi', 'e3', 'e-6'),
  )
  .map(([amount, suffix]) => `${amount}${suffix}`)

describe('a quantity', () => {
  test('keeps its amount when printed and read again', () => {
    fc.assert(
      fc.property(quantities, text => {
        const first = parseQuantity(text)
        const again = parseQuantity(first.toString())
        expect(again.compare(first)).toBe(0)
        expect(again.toString()).toBe(first.toString())
      }),
    )
  })

  test('adds and subtracts exactly, where floating point does not', () => {
    expect(parseQuantity('100m').add(parseQuantity('200m')).toString()).toBe('300m')
    fc.assert(
      fc.property(quantities, quantities, (a, b) => {
        const [x, y] = [parseQuantity(a), parseQuantity(b)]
        expect(x.add(y).sub(y).equals(x)).toBe(true)
        expect(x.add(y).equals(y.add(x))).toBe(true)
        expect(x.compare(y)).toBe(-y.compare(x) + 0)
      }),
    )
  })

  test('keeps the suffix family of its left side, or that of the right when it is zero', () => {
    expect(parseQuantity('1Gi').add(parseQuantity('1024')).toString()).toBe('1048577Ki')
    expect(zero.add(parseQuantity('512Mi')).toString()).toBe('512Mi')
  })

  test('is printed canonically by canonicalQuantity(), again and again', () => {
    for (let i = 0; i < 3; i++) expect(canonicalQuantity('2000m')).toBe('2')
    expect(JSON.stringify({ q: new Quantity(1_500_000_000n) })).toBe('{"q":"1500m"}')
  })
})
