// The macros, each as the comprehension that it stands for.
// @see https://github.com/google/cel-spec/blob/master/doc/langdef.md#macros
import { SyntaxIssue } from './lexer.ts'
import { ACCU, type Expr, type Make } from './syntax.ts'

interface Site {
  readonly make: Make
  readonly offset: number
  readonly target: Expr
  readonly args: readonly Expr[]
}

const variable = (expr: Expr | undefined): string => {
  if (expr?.kind === 'ident') return expr.name
  throw new SyntaxIssue(expr?.offset ?? 0, 'argument must be a simple name', '')
}

function builder({ make, offset }: Pick<Site, 'make' | 'offset'>) {
  const call = (fn: string, ...args: Expr[]) => make(offset, { kind: 'call', fn, target: undefined, args })
  return {
    call,
    accu: () => make(offset, { kind: 'ident', name: ACCU }),
    ident: (name: string) => make(offset, { kind: 'ident', name }),
    value: (value: boolean | bigint) => make(offset, { kind: 'literal', value }),
    list: (...items: Expr[]) => make(offset, { kind: 'list', items: items.map(value => ({ value, optional: false })) }),
  }
}

type Fold = Pick<Extract<Expr, { kind: 'comprehension' }>, 'init' | 'condition' | 'step' | 'result'>

/** Splits `(x, …)` or `(i, x, …)` into the variables and the rest. */
function fold(site: Site, variables: 1 | 2, body: (rest: readonly Expr[], item: string) => Fold): Expr {
  const iter = variable(site.args[0])
  const iter2 = variables === 2 ? variable(site.args[1]) : undefined
  if (iter === iter2) throw new SyntaxIssue(site.args[1]?.offset ?? 0, `duplicate variable name: ${iter}`, '')
  const fields = body(site.args.slice(variables), iter2 ?? iter)
  return site.make(site.offset, { kind: 'comprehension', iter, iter2, range: site.target, accu: ACCU, ...fields })
}

const all = (site: Site, variables: 1 | 2) =>
  fold(site, variables, ([predicate]) => {
    const { call, accu, value } = builder(site)
    return {
      init: value(true),
      condition: call('@not_strictly_false', accu()),
      step: call('_&&_', accu(), predicate as Expr),
      result: accu(),
    }
  })

const exists = (site: Site, variables: 1 | 2) =>
  fold(site, variables, ([predicate]) => {
    const { call, accu, value } = builder(site)
    return {
      init: value(false),
      condition: call('@not_strictly_false', call('!_', accu())),
      step: call('_||_', accu(), predicate as Expr),
      result: accu(),
    }
  })

const existsOne = (site: Site, variables: 1 | 2) =>
  fold(site, variables, ([predicate]) => {
    const { call, accu, value } = builder(site)
    return {
      init: value(0n),
      condition: value(true),
      step: call('_?_:_', predicate as Expr, call('_+_', accu(), value(1n)), accu()),
      result: call('_==_', accu(), value(1n)),
    }
  })

/** `map` and `transformList`, with or without a filter. */
const collect = (site: Site, variables: 1 | 2) =>
  fold(site, variables, rest => {
    const { call, accu, value, list } = builder(site)
    const append = call('_+_', accu(), list(rest.at(-1) as Expr))
    const step = rest.length > 1 ? call('_?_:_', rest[0] as Expr, append, accu()) : append
    return { init: list(), condition: value(true), step, result: accu() }
  })

const filter = (site: Site) =>
  fold(site, 1, ([predicate], item) => {
    const { call, accu, value, list, ident } = builder(site)
    const append = call('_+_', accu(), list(ident(item)))
    return {
      init: list(),
      condition: value(true),
      step: call('_?_:_', predicate as Expr, append, accu()),
      result: accu(),
    }
  })

/** `transformMap` keeps the keys; `transformMapEntry` yields whole entries. */
const transformMap = (site: Site, entries: boolean) =>
  fold(site, 2, rest => {
    const { call, accu, value, ident } = builder(site)
    const last = rest.at(-1) as Expr
    const key = ident(variable(site.args[0]))
    const insert = entries ? call('cel.@mapInsert', accu(), last) : call('cel.@mapInsert', accu(), key, last)
    return {
      init: site.make(site.offset, { kind: 'map', entries: [] }),
      condition: value(true),
      step: rest.length > 1 ? call('_?_:_', rest[0] as Expr, insert, accu()) : insert,
      result: accu(),
    }
  })

/** A variable with a value, inside one expression: a fold over nothing whose accumulator is the variable. */
export function bind({ make, offset }: Pick<Site, 'make' | 'offset'>, name: string, init: Expr, result: Expr): Expr {
  const { value, ident, list } = builder({ make, offset })
  return make(offset, {
    kind: 'comprehension',
    iter: '#unused',
    iter2: undefined,
    range: list(),
    accu: name,
    init,
    condition: value(false),
    step: ident(name),
    result,
  })
}

/** `target.optMap(x, f)`: applies f where there is a value. */
function optional(site: Site, flat: boolean): Expr {
  const { call, ident } = builder(site)
  const name = variable(site.args[0])
  const member = (fn: string) => site.make(site.offset, { kind: 'call', fn, target: site.target, args: [] })
  const mapped = bind(site, name, member('value'), site.args[1] as Expr)
  const qualified = (fn: string, ...args: Expr[]) =>
    site.make(site.offset, { kind: 'call', fn, target: ident('optional'), args })
  return call('_?_:_', member('hasValue'), flat ? mapped : qualified('of', mapped), qualified('none'))
}

function sortBy(site: Site): Expr {
  const { ident } = builder(site)
  const input = '@sortByInput'
  const member = (target: Expr, fn: string, ...args: Expr[]) =>
    site.make(site.offset, { kind: 'call', fn, target, args })
  const keys = collect({ ...site, target: ident(input) }, 1)
  return bind(site, input, site.target, member(ident(input), '@sortByAssociatedKeys', keys))
}

function has({ make, offset, args }: Omit<Site, 'target'>): Expr {
  const [argument] = args
  if (argument?.kind === 'select' && !argument.test)
    return make(offset, { kind: 'select', operand: argument.operand, field: argument.field, test: true })
  throw new SyntaxIssue(argument?.offset ?? offset, 'invalid argument to has() macro', '')
}

/** Name and number of arguments → expansion. */
const MEMBERS: Readonly<Record<string, (site: Site) => Expr>> = {
  'all/2': site => all(site, 1),
  'exists/2': site => exists(site, 1),
  'exists_one/2': site => existsOne(site, 1),
  'existsOne/2': site => existsOne(site, 1),
  'map/2': site => collect(site, 1),
  'map/3': site => collect(site, 1),
  'filter/2': filter,
  'all/3': site => all(site, 2),
  'exists/3': site => exists(site, 2),
  'exists_one/3': site => existsOne(site, 2),
  'existsOne/3': site => existsOne(site, 2),
  'transformList/3': site => collect(site, 2),
  'transformList/4': site => collect(site, 2),
  'transformMap/3': site => transformMap(site, false),
  'transformMap/4': site => transformMap(site, false),
  'transformMapEntry/3': site => transformMap(site, true),
  'transformMapEntry/4': site => transformMap(site, true),
  'optMap/2': site => optional(site, false),
  'optFlatMap/2': site => optional(site, true),
  'sortBy/2': sortBy,
}

/** Those that not every place has. */
export interface MacroOptions {
  /** `cel.bind(name, value, expression)`. */
  readonly bindings: boolean
}

export interface CallSite {
  readonly make: Make
  readonly offset: number
  readonly fn: string
  readonly target: Expr | undefined
  readonly args: readonly Expr[]
}

/** @returns undefined for what is no macro @throws SyntaxIssue */
export function expandMacro(
  { make, offset, fn, target, args }: CallSite,
  { bindings }: MacroOptions,
): Expr | undefined {
  if (!target) return fn === 'has' && args.length === 1 ? has({ make, offset, args }) : undefined
  if (bindings && fn === 'bind' && args.length === 3 && target.kind === 'ident' && target.name === 'cel')
    return bind({ make, offset }, variable(args[0]), args[1] as Expr, args[2] as Expr)
  const key = `${fn}/${args.length}`
  return Object.hasOwn(MEMBERS, key) ? MEMBERS[key]?.({ make, offset, target, args }) : undefined
}
