import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatFieldSelector } from '../../src/shared/machinery/field-selectors.ts'
import { matchesNodeSelector } from '../../src/shared/machinery/node-selector.ts'
import {
  fromLabelSelector,
  fromMatchLabels,
  parseFieldSelector,
  parseLabelSelector,
} from '../../src/shared/machinery/selectors.ts'

describe('parseLabelSelector()', () => {
  test.each([
    ['', { a: '1' }, true],
    ['a=1', { a: '1' }, true],
    ['a==1', { a: '2' }, false],
    ['a!=1', {}, true],
    ['a in (1,2)', { a: '2' }, true],
    ['a in (1,2)', {}, false],
    ['a notin (1,2)', {}, true],
    ['a notin (1,2)', { a: '1' }, false],
    ['a', { a: '' }, true],
    ['!a', { a: '' }, false],
    ['a=', { a: '' }, true],
    ['a in ()', {}, false],
    ['a in ()', { a: '' }, true],
    ['a in (,x)', { a: '' }, true],
    ['a>1', { a: '10' }, true],
    ['a>1', { a: 'x' }, false],
    ['a<9007199254740993', { a: '9007199254740992' }, true],
    ['in=notin', { in: 'notin' }, true],
    ['in in (in)', { in: 'in' }, true],
    ['x.io/a=1,b', { 'x.io/a': '1', b: '' }, true],
    ['toString', {}, false],
  ])('%j on %j', (text, labels, expected) => {
    expect(parseLabelSelector(text).matches(labels)).toBe(expected)
  })

  test('treats a label called __proto__ as a label', () => {
    expect(() => parseLabelSelector('__proto__')).toThrow('name part must consist of')
    expect(fromMatchLabels(JSON.parse('{"__proto__":"a"}')).matches(JSON.parse('{"__proto__":"a"}'))).toBe(true)
    expect(fromMatchLabels(JSON.parse('{"__proto__":"a"}')).matches({})).toBe(false)
  })

  test.each([
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['a,', "found '', expected: identifier after ','"],
    ['=a', "found '=', expected: !, identifier, or 'end of string'"],
    ['a in b', "unable to parse requirement: found 'b' expected: '('"],
    ['a in (b c)', "unable to parse requirement: found 'c', expected: ',' or ')'"],
    ['a=b c', "found 'c', expected: ',' or 'end of string'"],
    [
      'a>x',
      "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
    ],
  ])('explains %j in upstream’s words', (text, message) => {
    expect(() => parseLabelSelector(text)).toThrow(message)
  })

  test('selects what each of its requirements selects by its meaning', () => {
    const keys = ['a', 'b', 'example.com/c', 'constructor', 'toString']
    const values = ['', 'x', 'y', '1', '10']
    const key = fc.constantFrom(...keys)
    const list = fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 })
    type Labels = ReadonlyMap<string, string>
    const whole = (text: string | undefined) => (text !== undefined && /^-?\d+$/.test(text) ? BigInt(text) : undefined)
    const requirement = fc.oneof(
      key.map(k => ({ text: k, holds: (labels: Labels) => labels.has(k) })),
      key.map(k => ({ text: `!${k}`, holds: (labels: Labels) => !labels.has(k) })),
      fc.tuple(key, fc.constantFrom('=', '=='), fc.constantFrom(...values)).map(([k, op, v]) => ({
        text: `${k}${op}${v}`,
        holds: (labels: Labels) => labels.get(k) === v,
      })),
      fc.tuple(key, fc.constantFrom(...values)).map(([k, v]) => ({
        text: `${k}!=${v}`,
        holds: (labels: Labels) => labels.get(k) !== v,
      })),
      fc
        .tuple(
          key,
          list.filter(found => found.some(Boolean)),
        )
        .map(([k, found]) => ({
          text: `${k} in (${found.join(', ')})`,
          holds: (labels: Labels) => labels.has(k) && found.includes(labels.get(k) ?? ''),
        })),
      fc
        .tuple(
          key,
          list.filter(found => found.some(Boolean)),
        )
        .map(([k, found]) => ({
          text: `${k} notin (${found.join(',')})`,
          holds: (labels: Labels) => !labels.has(k) || !found.includes(labels.get(k) ?? ''),
        })),
      fc.tuple(key, fc.constantFrom('>', '<'), fc.integer({ min: 0, max: 12 })).map(([k, op, n]) => ({
        text: `${k}${op}${n}`,
        holds: (labels: Labels) => {
          const value = whole(labels.get(k))
          return value !== undefined && (op === '>' ? value > BigInt(n) : value < BigInt(n))
        },
      })),
    )
    const labels = fc.array(fc.tuple(key, fc.constantFrom(...values))).map(pairs => new Map(pairs))
    fc.assert(
      fc.property(fc.array(requirement, { maxLength: 4 }), labels, (requirements, given) => {
        const selector = parseLabelSelector(requirements.map(({ text }) => text).join(','))
        expect(selector.matches(Object.fromEntries(given))).toBe(requirements.every(({ holds }) => holds(given)))
      }),
      { numRuns: 500 },
    )
  })

  test('prints what it reads: parse(format(parse(x))) = parse(x)', () => {
    const key = fc.constantFrom('a', 'app.kubernetes.io/name', 'in', 'b_c')
    const value = fc.constantFrom('', 'x', '1', 'notin', 'a-b')
    const requirement = fc.oneof(
      key,
      key.map(k => `!${k}`),
      fc.tuple(key, fc.constantFrom('=', '==', '!='), value).map(parts => parts.join('')),
      fc
        .tuple(
          key,
          fc.constantFrom('in', 'notin'),
          fc.array(value, { minLength: 1 }).filter(list => list.some(Boolean)),
        )
        .map(([k, op, vs]) => `${k} ${op} (${vs.join(',')})`),
      fc.tuple(key, fc.constantFrom('>', '<'), fc.nat()).map(parts => parts.join('')),
    )
    fc.assert(
      fc.property(fc.array(requirement), list => {
        const once = parseLabelSelector(list.join(','))
        expect(parseLabelSelector(once.format()).requirements).toEqual(once.requirements)
      }),
    )
  })
})

describe('fromLabelSelector()', () => {
  test('matches nothing when absent and everything when empty', () => {
    expect(fromLabelSelector(undefined).matches({})).toBe(false)
    expect(fromLabelSelector({}).matches({ any: 'thing' })).toBe(true)
  })

  test('asks for all of its parts', () => {
    const selector = fromLabelSelector({
      matchLabels: { app: 'web' },
      matchExpressions: [
        { key: 'tier', operator: 'NotIn', values: ['db'] },
        { key: 'x', operator: 'DoesNotExist' },
      ],
    })
    expect(selector.matches({ app: 'web', tier: 'front' })).toBe(true)
    expect(selector.matches({ app: 'web', tier: 'db' })).toBe(false)
    expect(selector.matches({ app: 'web', x: '' })).toBe(false)
    expect(selector.format()).toBe('app=web,tier notin (db),!x')
  })

  test('refuses an unknown operator', () => {
    const bad = { matchExpressions: [{ key: 'a', operator: 'toString' }] }
    expect(() => fromLabelSelector(bad)).toThrow('"toString" is not a valid label selector operator')
  })
})

describe('parseFieldSelector()', () => {
  test('splits terms and unescapes values', () => {
    expect(parseFieldSelector('metadata.name=a\\,b,status.phase!=Running,x==1\\=2,')).toEqual([
      { field: 'metadata.name', op: '=', value: 'a,b' },
      { field: 'status.phase', op: '!=', value: 'Running' },
      { field: 'x', op: '=', value: '1=2' },
    ])
  })

  test('refuses a term without an operator, unescaped characters and unknown escapes', () => {
    expect(() => parseFieldSelector('a=1,b')).toThrow("invalid selector: 'a=1,b'; can't understand 'b'")
    expect(() => parseFieldSelector('a=b=c')).toThrow('unescaped character in value: =')
    expect(() => parseFieldSelector('a=\\x')).toThrow('invalid escape sequence')
  })

  test('reads any value that was printed', () => {
    fc.assert(
      fc.property(fc.string(), value => {
        const list = [{ field: 'metadata.name', op: '=' as const, value }]
        expect(parseFieldSelector(formatFieldSelector(list))).toEqual(list)
      }),
    )
  })
})

describe('matchesNodeSelector()', () => {
  const node = { metadata: { name: 'n1', labels: { zone: 'a', cores: '8' } } }
  const term = (key: string, operator: string, ...values: string[]) => ({
    matchExpressions: [{ key, operator, values }],
  })
  test.each([
    [[term('zone', 'In', 'a', 'b')], true],
    [[term('zone', 'In', 'b')], false],
    [[term('zone', 'In', 'b'), term('zone', 'Exists')], true],
    [[term('cores', 'Gt', '4')], true],
    [[term('cores', 'Lt', '4')], false],
    [[{}], false],
    [[], false],
    [[{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] }], true],
    [
      [{ ...term('zone', 'Exists'), matchFields: [{ key: 'metadata.name', operator: 'NotIn', values: ['n1'] }] }],
      false,
    ],
  ])('%j', (nodeSelectorTerms, expected) => {
    expect(matchesNodeSelector({ nodeSelectorTerms }, node)).toBe(expected)
  })
})
