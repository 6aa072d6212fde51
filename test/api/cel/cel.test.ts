// CEL as Kubernetes' documentation and the language's specification tell it: expression → value or error.
import { describe, expect, test } from 'vitest'
import { Environment, tryCompile } from '../../../src/main/cel/environment.ts'
import { CompileError } from '../../../src/main/cel/errors.ts'
import { toJson } from '../../../src/main/cel/to-json.ts'
import { type CelType, DYN, INT, listOf, mapOf, STRING } from '../../../src/main/cel/types.ts'
import { fromJson } from '../../../src/main/cel/values.ts'

const thing: CelType = {
  kind: 'object',
  name: 'Thing',
  fields: new Map<string, CelType>([
    ['name', STRING],
    ['count', INT],
    ['tags', listOf(STRING)],
    ['labels', mapOf(STRING, STRING)],
    ['any', DYN],
    ['__dash__', STRING],
    ['a__dash__b', STRING],
    ['__if__', STRING],
  ]),
}
const environment = new Environment({ variables: new Map([['self', thing]]) })
const self = fromJson(
  {
    name: 'web',
    count: 3,
    tags: ['a', 'b'],
    labels: { app: 'web', 'x/y': 'z' },
    any: { list: [1, 2.5, 'three'], on: true, none: null },
    'a-b': 'dash',
    if: 'keyword',
  },
  thing,
)

function run(text: string, limit = 1_000_000): unknown {
  const { value, error } = environment.compile(text).run(name => (name === 'self' ? self : undefined), limit)
  return error ? `error: ${error.message}` : toJson(value ?? null)
}
function refusal(text: string): string {
  const compiled = tryCompile(environment, text)
  return compiled instanceof CompileError ? compiled.message : 'compiles'
}

test.each<[string, unknown]>([
  ['1 + 2 * 3', 7],
  ['-2 - 3 == -5 && !false', true],
  ['7 / 2 == 3 && -7 % 3 == -1 && 7.0 / 2.0 == 3.5', true],
  ['9223372036854775807 + 1', 'error: integer overflow'],
  ['1 / 0', 'error: division by zero'],
  ['1u + 2u == 3u && 0x1f == 31', true],
  ['1 < 2.5 && 3u > 2', true],
  ['"a" + \'b\' + """c""" + r"\\d"', 'abc\\d'],
  ['"\\u00e9\\x41\\n".size()', 3],
  ['size("héllo😀")', 6],
  ['b"abc".size() == 3 && bytes("é") == b"\\xc3\\xa9"', true],
  ['true ? 1 : 2', 1],
  ['[1, 2, 3][1] + {"a": 4}["a"]', 6],
  ['[1][5]', 'error: index out of bounds: 5'],
  ['{"a": 1}["b"]', 'error: no such key: b'],
  ['2 in [1, 2] && "a" in {"a": 1} && !("b" in {"a": 1})', true],
  ['type(1) == int && type("") == string && type(type(1)) == type', true],
  ['int("42") + int(3.9) + int(duration("1s") > duration("500ms") ? "1" : "0")', 46],
  ['string(1.5) + string(true) + string(7u)', '1.5true7'],
  ['int(self.name)', "error: type conversion error from 'string' to 'int'"],
  ['1 == 1 || 1 / 0 == 1', true],
  ['1 / 0 == 1 || 1 == 1', true],
  ['1 / 0 == 1 && false', false],
  ['// a remark\n1', 1],
])('%s → %j', (text, value) => {
  expect(run(text)).toEqual(value)
})

describe('fields', () => {
  test.each<[string, unknown]>([
    ['self.name + string(self.count)', 'web3'],
    ['self.a__dash__b + self.__if__', 'dashkeyword'],
    ['self.labels["x/y"] + self.labels.app', 'zweb'],
    ['has(self.labels.app) && !has(self.labels.none) && has(self.name)', true],
    ['self.any.list[0] + 1', 2],
    ['self.any.list[1] < 3.0 && self.any.list[2] == "three" && self.any.none == null', true],
    ['self.any.missing', 'error: no such key: missing'],
    ['self.any.list[0] + "text"', 'error: no such overload'],
    ['self.any.none.metadata', 'error: no such key: metadata'],
    ['self.any.list[2].length', 'error: no such key: length'],
    ['has(self.any.none.metadata) || has(self.any.none.metadata.name) || has(self.any.list[2].length)', 'error: no such key: metadata'], // prettier-ignore
    ['has(self.any.none.metadata) || has(self.any.list[2].length)', false],
    ['self.any.none.?metadata.?name.hasValue()', false],
    ['self.?labels.?none.hasValue()', false],
    ['self.labels[?"app"].orValue("x") + self.labels[?"none"].orValue("y")', 'weby'],
    ['optional.of(3).optMap(x, x * 2).value() + optional.none().orValue(1)', 7],
    ['[?optional.of(1), ?optional.none()] == [1] && {?"a": optional.none()} == {}', true],
  ])('%s → %j', (text, value) => {
    expect(run(text)).toEqual(value)
  })
})

describe('macros', () => {
  test.each<[string, unknown]>([
    ['[1, 2, 3].all(x, x > 0) && [1, 2].exists(x, x == 2) && [1, 2, 2].exists_one(x, x == 1)', true],
    ['[1, 2, 3].map(x, x * 2)', [2, 4, 6]],
    ['[1, 2, 3].map(x, x > 1, x * 2)', [4, 6]],
    ['[1, 2, 3].filter(x, x % 2 == 1)', [1, 3]],
    ['{"a": 1, "b": 2}.all(k, k in ["a", "b"])', true],
    ['[0, 2].exists(x, 4 / x == 2)', true],
    ['[0, 2].all(x, 4 / x == 2)', 'error: division by zero'],
    ['[[1, 2], [3]].map(l, l.map(x, x + 1))', [[2, 3], [4]]],
    ['["a", "b"].all(i, v, i < 2 && v != "c")', true],
    ['["a", "b"].transformList(i, v, string(i) + v)', ['0a', '1b']],
    ['{"a": 1, "b": 2}.transformMap(k, v, v > 1, v * 10)', { b: 20 }],
    ['{"a": "x"}.transformMapEntry(k, v, {v: k})', { x: 'a' }],
    ['["b", "a"].sortBy(x, x)', ['a', 'b']],
    ['self.tags.map(x, self.tags.filter(y, y != x))', [['b'], ['a']]],
  ])('%s → %j', (text, value) => {
    expect(run(text)).toEqual(value)
  })
})

describe("Kubernetes' libraries", () => {
  test.each<[string, unknown]>([
    ['"abc-123".find("[0-9]+") + "a1b22".findAll("[0-9]+").join("+")', '1231+22'],
    ['"abc".matches("^a.c$") && !"abc".matches("^b")', true],
    ['"Hello".lowerAscii() + "x".upperAscii() + "abc".substring(1) + "héé".charAt(1)', 'helloXbcé'],
    ['"a,b,c".split(",").size() + "a,b,c".split(",", 2).size()', 5],
    ['"aXbX".replace("X", "-") + "aXbX".replace("X", "-", 1) + " t ".trim()', 'a-b-a-bXt'],
    ['"%d/%s/%.2f/%x/%b".format([7, "s", 1.5, 255, 5])', '7/s/1.50/ff/101'],
    ['"%s".format([["a", 1, 1.5, null, {"b": [true]}]])', '["a", 1, 1.500000, null, {"b":[true]}]'],
    ['"%s %s".format([[duration("1m")], b"x"])', '[duration("60s")] x'],
    ['"%.1f %f %e".format([1234567.25, 0.5, 12345.678])', '1,234,567.3 0.500000 1.234568×10⁰⁴'],
    ['"%.1e".format([0.00012])', '1.2×10⁻⁰⁴'],
    ['[1e20, 1e6, 123456.0, 0.0001, 0.00001, 1.5].map(x, string(x)).join(" ")', '1e+20 1e+06 123456 0.0001 1e-05 1.5'],
    ['url("https://example.com/a b").getEscapedPath()', '/a%20b'],
    ['isURL("https://exa mple.com/a") || isURL("a b")', false],
    ['"abcabc".indexOf("c") + "abcabc".lastIndexOf("c")', 7],
    ['[1, 2].isSorted() && [3, 1].max() == 3 && [3, 1].min() == 1 && [1, 2].sum() == 3', true],
    ['[1, 2, 1].indexOf(1) + [1, 2, 1].lastIndexOf(1)', 2],
    ['[1, 2, 1].distinct() == [1, 2] && [[1], [2]].flatten() == [1, 2] && [1, 2, 3].slice(1, 3) == [2, 3]', true],
    ['lists.range(3) == [0, 1, 2] && [2, 1].sort() == [1, 2] && [1, 2].reverse() == [2, 1]', true],
    ['sets.contains([1, 2], [2]) && sets.intersects([1], [1, 2]) && sets.equivalent([1, 1], [1])', true],
    ['url("https://user@example.com:80/a?x=1&x=2").getHost()', 'example.com:80'],
    ['url("https://example.com:80/a?x=1&x=2").getQuery()', { x: ['1', '2'] }],
    ['isURL("/path") && !isURL("../x") && url("http://[::1]:8/").getHostname() == "::1"', true],
    ['ip("192.168.0.1").family() == 4 && isIP("::1") && !isIP("1.2.3") && ip("::1").isLoopback()', true],
    ['ip.isCanonical("2001:db8::1") && !ip.isCanonical("2001:DB8::1")', true],
    ['cidr("10.0.0.0/8").containsIP("10.1.2.3") && !cidr("10.0.0.0/8").containsCIDR("11.0.0.0/16")', true],
    ['string(cidr("10.1.2.3/8").masked()) + string(cidr("10.1.2.3/8").prefixLength())', '10.0.0.0/88'],
    ['quantity("1.5Gi").isGreaterThan(quantity("1Gi")) && quantity("50k").add(20).asInteger() == 50020', true],
    ['quantity("1").compareTo(quantity("1000m")) == 0 && isQuantity("1Mi") && !isQuantity("1.2.3")', true],
    ['semver("1.2.3-rc.1").isLessThan(semver("1.2.3")) && semver("v1.2", true).minor() == 2', true],
    [
      '!format.dns1123Label().validate("web-1").hasValue() && format.named("uuid").value().validate("x").hasValue()',
      true,
    ],
    ['duration("1h30m").getMinutes() + timestamp("2024-02-29T12:30:00Z").getDayOfYear()', 149],
    [
      'timestamp("2024-01-01T23:00:00Z").getHours("+02:00") + timestamp("2024-07-01T00:00:00Z").getHours("Europe/Vienna")',
      3,
    ],
    ['string(timestamp("2024-01-01T00:00:00Z") + duration("90s"))', '2024-01-01T00:01:30Z'],
  ])('%s → %j', (text, value) => {
    expect(run(text)).toEqual(value)
  })
})

describe('what does not compile says where', () => {
  test.each([
    ['self.nme == ""', 'ERROR: <input>:1:5: undefined field \'nme\'\n | self.nme == ""\n | ....^'],
    ['selv.name', "undeclared reference to 'selv' (in container '')"],
    ['self.name + 1', "found no matching overload for '_+_' applied to '(string, int)'"],
    ['self.count == "3"', "found no matching overload for '_==_' applied to '(int, string)'"],
    ['self.name.nope()', "undeclared reference to 'nope' (in container '')"],
    ['self.name.startsWith(1)', "found no matching overload for 'startsWith' applied to 'string.(int)'"],
    [
      'self.count.all(x, true)',
      "expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)",
    ],
    ['[1, "a", "b"]', 'ERROR: <input>:1:5: expected type \'int\' but found \'string\'\n | [1, "a", "b"]\n | ....^'],
    ['[1, dyn(2)]', "ERROR: <input>:1:8: expected type 'int' but found 'dyn'"],
    ['{"a": dyn(1), "b": 2}', "expected type 'dyn' but found 'int'"],
    ['[[dyn(1)], [1]]', "expected type 'list(dyn)' but found 'list(int)'"],
    ['[[], [1], ["a"]]', "expected type 'list(int)' but found 'list(string)'"],
    ['[timestamp("2020-01-01T00:00:00Z"), null]', "expected type 'timestamp' but found 'null'"],
    ['(true ? [] : [1]) == ["a"]', "found no matching overload for '_==_' applied to '(list(int), list(string))'"],
    ['nope(1)', "ERROR: <input>:1:5: undeclared reference to 'nope'"],
    ['self.name.x', "type 'string' does not support field selection"],
    ['1 +', "Syntax error: mismatched input '<EOF>'"],
    ['self.name ==== ""', 'Syntax error'],
    ['"open', 'Syntax error: token recognition error'],
    ['has(self)', 'ERROR: <input>:1:5: invalid argument to has() macro'],
    ['[1].all(1, true)', 'ERROR: <input>:1:9: argument must be a simple name'],
    ['duration("x") == duration("1s")', 'invalid duration argument'],
    ['"a".matches("(")', 'invalid matches argument'],
    ['cel.bind(a, 1, a) == 1', "undeclared reference to 'cel'"],
    ['"abc".reverse()', "found no matching overload for 'reverse' applied to 'string.()'"],
    ['quantity("1").sign()', "found no matching overload for 'sign' applied to 'kubernetes.Quantity.()'"],
    [
      '"%d".format([self.name])',
      'ERROR: <input>:1:18: error during formatting: decimal clause can only be used on integers, was given string',
    ],
    ['"%s".format([[1, self]])', 'was given Thing'],
    ['"%f".format([1])', 'fixed-point clause can only be used on doubles, was given int'],
    ['"%e".format([true])', 'scientific clause can only be used on doubles, was given bool'],
    ['"%b".format(["a"])', 'only integers and bools can be formatted as binary, was given string'],
    ['"%X".format([1.5])', 'only integers, byte buffers, and strings can be formatted as hex, was given double'],
    ['"%o".format([[1]])', 'octal clause can only be used on integers, was given list'],
    ['"%s of %s".format([1])', 'ERROR: <input>:1:18: index 1 out of range'],
    ['"%s%%".format([1, 2])', 'too many arguments supplied to string.format (expected 1, got 2)'],
    ['"%q".format([1])', 'could not parse formatting clause: unrecognized formatting clause "q"'],
    ['"%.2".format([1.0])', 'error while parsing precision: could not find end of precision specifier'],
    ['"%.d".format([1])', 'error while converting precision to integer: strconv.Atoi: parsing "": invalid syntax'],
    ['"100%".format([1])', 'unexpected end of string'],
    [`${'('.repeat(300)}1${')'.repeat(300)}`, 'expression recursion limit exceeded'],
    [Array.from({ length: 400 }, () => '-x').join('-'), 'expression recursion limit exceeded'],
  ])('%s', (text, message) => {
    expect(refusal(text)).toContain(message)
  })
})

test.each([
  ['true || int("x") == 1', "type conversion error from 'string' to 'int'"],
  ['self.tags.all(t, double("x") > 1.0)', "type conversion error from 'string' to 'double'"],
  ['int(dyn("x")) == 1', "type conversion error from 'string' to 'int'"],
  ['uint(-1) == 1u', 'unsigned integer overflow'],
  ['string(b"\\xff") == ""', 'invalid UTF-8 in bytes, cannot convert to string'],
  ['self.name.find("(") == ""', 'error parsing regexp: missing closing ): `(`'],
  ['self.name.findAll("[a", 1) == []', 'error parsing regexp: missing closing ]: `[a`'],
])('%s is refused before it runs', (text, message) => {
  const compiled = tryCompile(environment, text)
  expect(compiled instanceof CompileError && compiled.told).toBe(`program instantiation failed: ${message}`)
})

test.each([
  'int(double("1.5")) + int(string(1)) == 2',
  '"%d %s".format([dyn("x"), self.any]) == ""',
  '"%d".format(self.tags) == ""',
  'self.name.find(self.name) == "" && self.name.find("(" + "b") == ""',
  'sign(quantity("-1")) == -1',
])('%s compiles', text => {
  expect(refusal(text)).toBe('compiles')
})

describe('cost', () => {
  const stopped = 'error: operation cancelled: actual cost limit exceeded'
  test.each([
    ['lists.range(1000).all(a, lists.range(1000).all(b, lists.range(1000).all(c, a + b + c >= 0)))'],

    [`["abcdefgh"].map(a, ${nested(30, v => `${v} + ${v}`)})`],
    ['lists.range(100000).map(x, x * 2).distinct().size() > 0'],
  ])('runs out before the server does: %s', text => {
    const startMs = performance.now()
    expect(run(text)).toBe(stopped)
    // Without a limit it would be minutes.
    expect(performance.now() - startMs).toBeLessThan(15_000)
  })
  test.each(['"%s".format([l])', '"%s%s".format([1, {"a": l}])'])(
    'a text that a list holds many times does not become as many: %s',
    text => {
      const many = `["${'x'.repeat(20_000)}"].map(t, lists.range(1000).map(i, t))[0]`
      expect(run(`[${many}].map(l, ${text})[0].size()`)).toMatch('the text would be too long')
    },
  )
  test('lists cannot be doubled without end', () => {
    expect(run(`[[1, 2, 3, 4]].map(a, ${nested(30, v => `${v} + ${v}`)})`)).toMatch(/too long|cost limit exceeded/)
  })
  /** `[a + a].map(b, [b + b].map(c, …))`: twice as much at each step. */
  function nested(depth: number, grow: (name: string) => string): string {
    let text = `size(v${depth})`
    for (let i = depth; i > 0; i--) text = `[${grow(i === 1 ? 'a' : `v${i - 1}`)}].map(v${i}, ${text})`
    return text
  }
  const TEXTS = listOf({ ...STRING, maxElements: 10 }, { maxElements: 100 })
  const NUMBERS = listOf(INT, { maxElements: 100 })
  const bounded = new Environment({
    variables: new Map([
      ['list', TEXTS],
      ['numbers', NUMBERS],
      ['text', { ...STRING, maxElements: 10 }],
    ]),
  })
  // Each is what is read (1) and what the call costs.
  test.each<[string, number]>([
    ['list.join(",").size()', 1 + 1 + 110],
    ['list.min() == ""', 1 + 100 * 2],
    ['list.isSorted()', 1 + 100 * 2],
    ['numbers.max() == 1', 1 + 100 + 1],
    ['list.distinct() == []', 1 + 2 * 100 * 100 + 11 + 10 + 0],
    ['list.sort().size()', 1 + 2.1 * 100 * 100 + 11 + 1],
    ['numbers.sort().size()', 1 + 2 * 100 * 100 + 11 + 1],
    ['list.slice(1, 3).size()', 1 + 2 + 11 + 1],
    ['list.reverse().size()', 1 + 100 + 11 + 1],
    ['text.charAt(1) == "x"', 1 + 1 + 1],
    ['sets.contains(list, list)', 2 + 100 * 100 + 1],
    // Of what was worked out nobody knows how long its texts are.
    ['list.map(x, x).join(",").size()', Infinity],
    ['[text, text].min() == ""', Infinity],
    ['list.min().contains("abcdefghijkl")', Infinity],
  ])('an estimate of %s is %d, as upstream has it', (expression, cost) => {
    expect(bounded.compile(expression).maxCost).toBe(cost)
  })

  test.each([
    ['timestamp(253402300800) > timestamp(0)', 'invalid timestamp argument'],
    ['timestamp(-62135596801) > timestamp(0)', 'invalid timestamp argument'],
    ['timestamp("0000-01-01T00:00:00Z") > timestamp(0)', 'invalid timestamp argument'],
    ['timestamp(int("253402300800")) > timestamp(0)', 'timestamp overflow'],
    ['int("9223372036854775808") > 1', "type conversion error from 'string' to 'int'"],
    ['uint("18446744073709551616") > 1u', "type conversion error from 'string' to 'uint'"],
  ])('%s is refused when it is compiled: %s', (expression, message) => {
    expect(() => bounded.compile(expression)).toThrow(message)
  })

  test('moments end with the year 9999, also where they are calculated', () => {
    expect(run('timestamp(253402300799) > timestamp(-62135596800)')).toBe(true)
    expect(run('timestamp(253402300799) + duration("1s") > timestamp(0)')).toMatch(/timestamp overflow/)
  })

  test('an estimate multiplies what the schema allows', () => {
    const short = { ...STRING, maxElements: 10 }
    const list = listOf(short, { maxElements: 100 })
    const bounded = new Environment({ variables: new Map([['list', list]]) })
    const { maxCost } = bounded.compile('list.all(x, x == "abcdefghijklmno")')
    // For each of 100: whether to go on (2), what was found so far (1), the item (1), a comparison of ten letters (1).
    expect(maxCost).toBe(2 + 100 * 5)
    expect(
      new Environment({ variables: new Map([['list', listOf(STRING)]]) }).compile('list.all(x, x != "")').maxCost,
    ).toBe(2)
  })
})
