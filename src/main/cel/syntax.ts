// The syntax tree. Macros are gone from it: `all`, `map` and the like are comprehensions, as the CEL specification
// defines them, so that checking, estimating and running need to know one construct only.
import type { Value } from './values.ts'

type NodeBody = { [K in Expr['kind']]: Omit<Extract<Expr, { kind: K }>, 'id' | 'offset'> }[Expr['kind']]

/** Makes a node with a number of its own. */
export type Make = (offset: number, body: NodeBody) => Expr

interface Node {
  /** Unique within the expression. */
  readonly id: number
  /** Position in the text, for messages. */
  readonly offset: number
}

export interface Literal extends Node {
  readonly kind: 'literal'
  readonly value: Value
}
export interface Ident extends Node {
  readonly kind: 'ident'
  readonly name: string
}
export interface Select extends Node {
  readonly kind: 'select'
  readonly operand: Expr
  readonly field: string
  /** `has(a.b)`: asks whether the field is there. */
  readonly test: boolean
}
export interface Call extends Node {
  readonly kind: 'call'
  /** Operators are called `_+_`, `_[_]`, `!_`, `_?_:_`, … */
  readonly fn: string
  readonly target: Expr | undefined
  readonly args: readonly Expr[]
}
export interface ListLiteral extends Node {
  readonly kind: 'list'
  readonly items: readonly { readonly value: Expr; readonly optional: boolean }[]
}
export interface MapLiteral extends Node {
  readonly kind: 'map'
  readonly entries: readonly { readonly key: Expr; readonly value: Expr; readonly optional: boolean }[]
}
/** `Object.spec{replicas: 1}` */
export interface StructLiteral extends Node {
  readonly kind: 'struct'
  readonly type: string
  readonly fields: readonly {
    readonly name: string
    readonly value: Expr
    readonly optional: boolean
    readonly offset: number
  }[]
}
export interface Comprehension extends Node {
  readonly kind: 'comprehension'
  readonly iter: string
  /** Two-variable macros: `iter` is the index or key, this one the item or value. */
  readonly iter2: string | undefined
  readonly range: Expr
  readonly accu: string
  readonly init: Expr
  readonly condition: Expr
  readonly step: Expr
  readonly result: Expr
}

export type Expr = Literal | Ident | Select | Call | ListLiteral | MapLiteral | StructLiteral | Comprehension

/** The hidden variable in which macros collect; users cannot spell it. */
export const ACCU = '@result'

/** `a.b.c` as text; undefined for anything else. */
export function qualifiedName(expr: Expr): string | undefined {
  if (expr.kind === 'ident') return expr.name
  if (expr.kind !== 'select' || expr.test) return undefined
  const before = qualifiedName(expr.operand)
  return before === undefined ? undefined : `${before}.${expr.field}`
}
