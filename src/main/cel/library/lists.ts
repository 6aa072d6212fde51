// Lists and sets: Kubernetes' own functions and those of the extended libraries.
import { compare, equal } from '../compare.ts'
import { CelError } from '../errors.ts'
import { List, NONE, Optional, type Value } from '../values.ts'
import type { Pieces } from '../../pieces/pacer.ts'
import { fn, inPieces, type Library, method } from './declare.ts'
import { itemAt } from './operators.ts'
import { Duration } from '../time.ts'

const MAX_RANGE = 100_000n

const COMPARABLE = ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes']

function isSorted(list: List): boolean {
  for (let i = 1; i < list.size; i++) if (compare(list.at(i - 1), list.at(i)) > 0) return false
  return true
}

const extreme = (name: string, sign: 1 | -1) => (list: List) => {
  if (list.size === 0) throw new CelError(`${name} called on empty list`)
  return list.toArray().reduce((best, item) => (compare(item, best) * sign > 0 ? item : best))
}

function indexOf(list: List, item: Value): bigint {
  for (let i = 0; i < list.size; i++) if (equal(list.at(i), item)) return BigInt(i)
  return -1n
}
function lastIndexOf(list: List, item: Value): bigint {
  for (let i = list.size - 1; i >= 0; i--) if (equal(list.at(i), item)) return BigInt(i)
  return -1n
}

const sumOf =
  <T extends Value>(zero: T, add: (a: T, b: T) => T) =>
  (list: List): T =>
    list.toArray().reduce<T>((total, item) => add(total, item as T), zero)
const addInts = (a: bigint, b: bigint) => {
  const total = a + b
  if (total >= 2n ** 63n || total < -(2n ** 63n)) throw new CelError('integer overflow')
  return total
}

function distinct(list: List): List {
  const found: Value[] = []
  for (const item of list) if (!found.some(known => equal(known, item))) found.push(item)
  return new List(found)
}

function flatten(list: List, depth = 1n): List {
  if (depth < 0n) throw new CelError('level must be non-negative')
  return new List(
    list.toArray().flatMap(item => (item instanceof List && depth > 0n ? flatten(item, depth - 1n).toArray() : [item])),
  )
}

function slice(list: List, start: bigint, end: bigint): List {
  if (start < 0n || end < 0n) throw new CelError(`cannot slice(${start}, ${end}), negative indexes not supported`)
  if (start > end)
    throw new CelError(`cannot slice(${start}, ${end}), start index must be less than or equal to end index`)
  if (end > BigInt(list.size)) throw new CelError(`cannot slice(${start}, ${end}), list is length ${list.size}`)
  return new List(list.toArray().slice(Number(start), Number(end)))
}

function sortedBy(list: List, keys: List): List {
  const order = keys.toArray().map((key, i) => ({ key, i }))
  order.sort((a, b) => compare(a.key, b.key) || a.i - b.i)
  return new List(order.map(({ i }) => list.at(i)))
}

const contains = (list: List, item: Value) => indexOf(list, item) >= 0n
/** Items that are compared before others may get their turn. */
const COMPARED_AT_ONCE = 20_000

/** @returns whether it is so of any item of `b` that it is in `a`, or that it is not */
function* hasAny(a: List, b: List, isIn: boolean): Pieces<boolean> {
  let compared = 0
  for (const item of b) {
    if (contains(a, item) === isIn) return true
    compared += a.size
    if (compared < COMPARED_AT_ONCE) continue
    yield
    compared = 0
  }
  return false
}

function* containsAll(a: List, b: List): Pieces<boolean> {
  return !(yield* hasAny(a, b, false))
}

function* equivalent(a: List, b: List): Pieces<boolean> {
  return (yield* containsAll(a, b)) && (yield* containsAll(b, a))
}

function range(size: bigint): List {
  if (size > MAX_RANGE) throw new CelError(`lists.range: ${size} exceeds the limit of ${MAX_RANGE}`)
  return new List(Array.from({ length: Math.max(0, Number(size)) }, (_, i) => BigInt(i)))
}

const edge = (list: List, at: number) => (list.size === 0 ? NONE : new Optional(itemAt(list, BigInt(at))))

/** @see https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-list-library and cel-go's ext.Lists, ext.Sets */
export const lists: Library = [
  ...COMPARABLE.flatMap(type => [
    method('isSorted', `list_${type}_is_sorted_bool`, `list(${type}) -> bool`, isSorted),
    method('max', `list_${type}_max_${type}`, `list(${type}) -> ${type}`, extreme('max', 1)),
    method('min', `list_${type}_min_${type}`, `list(${type}) -> ${type}`, extreme('min', -1)),
    method('sort', `list_${type}_sort`, `list(${type}) -> list(${type})`, (list: List) => sortedBy(list, list)),
    method('@sortByAssociatedKeys', `list_${type}_sortByAssociatedKeys`, `list(A); list(${type}) -> list(A)`, sortedBy),
  ]),
  method('sum', 'list_int_sum_int', 'list(int) -> int', sumOf(0n, addInts)),
  method(
    'sum',
    'list_double_sum_double',
    'list(double) -> double',
    sumOf<number>(0, (a, b) => a + b),
  ),
  method('sum', 'list_duration_sum_duration', 'list(duration) -> duration', (list: List) => {
    const nanos = list.toArray().map(item => (item instanceof Duration ? item.nanos : 0n))
    return new Duration(nanos.reduce(addInts, 0n))
  }),
  method('indexOf', 'list_a_index_of_int', 'list(A); A -> int', indexOf),
  method('lastIndexOf', 'list_a_last_index_of_int', 'list(A); A -> int', lastIndexOf),
  method('distinct', 'list_distinct', 'list(A) -> list(A)', distinct),
  method('flatten', 'list_flatten', 'list(list(A)) -> list(A)', (list: List) => flatten(list)),
  method('flatten', 'list_flatten_int', 'list(dyn); int -> list(dyn)', flatten),
  method('slice', 'list_slice', 'list(A); int; int -> list(A)', slice),
  method('reverse', 'list_reverse', 'list(A) -> list(A)', (list: List) => new List(list.toArray().reverse())),
  method('first', 'list_first', 'list(A) -> optional_type(A)', (list: List) => edge(list, 0)),
  method('last', 'list_last', 'list(A) -> optional_type(A)', (list: List) => edge(list, list.size - 1)),
  fn('lists.range', 'lists_range', 'int -> list(int)', range),
  inPieces(fn, 'sets.contains', 'list_sets_contains_list', 'list(A); list(A) -> bool', containsAll),
  inPieces(fn, 'sets.equivalent', 'list_sets_equivalent_list', 'list(A); list(A) -> bool', equivalent),
  inPieces(fn, 'sets.intersects', 'list_sets_intersects_list', 'list(A); list(A) -> bool', (a: List, b: List) =>
    hasAny(a, b, true),
  ),
]
