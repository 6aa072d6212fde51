// The type checker: gives every node its type, and every call the overloads that may be meant.
import { CompileError, type Issue } from './errors.ts'
import type { Overload } from './library/declare.ts'
import { TYPE_NAMES } from './library/standard.ts'
import { type Call, type Comprehension, type Expr, qualifiedName, type Select } from './syntax.ts'
import {
  assignable,
  type Bindings,
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DYN,
  filled,
  INT,
  isSameType,
  listOf,
  mapOf,
  NULL,
  OPEN,
  optionalOf,
  STRING,
  substitute,
  TYPE,
  UINT,
} from './types.ts'
import { fieldType, Uint, type Value } from './values.ts'

/** What an expression may name. */
export interface Scope {
  readonly functions: ReadonlyMap<string, readonly Overload[]>
  readonly variables: ReadonlyMap<string, CelType>
  /** The type that `Name{…}` makes. */
  readonly structs?: (name: string) => CelType | undefined
}

export interface Checked {
  readonly expr: Expr
  readonly type: CelType
  readonly types: ReadonlyMap<number, CelType>
  readonly overloads: ReadonlyMap<number, readonly Overload[]>
  /** Functions and variables with a dot in their name, and names of types: not a member of anything. */
  readonly qualified: ReadonlyMap<number, string>
  /** The variables that are read. */
  readonly variables: ReadonlySet<string>
}

function literalType(value: Value): CelType {
  if (value === null) return NULL
  if (value instanceof Uint) return UINT
  if (value instanceof Uint8Array) return BYTES
  if (typeof value === 'boolean') return BOOL
  return typeof value === 'bigint' ? INT : typeof value === 'number' ? DOUBLE : STRING
}

const LITERAL_CHECKS: Readonly<Record<string, string>> = {
  duration: 'duration',
  timestamp: 'timestamp',
  matches: 'matches',
}

class Checker {
  readonly types = new Map<number, CelType>()
  readonly overloads = new Map<number, readonly Overload[]>()
  readonly qualified = new Map<number, string>()
  readonly used = new Set<string>()
  readonly issues: Issue[] = []
  readonly #scope: Scope
  #mixed = false
  readonly #locals: { readonly name: string; readonly type: CelType }[] = []

  constructor(scope: Scope) {
    this.#scope = scope
  }

  #fail(offset: number, message: string): CelType {
    this.issues.push({ offset, message })
    return DYN
  }

  #set(expr: Expr, type: CelType): CelType {
    this.types.set(expr.id, type)
    return type
  }

  check(expr: Expr): CelType {
    return this.#set(expr, this.#typeOf(expr))
  }

  #typeOf(expr: Expr): CelType {
    switch (expr.kind) {
      case 'literal':
        return literalType(expr.value)
      case 'ident':
        return (
          this.#name(expr, expr.name) ??
          this.#fail(expr.offset, `undeclared reference to '${expr.name}' (in container '')`)
        )
      case 'select':
        return this.#select(expr)
      case 'call':
        return this.#call(expr)
      case 'list': {
        if (this.#mixed) return this.#mixedList(expr.items.map(({ value }) => value))
        const elem = this.#joined(
          expr.items.map(({ value, optional }) => [value, this.#entry(value, optional)] as const),
          true,
        )
        return listOf(elem)
      }
      case 'map': {
        const key = this.#joined(expr.entries.map(entry => [entry.key, this.check(entry.key)] as const))
        const elem = this.#joined(
          expr.entries.map(({ value, optional }) => [value, this.#entry(value, optional)] as const),
        )
        return mapOf(key, elem)
      }
      case 'struct':
        return this.#struct(expr)
      case 'comprehension':
        return this.#comprehension(expr)
    }
  }

  #mixedList(items: readonly Expr[]): CelType {
    this.#mixed = false
    for (const item of items) this.#mixedItem(item)
    return listOf(DYN)
  }

  /** So may lists and maps in it, however deep. */
  #mixedItem(item: Expr): void {
    if (item.kind === 'list') for (const { value } of item.items) this.#mixedItem(value)
    else if (item.kind === 'map')
      for (const { key, value } of item.entries) {
        this.check(key)
        this.#mixedItem(value)
      }
    if (item.kind === 'list') this.types.set(item.id, listOf(DYN))
    else if (item.kind === 'map') this.types.set(item.id, mapOf(DYN, DYN))
    else this.check(item)
  }

  #isLocal(name: string): boolean {
    return this.#locals.some(known => known.name === name)
  }

  #lookup(name: string): CelType | undefined {
    const local = this.#locals.findLast(known => known.name === name)
    if (local) return local.type
    const type = this.#scope.variables.get(name)
    if (type) this.used.add(name)
    return type
  }

  #name(expr: Expr, name: string): CelType | undefined {
    const variable = this.#lookup(name)
    if (variable || !Object.hasOwn(TYPE_NAMES, name)) return variable
    this.qualified.set(expr.id, name)
    return TYPE
  }

  #select(expr: Select): CelType {
    const name = qualifiedName(expr)
    const root = name?.slice(0, name.indexOf('.'))
    if (name !== undefined && root !== undefined && !this.#isLocal(root)) {
      // Variables and types may have a dot in their name.
      if (this.#scope.variables.has(name)) this.qualified.set(expr.id, name)
      const type = this.#name(expr, name)
      if (type) return type
    }
    const operand = this.check(expr.operand)
    const found = this.#field(operand, expr.field)
    if (typeof found === 'string') return this.#fail(expr.offset, found)
    return expr.test ? BOOL : found
  }

  /** @returns the field's type, or what is wrong */
  #field(type: CelType, name: string): CelType | string {
    switch (type.kind) {
      case 'dyn':
        return DYN
      case 'map':
        return type.elem ?? DYN
      case 'object':
        return fieldType(type.fields, name) ?? `undefined field '${name}'`
      case 'optional': {
        const inner = this.#field(type.elem ?? DYN, name)
        return typeof inner === 'string' ? inner : optionalOf(inner)
      }
      default:
        return `type '${type.name}' does not support field selection`
    }
  }

  /** The type of an item or entry: of `?x`, what the optional holds. */
  #entry(expr: Expr, optional: boolean): CelType {
    const type = this.check(expr)
    if (!optional) return type
    if (type.kind === 'optional') return type.elem ?? DYN
    return type.kind === 'dyn'
      ? DYN
      : this.#fail(expr.offset, `expected type 'optional_type(${type.name})' but found '${type.name}'`)
  }

  /** All items of a list or map literal have one type; of a list, the first that has another is told of. */
  #joined(items: readonly (readonly [Expr, CelType])[], once = false): CelType {
    let joined: CelType | undefined
    for (const [expr, type] of items) {
      if (joined && !isSameType(joined, type)) {
        this.#fail(expr.offset, `expected type '${joined.name}' but found '${type.name}'`)
        if (once) break
      } else joined = joined ? filled(joined, type) : type
    }
    return joined ?? OPEN
  }

  #struct(expr: Extract<Expr, { kind: 'struct' }>): CelType {
    const type = this.#scope.structs?.(expr.type)
    if (!type) return this.#fail(expr.offset, `undeclared reference to '${expr.type}' (in container '')`)
    for (const { name, value, optional, offset } of expr.fields) {
      const given = this.#entry(value, optional)
      const expected = type.fields?.get(name)
      if (!expected) this.#fail(offset, `undefined field '${name}'`)
      else if (!assignable(expected, given))
        this.#fail(
          value.offset,
          `expected type of field '${name}' is '${expected.name}' but provided type is '${given.name}'`,
        )
    }
    return type
  }

  #call(expr: Call): CelType {
    const { fn, target, args, offset } = expr
    if (fn === '@not_strictly_false') {
      args.forEach(arg => this.check(arg))
      return BOOL
    }
    if (fn === '_&&_' || fn === '_||_')
      return this.#resolve(
        expr,
        [BOOL, BOOL],
        BOOL,
        args.map(arg => this.check(arg)),
      )
    if (fn === '_?_:_') return this.#conditional(expr)
    if (fn === '_?._') return this.#optionalField(expr)
    if (fn === 'cel.@mapInsert') return this.#mapInsert(expr)
    const namespace = target && qualifiedName(target)
    if (namespace !== undefined && !this.#lookup(namespace.split('.')[0] ?? '')) {
      const full = `${namespace}.${fn}`
      const known = this.#scope.functions.get(full)?.filter(overload => !overload.member)
      if (known?.length) {
        this.qualified.set(expr.id, full)
        return this.#choose(
          expr,
          full,
          known,
          args.map(arg => this.check(arg)),
          false,
        )
      }
    }
    // What a text is formatted with may be of all kinds.
    this.#mixed = fn === 'format'
    const types = [...(target ? [this.check(target)] : []), ...args.map(arg => this.check(arg))]
    this.#mixed = false
    const known = (this.#scope.functions.get(fn) ?? []).filter(overload => overload.member === (target !== undefined))
    if (!this.#scope.functions.has(fn)) return this.#fail(offset, `undeclared reference to '${fn}' (in container '')`)
    this.#literals(expr)
    return this.#choose(expr, fn, known, types, target !== undefined)
  }

  #choose(expr: Call, fn: string, known: readonly Overload[], types: readonly CelType[], member: boolean): CelType {
    let result: CelType | undefined
    const fitting: Overload[] = []
    for (const overload of known) {
      if (overload.args.length !== types.length) continue
      const bindings: Bindings = new Map()
      if (!overload.args.every((arg, i) => assignable(arg, types[i] ?? DYN, bindings))) continue
      fitting.push(overload)
      const type = substitute(overload.result, bindings)
      result = result === undefined || result.name === type.name ? type : DYN
    }
    if (!result) return this.#noOverload(expr, fn, types, member)
    this.overloads.set(expr.id, fitting)
    return result
  }

  #noOverload(expr: Call, fn: string, types: readonly CelType[], member: boolean): CelType {
    const names = types.map(({ name }) => name)
    const shown = member ? `${names[0]}.(${names.slice(1).join(', ')})` : `(${names.join(', ')})`
    return this.#fail(expr.offset, `found no matching overload for '${fn}' applied to '${shown}'`)
  }

  #resolve(expr: Call, expected: readonly CelType[], result: CelType, types: readonly CelType[]): CelType {
    return expected.every((type, i) => assignable(type, types[i] ?? DYN))
      ? result
      : this.#noOverload(expr, expr.fn, types, false)
  }

  #conditional(expr: Call): CelType {
    const [condition = DYN, yes = DYN, no = DYN] = expr.args.map(arg => this.check(arg))
    if (!assignable(BOOL, condition)) return this.#noOverload(expr, '_?_:_', [condition, yes, no], false)
    if (yes.kind === 'null' && assignable(no, yes)) return no
    return assignable(yes, no)
      ? yes.kind === 'dyn' || no.kind === 'dyn'
        ? DYN
        : filled(yes, no)
      : this.#noOverload(expr, '_?_:_', [condition, yes, no], false)
  }

  #optionalField(expr: Call): CelType {
    const [operand, field] = expr.args
    const type = operand ? this.check(operand) : DYN
    if (field) this.check(field)
    const name = field?.kind === 'literal' && typeof field.value === 'string' ? field.value : ''
    const found = this.#field(type.kind === 'optional' ? (type.elem ?? DYN) : type, name)
    return typeof found === 'string' ? this.#fail(expr.offset, found) : optionalOf(found)
  }

  #mapInsert(expr: Call): CelType {
    const [, first = DYN, second] = expr.args.map(arg => this.check(arg))
    if (second) return mapOf(first, second)
    return assignable(mapOf(DYN, DYN), first)
      ? first
      : this.#fail(expr.offset, `expected type 'map' but found '${first.name}'`)
  }

  /** Literals that a function is going to refuse are refused at once. */
  #literals({ fn, args, target }: Call): void {
    const argument = args[0]
    if (!Object.hasOwn(LITERAL_CHECKS, fn) || argument?.kind !== 'literal') return
    const kind = typeof argument.value === 'bigint' ? 'int' : 'string'
    if (kind === 'string' && typeof argument.value !== 'string') return
    const known = this.#scope.functions.get(fn)?.find(({ args: wanted }) => wanted[0]?.kind === kind)
    try {
      known?.call(target ? ['', argument.value] : [argument.value])
    } catch {
      this.#fail(argument.offset, `invalid ${LITERAL_CHECKS[fn]} argument`)
    }
  }

  #comprehension(expr: Comprehension): CelType {
    const range = this.check(expr.range)
    const accu = this.check(expr.init)
    if (!['list', 'map', 'dyn'].includes(range.kind))
      this.#fail(
        expr.range.offset,
        `expression of type '${range.name}' cannot be range of a comprehension (must be list, map, or dynamic)`,
      )
    const key = range.kind === 'map' ? (range.key ?? DYN) : range.kind === 'list' ? INT : DYN
    const single = range.kind === 'map' ? key : (range.elem ?? DYN)
    const before = this.#locals.length
    this.#locals.push({ name: expr.accu, type: accu })
    const outer = this.#locals.length
    if (expr.iter2 === undefined) this.#locals.push({ name: expr.iter, type: single })
    else this.#locals.push({ name: expr.iter, type: key }, { name: expr.iter2, type: range.elem ?? DYN })
    this.check(expr.condition)
    const step = this.check(expr.step)
    this.#locals.length = outer
    // `[]` becomes a list of what is added to it.
    const collected = accu.kind === 'list' || accu.kind === 'map' ? step : accu
    this.#locals[before] = { name: expr.accu, type: collected }
    const result = this.check(expr.result)
    this.#locals.length = before
    return result
  }
}

/** @throws CompileError */
export function check(text: string, expr: Expr, scope: Scope): Checked {
  const checker = new Checker(scope)
  const type = checker.check(expr)
  if (checker.issues.length > 0)
    throw CompileError.at(
      text,
      [...checker.issues].sort((a, b) => a.offset - b.offset),
    )
  return {
    expr,
    type,
    types: checker.types,
    overloads: checker.overloads,
    qualified: checker.qualified,
    variables: checker.used,
  }
}
