// Expressions that take long let others have their turn, and come to the same as if they had not.
import { describe, expect, test } from 'vitest'
import { Environment } from '../../../src/main/cel/environment.ts'
import { CostError } from '../../../src/main/cel/errors.ts'
import { toJson } from '../../../src/main/cel/to-json.ts'
import { DYN } from '../../../src/main/cel/types.ts'
import { fromJson } from '../../../src/main/cel/values.ts'

const environment = new Environment({ variables: new Map([['self', DYN]]) })
const self = fromJson(
  {
    list: Array.from({ length: 12 }, (_, i) => ({ name: `n${i}`, port: i, tags: ['a', `t${i % 3}`] })),
    map: { a: 1, b: 2, c: 3 },
    text: 'word '.repeat(200),
  },
  DYN,
)
const variables = (name: string) => (name === 'self' ? self : undefined)
const shown = ({ value, error, cost }: { value?: Parameters<typeof toJson>[0]; error?: Error; cost: number }) => ({
  value: value === undefined ? undefined : toJson(value),
  error: error?.message,
  cost,
})

/** Due again and again: after each entry of each loop. */
const hurried = () => {
  const pacer = { due: true, pauses: 0, pause: () => Promise.resolve(void pacer.pauses++) }
  return pacer
}

describe('stopped wherever it may be, an expression comes to the same for the same cost', () => {
  test.each([
    'self.list.all(x, x.port < 100)',
    'self.list.all(x, x.port < 7)',
    'self.list.exists(x, x.port == 7) && self.list.exists_one(x, x.name == "n3")',
    'self.list.map(x, x.port * 2)',
    'self.list.filter(x, x.port % 2 == 0).map(x, x.name + "!")',
    'self.list.map(x, x.tags.map(t, t + x.name))',
    'self.list.all(x, self.list.exists_one(y, y.name == x.name))',
    'self.list.map(x, self.list.filter(y, y.port < x.port).map(z, z.tags.exists(t, t == "t1")))',
    'self.list.map(x, x.missing)',
    'self.list.all(x, x.missing == 1) || self.list.exists(x, x.port == 11)',
    'self.list.all(x, x.missing == 1) || self.list.exists(x, x.port == 12)',
    'self.map.all(k, self.map[k] > 0) && self.map.transformMap(k, v, v + 1) == {"a": 2, "b": 3, "c": 4}',
    '[self.list.map(x, x.name)].all(names, names.all(n, names.exists_one(m, m == n)))',
    'self.list.map(x, optional.of(x.tags.map(t, t)).optMap(y, y.filter(t, t != "a"))).size()',
    'self.text.split(" ").distinct().size() > 1 && self.list.all(x, self.text.contains("word"))',
    '[1, 2, 3].map(x, [x].map(y, [y].map(z, z + x + y)))',
    'self.list.sortBy(x, -x.port).map(x, x.port)',
    'self.list.size() > 3 ? self.list.map(x, x.port)[2] : self.list.map(x, x.port)[1]',
    '[dyn(self.list.map(x, x.port)), dyn(self.list.filter(x, x.port > 5).size())]',
    '1 + 1',
  ])('%s', async text => {
    const program = environment.compile(text)
    const pacer = hurried()
    const inTurns = shown(await program.runInTurns(variables, 1_000_000, { atOnce: 0, pacer }))
    expect(inTurns).toEqual(shown(program.run(variables, 1_000_000)))
    if (text.includes('port')) expect(pacer.pauses).toBeGreaterThan(5)
  })
})

test('what is too expensive is stopped at the same cost', async () => {
  const program = environment.compile(
    'self.list.all(x, self.list.all(y, self.list.all(z, x.port + y.port > z.port - 99)))',
  )
  const { cost: whole } = program.run(variables, 1_000_000)
  for (const limit of [whole - 1, whole]) {
    const { error, cost } = await program.runInTurns(variables, limit, { atOnce: 10, pacer: hurried() })
    expect({ cost, error }).toEqual({ ...program.run(variables, limit), value: undefined, cost, error })
    expect([error instanceof CostError, cost]).toEqual([limit < whole, whole])
  }
})

describe('a call that takes long is stopped within, and goes on from there', () => {
  const slow = '[ab]*a[ab]{900}c'
  const letters = 'ab'.repeat(400)
  const numbers = (from: number) => Array.from({ length: 500 }, (_, i) => from + i)
  const values = fromJson({ letters, found: `x${'ab'.repeat(450)}ac`, few: numbers(0), more: numbers(1) }, DYN)
  test.each<[text: string, expected: unknown]>([
    [`self.letters.matches('${slow}')`, false],
    [`self.found.find('${slow}').size()`, 902],
    [`self.found.findAll('${slow}').size()`, 1],
    [`[self.letters, self.found].map(text, text.matches('${slow}'))`, [false, true]],
    ['sets.contains(self.few, self.few) && sets.intersects(self.few, self.more)', true],
    ['sets.equivalent(self.few, self.few)', true],
    ['sets.equivalent(self.few, self.more)', false],
  ])('%s', async (text, expected) => {
    const program = environment.compile(text)
    const pacer = hurried()
    const outcome = await program.runInTurns(() => values, 1_000_000, { pacer })
    expect(shown(outcome)).toEqual(shown(program.run(() => values, 1_000_000)))
    expect(outcome.error ?? toJson(outcome.value ?? null)).toEqual(expected)
    expect(pacer.pauses).toBeGreaterThan(3)
  })
})

test('what is cheap is not put off', () => {
  const program = environment.compile('self.list.all(x, x.port < 100)')
  expect(program.runInTurns(variables, 1_000_000)).not.toBeInstanceOf(Promise)
})

test('others have their turn while thousands of items are looked at, until the limit is reached', async () => {
  const many = fromJson({ list: Array.from({ length: 3000 }, (_, i) => ({ port: i })) }, DYN)
  const program = environment.compile('self.list.all(x, self.list.all(y, x.port + y.port >= 0))')
  let turns = 0
  let isRunning = true
  const others = () => {
    turns++
    if (isRunning) setImmediate(others)
  }
  setImmediate(others)
  const { error } = await program.runInTurns(() => many, 1_000_000)
  isRunning = false
  expect(error).toBeInstanceOf(CostError)
  expect(turns).toBeGreaterThan(5)
})
