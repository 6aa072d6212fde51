// Turns a checked expression into closures. Every step pays its cost; whoever runs out is stopped.
import type { Checked } from './check.ts'
import { noSuchOverload } from './compare.ts'
import { callCost, LIST_COST, MAP_COST, SELECT_COST, STRUCT_COST } from './cost.ts'
import { CelError, CostError } from './errors.ts'
import type { Overload } from './library/declare.ts'
import type { Pieces } from '../pieces/pacer.ts'
import { optionalAt } from './library/operators.ts'
import { TYPE_NAMES } from './library/standard.ts'
import { ACCU, type Call, type Comprehension, type Expr } from './syntax.ts'
import { Duration, Timestamp } from './time.ts'
import { type Entry, PAUSED, type Paying, type Turns } from './turns.ts'
import type { CelType } from './types.ts'
import { isMap, List, LiteralMap, NONE, Opaque, Optional, TypeValue, Uint, type Value } from './values.ts'

/** @returns undefined for a variable that has no value */
export type Variables = (name: string) => Value | undefined

/** What a call costs that is not made again after a pause. */
const EXPENSIVE = 1000

export interface Run extends Paying {
  readonly limit: number
  readonly variables: Variables
  /** Only of expressions that take long. */
  readonly turns?: Turns
  /** What takes long ends it. */
  readonly isShort?: boolean
}
/** @throws CelError, CostError, Paused */
export type Step = (run: Run) => Value

function pay(run: Run, cost: number): void {
  run.cost += cost
  if (run.cost > run.limit) throw new CostError()
}

function call(run: Run, { call: whole, inPieces }: Overload, values: Value[], cost: number): Value {
  pay(run, cost)
  const { turns, isShort } = run
  if (inPieces && turns) return turns.inPieces(run, () => inPieces(values))
  if (turns && cost > EXPENSIVE) return turns.once(run, () => whole(values))
  return inPieces && isShort ? onlyPiece(inPieces(values)) : whole(values)
}

function onlyPiece(pieces: Pieces<Value>): Value {
  const { done, value } = pieces.next()
  if (!done) throw PAUSED
  return value
}

/** Whether a value may stand where the type is expected; the items of lists and maps are not looked at. */
function fits(value: Value, { kind, name }: CelType): boolean {
  switch (kind) {
    case 'dyn':
    case 'param':
      return true
    case 'null':
      return value === null
    case 'bool':
      return typeof value === 'boolean'
    case 'int':
      return typeof value === 'bigint'
    case 'uint':
      return value instanceof Uint
    case 'double':
      return typeof value === 'number'
    case 'string':
      return typeof value === 'string'
    case 'bytes':
      return value instanceof Uint8Array
    case 'timestamp':
      return value instanceof Timestamp
    case 'duration':
      return value instanceof Duration
    case 'type':
      return value instanceof TypeValue
    case 'list':
      return value instanceof List
    case 'map':
    case 'object':
      return isMap(value)
    case 'optional':
      return value instanceof Optional
    case 'opaque':
      return value instanceof Opaque && value.type === name
  }
}

/** The field of a map or an object; undefined when it is not there, as nothing is in what has no fields, such as null. */
function fieldOf(operand: Value, field: string): Value | undefined {
  if (operand instanceof Optional) {
    if (operand.value === undefined) return NONE
    const inner = fieldOf(operand.value, field)
    return inner === undefined ? NONE : new Optional(inner)
  }
  if (operand instanceof List) throw noSuchOverload()
  return isMap(operand) ? operand.get(field) : undefined
}

export class Compiler {
  readonly #checked: Checked
  /** Names of the comprehension variables in scope, by slot. */
  readonly #locals: string[] = []

  constructor(checked: Checked) {
    this.#checked = checked
  }

  step(expr: Expr): Step {
    switch (expr.kind) {
      case 'literal': {
        const { value } = expr
        return () => value
      }
      case 'ident':
        return this.#ident(expr.id, expr.name)
      case 'select':
        return this.#select(expr)
      case 'call':
        return this.#call(expr)
      case 'list': {
        const items = expr.items.map(({ value, optional }) => ({ step: this.step(value), optional }))
        return run => {
          const values: Value[] = []
          for (const { step, optional } of items) {
            const value = step(run)
            if (!optional) values.push(value)
            else if (value instanceof Optional && value.value !== undefined) values.push(value.value)
          }
          pay(run, LIST_COST)
          return new List(values)
        }
      }
      case 'map': {
        const entries = expr.entries.map(({ key, value, optional }) => ({
          key: this.step(key),
          value: this.step(value),
          optional,
        }))
        return run => {
          const map = new LiteralMap()
          for (const { key, value, optional } of entries) this.#put(map, key(run), value(run), optional)
          pay(run, MAP_COST)
          return map
        }
      }
      case 'struct': {
        const fields = expr.fields.map(({ name, value, optional }) => ({ name, value: this.step(value), optional }))
        return run => {
          const struct = new LiteralMap([], expr.type)
          for (const { name, value, optional } of fields) this.#put(struct, name, value(run), optional)
          pay(run, STRUCT_COST)
          return struct
        }
      }
      case 'comprehension':
        return this.#comprehension(expr)
    }
  }

  #put(map: LiteralMap, key: Value, value: Value, optional: boolean): void {
    if (!optional) map.insert(key, value)
    else if (value instanceof Optional && value.value !== undefined) map.insert(key, value.value)
  }

  #ident(id: number, name: string): Step {
    const qualified = this.#checked.qualified.get(id)
    if (qualified !== undefined && Object.hasOwn(TYPE_NAMES, qualified)) {
      const value = new TypeValue(TYPE_NAMES[qualified] ?? qualified)
      return () => value
    }
    if (qualified !== undefined) return this.#variable(qualified)
    const slot = this.#locals.lastIndexOf(name)
    if (slot < 0) return this.#variable(name)
    return run => {
      pay(run, SELECT_COST)
      const value = run.slots[slot]
      if (value instanceof CelError) throw value
      return value as Value
    }
  }

  #variable(name: string): Step {
    return run => {
      pay(run, SELECT_COST)
      const value = run.variables(name)
      if (value === undefined) throw new CelError(`no such attribute(s): ${name}`)
      return value
    }
  }

  #select({ id, operand, field, test }: Extract<Expr, { kind: 'select' }>): Step {
    if (this.#checked.qualified.has(id)) return this.#ident(id, '')
    const inner = this.step(operand)
    if (test)
      return run => {
        const found = fieldOf(inner(run), field)
        return found !== undefined && found !== NONE
      }
    return run => {
      const found = fieldOf(inner(run), field)
      pay(run, SELECT_COST)
      if (found === undefined) throw new CelError(`no such key: ${field}`)
      return found
    }
  }

  #call(expr: Call): Step {
    const { fn, args } = expr
    if (fn === '_&&_') return this.#logical(args, false)
    if (fn === '_||_') return this.#logical(args, true)
    if (fn === '_?_:_') return this.#conditional(args)
    if (fn === '@not_strictly_false') {
      const inner = this.step(args[0] as Expr)
      return run => {
        try {
          return inner(run) !== false
        } catch (error) {
          if (error instanceof CelError) return true
          throw error
        }
      }
    }
    if (fn === '_?._') {
      const [operand, field] = args.map(arg => this.step(arg)) as [Step, Step]
      return run => {
        const value = optionalAt(operand(run), field(run))
        pay(run, SELECT_COST)
        return value
      }
    }
    const [accu, added] = args
    if (accu?.kind === 'ident' && accu.name === ACCU) {
      if (fn === '_+_' && added?.kind === 'list') return this.#append(accu, added.items[0]?.value as Expr)
      if (fn === 'cel.@mapInsert') return this.#insert(args)
    }
    return this.#plainCall(expr)
  }

  #plainCall({ id, fn, target, args }: Call): Step {
    const overloads = this.#checked.overloads.get(id) ?? []
    const given = this.#checked.qualified.has(id) || !target ? args : [target, ...args]
    const name = this.#checked.qualified.get(id) ?? fn
    const steps = given.map(arg => this.step(arg))
    const [only] = overloads
    const isSure = (overload: Overload) =>
      overload.args.every((type, i) => {
        const known = this.#checked.types.get(given[i]?.id ?? -1)
        return type.kind === 'param' || type.kind === 'dyn' || known?.kind === type.kind
      })
    const [first, second] = steps
    const valuesOf: (run: Run) => Value[] =
      first && steps.length === 1
        ? run => [first(run)]
        : first && second && steps.length === 2
          ? run => [first(run), second(run)]
          : run => steps.map(step => step(run))
    if (overloads.length === 1 && only && isSure(only)) {
      const cost = callCost(name, only.id)
      return run => {
        const values = valuesOf(run)
        return call(run, only, values, cost(values))
      }
    }
    const costs = new Map(overloads.map(overload => [overload, callCost(name, overload.id)]))
    return run => {
      const values = valuesOf(run)
      const chosen = overloads.find(overload => overload.args.every((type, i) => fits(values[i] as Value, type)))
      if (!chosen) throw noSuchOverload()
      return call(run, chosen, values, costs.get(chosen)?.(values) ?? 1)
    }
  }

  /** One side that decides is enough, whatever happens to the other. */
  #logical(args: readonly Expr[], decisive: boolean): Step {
    const [left, right] = args.map(arg => this.step(arg)) as [Step, Step]
    const bool = (value: Value): boolean => {
      if (typeof value !== 'boolean') throw noSuchOverload()
      return value
    }
    return run => {
      let failure: CelError | undefined
      try {
        if (bool(left(run)) === decisive) return decisive
      } catch (error) {
        if (!(error instanceof CelError)) throw error
        failure = error
      }
      if (bool(right(run)) === decisive) return decisive
      if (failure) throw failure
      return !decisive
    }
  }

  #conditional(args: readonly Expr[]): Step {
    const [condition, yes, no] = args.map(arg => this.step(arg)) as [Step, Step, Step]
    return run => {
      const holds = condition(run)
      if (typeof holds !== 'boolean') throw noSuchOverload()
      return holds ? yes(run) : no(run)
    }
  }

  /** A macro's `accu + [item]`: the list belongs to the comprehension, so the item is put in place. */
  #append(accu: Expr, item: Expr): Step {
    const [list, value] = [this.step(accu), this.step(item)]
    return run => {
      const into = list(run)
      const added = value(run)
      pay(run, LIST_COST + 1)
      if (!(into instanceof List)) throw noSuchOverload()
      into.append(added)
      return into
    }
  }

  #insert(args: readonly Expr[]): Step {
    const [map, first, second] = args.map(arg => this.step(arg)) as [Step, Step, Step | undefined]
    return run => {
      const into = map(run)
      const key = first(run)
      if (!(into instanceof LiteralMap)) throw noSuchOverload()
      if (second) into.insert(key, second(run))
      else if (isMap(key)) for (const inner of key.keys()) into.insert(inner, key.get(inner) ?? null)
      else throw noSuchOverload()
      pay(run, 1)
      return into
    }
  }

  #comprehension(expr: Comprehension): Step {
    const range = this.step(expr.range)
    const init = this.step(expr.init)
    const accu = this.#locals.push(expr.accu) - 1
    const first = this.#locals.push(expr.iter) - 1
    const second = expr.iter2 === undefined ? -1 : this.#locals.push(expr.iter2) - 1
    const condition = this.step(expr.condition)
    const step = this.step(expr.step)
    this.#locals.length = accu + 1
    const result = this.step(expr.result)
    this.#locals.length = accu
    // `map` and `filter` have nothing to gain once an item has failed.
    const keepsGoing = expr.condition.kind !== 'literal'
    const begin = (run: Run) => {
      const over = range(run)
      run.slots[accu] = init(run)
      return entriesOf(over, second >= 0)
    }
    const each = (run: Run, [key, value]: Entry): boolean => {
      const { slots } = run
      slots[first] = key
      if (second >= 0) slots[second] = value
      if (condition(run) !== true) return false
      try {
        slots[accu] = step(run)
      } catch (error) {
        if (!keepsGoing || !(error instanceof CelError)) throw error
        slots[accu] = error
      }
      return true
    }
    return run => {
      if (run.turns)
        return run.turns.loop(run, {
          accu,
          begin: () => begin(run),
          each: entry => each(run, entry),
          end: () => result(run),
        })
      for (const entry of begin(run)) if (!each(run, entry)) break
      return result(run)
    }
  }
}

/** With one variable: items of a list, keys of a map. With two: index or key, and what is there. */
function* entriesOf(range: Value, both: boolean): Generator<Entry> {
  if (range instanceof List) {
    for (let i = 0; i < range.size; i++) {
      const item = range.at(i)
      yield both ? [BigInt(i), item] : [item, item]
    }
  } else if (isMap(range)) {
    for (const key of range.keys()) yield [key, both ? (range.get(key) ?? null) : key]
  } else throw noSuchOverload()
}
