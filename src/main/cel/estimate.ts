// What an expression may cost at most, before it is ever run: from the sizes that the schema allows. As cel-go
// estimates it: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#resource-use-by-validation-functions
import type { Checked } from './check.ts'
import { length } from './compare.ts'
import {
  AUTHORIZER_CHECK,
  CHEAP,
  LIST_COST,
  MAP_COST,
  REGEX,
  SELECT_COST,
  STRUCT_COST,
  TRAVERSAL,
  WALKS_ITEMS,
  WALKS_ONCE,
} from './cost.ts'
import { ACCU, type Call, type Comprehension, type Expr } from './syntax.ts'
import type { CelType } from './types.ts'

/** The largest possible number of characters, items or cost. */
type Max = number

const SCALARS = new Set(['bool', 'double', 'duration', 'int', 'timestamp', 'uint'])
/** Of upstream's longest expression behind a named format. */
const FORMAT_REGEX = 128

interface Local {
  readonly name: string
  readonly type: CelType | undefined
  readonly size: Max | undefined
  /** Size of an item, for a variable that holds a list. */
  readonly itemSize: Max | undefined
  /** Whether it stands for something that was worked out, not read. */
  readonly computed: boolean
}

const times = (size: Max, factor: number): Max => (size === Infinity ? Infinity : Math.ceil(size * factor))
/** Nothing, however often, stays nothing. */
const product = (a: Max, b: Max): Max => (a === 0 || b === 0 ? 0 : a * b)

const literalOf = (expr: Expr | undefined): number | undefined =>
  expr?.kind === 'literal' && typeof expr.value === 'bigint' ? Number(expr.value) : undefined

/** @returns the number that is written out, or what is thought of any other */
const wholeOf = (expr: Expr | undefined, otherwise: Max): Max => Math.max(0, literalOf(expr) ?? otherwise)

const unwrapped = (type: CelType | undefined) => (type?.kind === 'optional' ? type.elem : type)

class Estimator {
  readonly #checked: Checked
  readonly #variables: ReadonlyMap<string, CelType>
  readonly #locals: Local[] = []
  readonly #sizes = new Map<number, Max>()
  readonly #itemSizes = new Map<number, Max>()

  constructor(checked: Checked, variables: ReadonlyMap<string, CelType>) {
    this.#checked = checked
    this.#variables = variables
  }

  cost(expr: Expr): Max {
    switch (expr.kind) {
      case 'literal':
        return 0
      case 'ident':
        return SELECT_COST
      case 'select': {
        const operand = this.cost(expr.operand)
        return expr.test ? operand : operand + SELECT_COST
      }
      case 'call':
        return this.#call(expr)
      case 'list': {
        const cost = expr.items.reduce((sum, { value }) => sum + this.cost(value), 0)
        this.#itemSizes.set(expr.id, Math.max(0, ...expr.items.map(({ value }) => this.size(value))))
        return cost + LIST_COST
      }
      case 'map':
        return expr.entries.reduce((sum, { key, value }) => sum + this.cost(key) + this.cost(value), MAP_COST)
      case 'struct':
        return expr.fields.reduce((sum, { value }) => sum + this.cost(value), STRUCT_COST)
      case 'comprehension':
        return this.#comprehension(expr)
    }
  }

  /** The declared type that an expression reads, which knows the sizes that the schema allows. */
  declared(expr: Expr): CelType | undefined {
    switch (expr.kind) {
      case 'ident': {
        const local = this.#locals.findLast(({ name }) => name === expr.name)
        return local ? local.type : this.#variables.get(expr.name)
      }
      case 'select': {
        // Whether a field is there is a bool, however large the field may be.
        if (expr.test) return undefined
        const operand = unwrapped(this.declared(expr.operand))
        return operand?.kind === 'object' ? operand.fields?.get(expr.field) : operand?.elem
      }
      case 'call':
        if (expr.fn === '_[_]') return expr.args[0] && this.#elementOf(expr.args[0])
        if (expr.fn === '_[?_]') return expr.args[0] && unwrapped(this.declared(expr.args[0]))?.elem
        if (expr.fn === 'dyn') return expr.args[0] && this.declared(expr.args[0])
        if (expr.fn !== '_?._') return undefined
        return this.#optionalField(expr)
      default:
        return undefined
    }
  }

  /** Parts of what was worked out, such as of a text that was split, count as long as the whole, as upstream has it. */
  #elementOf(container: Expr): CelType | undefined {
    return this.#isComputed(container) ? this.#variables.get('self') : unwrapped(this.declared(container))?.elem
  }

  #isComputed(expr: Expr): boolean {
    if (expr.kind === 'ident') return this.#locals.findLast(({ name }) => name === expr.name)?.computed ?? false
    return expr.kind !== 'select' && this.declared(expr) === undefined && !(expr.kind === 'call' && expr.fn === '_[_]')
  }

  #optionalField({ args: [operand, field] }: Call): CelType | undefined {
    const type = operand && unwrapped(this.declared(operand))
    const name = field?.kind === 'literal' ? String(field.value) : ''
    return type?.kind === 'object' ? type.fields?.get(name) : type?.elem
  }

  size(expr: Expr): Max {
    const known = this.#sizes.get(expr.id)
    if (known !== undefined) return known
    if (expr.kind === 'literal') {
      if (typeof expr.value === 'string') return length(expr.value)
      return expr.value instanceof Uint8Array ? expr.value.length : 1
    }
    if (expr.kind === 'list') return expr.items.length
    if (expr.kind === 'map') return expr.entries.length
    const declared = this.declared(expr)
    // What is declared without a size, such as a number or an object, counts as nothing, as upstream has it.
    if (declared) return declared.maxElements ?? 0
    const type = this.#checked.types.get(expr.id)
    if (type && (SCALARS.has(type.kind) || (type.kind === 'optional' && SCALARS.has(type.elem?.kind ?? '')))) return 1
    if (expr.kind === 'ident') {
      const local = this.#locals.findLast(({ name }) => name === expr.name)
      if (local?.size !== undefined) return local.size
      // The name of a type counts as long as what the rule is about, as upstream has it.
      if (type?.kind === 'type') return this.#variables.get('self')?.maxElements ?? 0
    }
    return Infinity
  }

  #itemSize(expr: Expr): Max | undefined {
    const known = this.#itemSizes.get(expr.id)
    if (known !== undefined || expr.kind !== 'ident') return known
    return this.#locals.findLast(({ name }) => name === expr.name)?.itemSize
  }

  /** Of what the list holds: its declared type's size, or what is known of the literal. */
  #elementSize(list: Expr): Max {
    const declared = this.declared(list)?.elem
    if (declared?.maxElements !== undefined) return declared.maxElements
    return this.#itemSize(list) ?? Infinity
  }

  /** What was worked out holds texts of any length, as upstream has it. */
  #declaredElementSize(list: Expr): Max {
    return this.declared(list)?.elem?.maxElements ?? Infinity
  }

  #holdsTexts(list: Expr): boolean {
    const kind = this.#checked.types.get(list.id)?.elem?.kind
    return kind === 'string' || kind === 'bytes'
  }

  /** @param each what an item costs @returns what a call costs that makes a list */
  #newList(id: number, size: Max, each = 1): Max {
    this.#sizes.set(id, size)
    return (size === 0 ? 0 : times(size, each)) + 1 + LIST_COST
  }

  #call(expr: Call): Max {
    const { fn, args, target } = expr
    const costs = args.map(arg => this.cost(arg))
    const [first, second, third] = args
    // The name of a library is none of a variable.
    const receiver = target && !this.#checked.qualified.has(expr.id) ? this.cost(target) : 0
    const given = costs.reduce((sum, cost) => sum + cost, receiver)
    if (fn === '_?_:_' && second && third) {
      this.#sizes.set(expr.id, Math.max(this.size(second), this.size(third)))
      const [a, b] = [this.#elementSize(second), this.#elementSize(third)]
      this.#itemSizes.set(expr.id, Math.max(a, b))
      return (costs[0] ?? 0) + Math.max(costs[1] ?? 0, costs[2] ?? 0)
    }
    if (fn === '_&&_' || fn === '_||_') return given
    if (fn === 'dyn' && first) {
      this.#sizes.set(expr.id, this.size(first))
      return given + 1
    }
    if (fn === '_[_]' && first) {
      const size = this.#itemSize(first)
      if (size !== undefined) this.#sizes.set(expr.id, size)
    }
    return given + this.#own(expr)
  }

  /** Without what the arguments cost. */
  #own(expr: Call): Max {
    const { fn, args, target, id } = expr
    const name = this.#checked.qualified.get(id) ?? fn
    const [first] = args
    const subject = this.#checked.qualified.has(id) ? first : (target ?? first)
    const other = target && !this.#checked.qualified.has(id) ? first : args[1]
    const size = subject ? this.size(subject) : 1
    const otherSize = other ? this.size(other) : 1
    const result = (max: Max) => this.#sizes.set(id, max)
    const overload = this.#checked.overloads.get(id)?.[0]?.id ?? ''
    if (name === 'check') return AUTHORIZER_CHECK
    if (CHEAP.has(name)) return 1
    if (WALKS_ITEMS.has(name) && subject) {
      if (this.#checked.types.get(subject.id)?.kind !== 'list') return times(size, TRAVERSAL)
      const each = this.#holdsTexts(subject) ? 1 + times(this.#declaredElementSize(subject), TRAVERSAL) : 1
      return product(size, each)
    }
    if (WALKS_ONCE.has(name)) {
      result(size)
      return times(size, TRAVERSAL)
    }
    const regex = () => product(times(size + 1, TRAVERSAL), times(otherSize, REGEX))
    switch (name) {
      case 'replace': {
        const by = args[1] ? this.size(args[1]) : 0
        // Of what is not written out nobody knows that it is not empty.
        const replaced = first?.kind === 'literal' ? this.size(first) : 0
        if (replaced === 0) result(product(size + 1, by) + size)
        else result(by <= replaced ? size : product(Math.ceil(size / replaced), by))
        return times(size, 2 * TRAVERSAL)
      }
      case 'split': {
        const parts = args[1] ? literalOf(args[1]) : undefined
        result(parts === undefined ? size : parts < 0 ? Infinity : parts)
        return times(size, 2 * TRAVERSAL)
      }
      case 'lists.range':
        return this.#newList(id, wholeOf(first, Infinity))
      case 'slice':
        return this.#newList(id, Math.max(0, wholeOf(args[1], size) - wholeOf(first, 0)))
      case 'flatten':
        return this.#newList(id, size, args.length === 0 ? 1 : wholeOf(first, Infinity))
      case 'reverse':
        return overload === 'list_reverse' ? this.#newList(id, size) : 1
      case 'distinct':
        return this.#newList(id, product(size, size), 2)
      case 'sort':
      case '@sortByAssociatedKeys': {
        const keys = name === 'sort' ? subject : other
        const count = keys ? this.size(keys) : Infinity
        return this.#newList(id, product(count, count), keys && this.#holdsTexts(keys) ? 2 + TRAVERSAL : 2)
      }
      case 'join': {
        const total =
          product(size, subject ? this.#declaredElementSize(subject) : Infinity) +
          product(Math.max(0, size - 1), other ? otherSize : 0)
        result(total)
        return times(total, TRAVERSAL)
      }
      case 'find':
      case 'findAll':
        result(size)
        return regex()
      case 'matches':
        // As a function of two texts it is counted as one step, as upstream has it.
        return target ? regex() : 1
      case 'validate':
        return product(times(otherSize, TRAVERSAL), FORMAT_REGEX * REGEX)
      case 'ip':
        return overload === 'cidr_ip' ? 1 : times(size, TRAVERSAL)
      case 'ip.isCanonical':
        return times(size, 2 * TRAVERSAL)
      case 'containsIP':
        return 4 + (overload === 'cidr_contains_ip_string' ? times(otherSize, TRAVERSAL) : 0)
      case 'containsCIDR':
        return 7 + (overload === 'cidr_contains_cidr_string' ? times(otherSize, TRAVERSAL) : 0)
      case 'fieldSelector':
      case 'labelSelector':
        return LIST_COST + times(otherSize, TRAVERSAL) + times(otherSize, 0.5) * (LIST_COST + STRUCT_COST)
      case 'contains':
        return product(times(size, TRAVERSAL), times(otherSize, TRAVERSAL))
      case 'startsWith':
      case 'endsWith':
        return times(otherSize, TRAVERSAL)
      case 'format':
        return times(size, TRAVERSAL)
      case 'sets.contains':
      case 'sets.intersects':
        return product(size, otherSize) + 1
      case 'sets.equivalent':
        return 2 * product(size, otherSize) + 1
      case '@in':
        return overload === 'in_list' ? otherSize : 1
      case '_+_':
        return this.#added(expr, overload)
      case 'string':
      case 'bytes':
        // What has no declared type may be either.
        if (
          !this.#checked.overloads.get(id)?.some(({ id: of }) => of === 'string_to_bytes' || of === 'bytes_to_string')
        )
          return 1
        result(name === 'bytes' ? size * 4 : size)
        return Math.max(1, times(size, TRAVERSAL))
      case '_==_':
      case '_!=_':
        return this.#checked.types.get(subject?.id ?? -1)?.kind === 'opaque'
          ? 1
          : times(Math.min(size, otherSize), TRAVERSAL)
    }
    const compares =
      /^_[<>]=?_$/.test(name) && this.#checked.overloads.get(id)?.some(({ id: of }) => /string|bytes/.test(of))
    return compares ? times(Math.min(size, otherSize), TRAVERSAL) : 1
  }

  #added({ id, args: [left, right] }: Call, overload: string): Max {
    if (!left || !right || !/^add_(string|bytes|list)$/.test(overload)) return 1
    const total = this.size(left) + this.size(right)
    this.#sizes.set(id, total)
    const [a, b] = [this.#itemSize(left), this.#itemSize(right)]
    if (a !== undefined && b !== undefined) this.#itemSizes.set(id, Math.max(a, b))
    return overload === 'add_list' ? 1 : times(total, TRAVERSAL)
  }

  #comprehension(expr: Comprehension): Max {
    const before = this.#locals.length
    let cost = this.cost(expr.range) + this.cost(expr.init)
    const isBind = expr.accu !== ACCU
    this.#locals.push({
      name: expr.accu,
      type: this.declared(expr.init),
      size: this.size(expr.init),
      itemSize: this.#itemSize(expr.init),
      computed: this.#isComputed(expr.init),
    })
    if (isBind) {
      cost += this.cost(expr.result)
      this.#sizes.set(expr.id, this.size(expr.result))
      this.#locals.length = before
      return cost
    }
    const range = this.declared(expr.range)
    const isMap = (range ?? this.#checked.types.get(expr.range.id))?.kind === 'map'
    const computed = this.#isComputed(expr.range)
    const itemType = this.#elementOf(expr.range)
    const keyType = computed && isMap ? itemType : range?.key
    const item = { type: itemType, size: this.#elementSize(expr.range), itemSize: undefined, computed: false }
    const key = { type: keyType, size: isMap ? keyType?.maxElements : 1, itemSize: undefined, computed: false }
    if (expr.iter2 === undefined) this.#locals.push({ name: expr.iter, ...(isMap ? key : item) })
    else this.#locals.push({ name: expr.iter, ...key }, { name: expr.iter2, ...item })
    const each = this.cost(expr.condition) + this.cost(expr.step)
    this.#locals.length = before + 1
    cost += this.cost(expr.result)
    this.#locals.length = before
    const count = this.size(expr.range)
    this.#sizes.set(expr.id, expr.init.kind === 'literal' ? 1 : count)
    const stepSize = this.#itemSize(expr.step)
    if (expr.init.kind !== 'literal' && stepSize !== undefined) this.#itemSizes.set(expr.id, stepSize)
    return cost + product(count, each)
  }
}

/** @returns the largest cost; Infinity where nothing bounds it */
export const estimateCost = (checked: Checked, variables: ReadonlyMap<string, CelType>): number =>
  new Estimator(checked, variables).cost(checked.expr)
