// What an expression's literals decide alone is decided when it is compiled: whether they can be formatted as their text
// says, converted, or searched for.
import { compilePattern } from '../../shared/machinery/pattern/pattern.ts'
import { PatternError } from '../../shared/machinery/pattern/syntax.ts'
import type { Checked } from './check.ts'
import { CelError, CompileError, type Issue } from './errors.ts'
import { typeNameOf } from './library/standard.ts'
import type { Call, Expr } from './syntax.ts'
import type { CelType, Kind } from './types.ts'
import type { Value } from './values.ts'

/** @returns the expression and all in it, what is outside first */
function* nodesIn(expr: Expr): Generator<Expr, void> {
  yield expr
  switch (expr.kind) {
    case 'select':
      return yield* nodesIn(expr.operand)
    case 'call':
      if (expr.target) yield* nodesIn(expr.target)
      for (const arg of expr.args) yield* nodesIn(arg)
      return
    case 'list':
      for (const { value } of expr.items) yield* nodesIn(value)
      return
    case 'map':
      for (const { key, value } of expr.entries) {
        yield* nodesIn(key)
        yield* nodesIn(value)
      }
      return
    case 'struct':
      for (const { value } of expr.fields) yield* nodesIn(value)
      return
    case 'comprehension':
      for (const part of [expr.range, expr.init, expr.condition, expr.step, expr.result]) yield* nodesIn(part)
  }
}

interface Clause {
  readonly kinds: readonly Kind[]
  /** What of a value of another kind is said. */
  readonly told: string
}

const HEX: Clause = {
  kinds: ['int', 'uint', 'string', 'bytes'],
  told: 'only integers, byte buffers, and strings can be formatted as hex',
}
const CLAUSES: Readonly<Record<string, Clause>> = {
  s: {
    kinds: ['list', 'map', 'int', 'uint', 'double', 'bool', 'string', 'timestamp', 'bytes', 'duration', 'type', 'null'],
    told: 'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
  },
  d: { kinds: ['int', 'uint'], told: 'decimal clause can only be used on integers' },
  f: { kinds: ['double', 'string'], told: 'fixed-point clause can only be used on doubles' },
  e: { kinds: ['double', 'string'], told: 'scientific clause can only be used on doubles' },
  b: { kinds: ['int', 'uint', 'bool'], told: 'only integers and bools can be formatted as binary' },
  x: HEX,
  X: HEX,
  o: { kinds: ['int', 'uint'], told: 'octal clause can only be used on integers' },
}

const NAMES: Readonly<Partial<Record<Kind, string>>> = {
  null: 'null_type',
  list: 'list',
  map: 'map',
  optional: 'optional_type',
  type: 'type',
  timestamp: 'google.protobuf.Timestamp',
  duration: 'google.protobuf.Duration',
}
const nameOf = ({ kind, name }: CelType) => NAMES[kind] ?? name

type TypeOf = (expr: Expr) => CelType | undefined

/** @returns what of a value cannot be formatted: the value, or something in it where it is a list or a map written out */
function unfit(value: Expr, { kinds }: Clause, isText: boolean, typeOf: TypeOf): Expr | undefined {
  const kind = typeOf(value)?.kind ?? 'dyn'
  if (kind !== 'dyn' && !kinds.includes(kind)) return value
  if (!isText) return undefined
  const inner =
    value.kind === 'list'
      ? value.items.map(item => item.value)
      : value.kind === 'map'
        ? value.entries.flatMap(entry => [entry.key, entry.value])
        : []
  for (const part of inner) {
    const found = unfit(part, CLAUSES['s'] as Clause, true, typeOf)
    if (found) return found
  }
  return undefined
}

const UNPARSED = 'could not parse formatting clause: '
const IN_PRECISION = `${UNPARSED}error while parsing precision: `

/** @returns what is wrong with `'%d of %s'.format([1, 'a'])`, at the place that says so */
function formatIssue({ offset, fn, target, args: [list] }: Call, typeOf: TypeOf): Issue | undefined {
  if (fn !== 'format' || target?.kind !== 'literal' || typeof target.value !== 'string' || list?.kind !== 'list')
    return undefined
  const fail = (message: string) => ({ offset, message })
  let next = 0
  for (const [clauseText, rest = '', precision] of target.value.matchAll(/%%|%((\.\d*)?[^]?)/g)) {
    if (clauseText === '%%') continue
    const argument = list.items[next]?.value
    const verb = rest.slice(precision?.length ?? 0)
    if (rest === '') return fail('unexpected end of string')
    if (!argument) return fail(`index ${next} out of range`)
    if (precision !== undefined && verb === '') return fail(`${IN_PRECISION}could not find end of precision specifier`)
    if (precision === '.')
      return fail(
        `${IN_PRECISION}error while converting precision to integer: strconv.Atoi: parsing "": invalid syntax`,
      )
    const clause = Object.hasOwn(CLAUSES, verb) ? CLAUSES[verb] : undefined
    if (!clause) return fail(`${UNPARSED}unrecognized formatting clause "${verb}"`)
    const wrong = unfit(argument, clause, verb === 's', typeOf)
    const type = wrong && typeOf(wrong)
    if (wrong && type)
      return { offset: wrong.offset, message: `error during formatting: ${clause.told}, was given ${nameOf(type)}` }
    next += 1
  }
  const { length } = list.items
  return length > next
    ? fail(`too many arguments supplied to string.format (expected ${next}, got ${length})`)
    : undefined
}

const CONVERSIONS: ReadonlySet<string> = new Set(
  ['bool', 'bytes', 'double', 'dyn', 'duration', 'int', 'string', 'timestamp', 'uint'], // prettier-ignore
)

/** @returns the value of a literal, or of one that is converted. @throws CelError where it cannot be */
function constantOf(expr: Expr, overloads: Checked['overloads']): Value | undefined {
  if (expr.kind === 'literal') return expr.value
  if (expr.kind !== 'call' || expr.target || !CONVERSIONS.has(expr.fn) || expr.args.length !== 1) return undefined
  const value = constantOf(expr.args[0] as Expr, overloads)
  if (value === undefined) return undefined
  const given = typeNameOf(value)
  const fitting = (overloads.get(expr.id) ?? []).filter(({ args: [wanted] }) => {
    return wanted !== undefined && (wanted.kind === 'param' || wanted.kind === 'dyn' || nameOf(wanted) === given)
  })
  return fitting.length === 1 ? fitting[0]?.call([value]) : undefined
}

/** `matches` is looked at when types are checked. */
function searchFor({ fn, target, args: [pattern] }: Call): void {
  if (!target || (fn !== 'find' && fn !== 'findAll') || pattern?.kind !== 'literal') return
  if (typeof pattern.value === 'string') compilePattern(pattern.value)
}

/** @throws CompileError for literals that cannot be evaluated */
export function checkLiterals(text: string, { expr, types, overloads }: Checked): void {
  const calls = [...nodesIn(expr)].filter(node => node.kind === 'call')
  const issues = calls.flatMap(call => formatIssue(call, ({ id }) => types.get(id)) ?? [])
  if (issues.length > 0) throw CompileError.at(text, issues)
  try {
    for (const call of calls) {
      constantOf(call, overloads)
      searchFor(call)
    }
  } catch (error) {
    if (error instanceof CelError || error instanceof PatternError)
      throw new CompileError(error.message, 'program instantiation failed')
    throw error
  }
}
