// Arithmetic, comparison and indexing. Integers have 64 bits, and overflow is an error.
import { compare, equal, listKey } from '../compare.ts'
import { CelError } from '../errors.ts'
import { Duration, Timestamp, timestampAt } from '../time.ts'
import { type CelMap, List, NONE, Optional, Uint, type Value } from '../values.ts'
import { fn, type Library, type Overload } from './declare.ts'

const MAX_INT = 2n ** 63n
const MAX_UINT = 2n ** 64n
const MAX_ITEMS = 1_000_000

export function int(value: bigint): bigint {
  if (value >= MAX_INT || value < -MAX_INT) throw new CelError('integer overflow')
  return value
}
export function uint(value: bigint): Uint {
  if (value >= MAX_UINT || value < 0n) throw new CelError('unsigned integer overflow')
  return new Uint(value)
}
const span = (nanos: bigint) => new Duration(int(nanos))

function divisor(value: bigint, what: string): bigint {
  if (value === 0n) throw new CelError(what)
  return value
}

/** Items of `b` that `a` does not have are added; in a list by key, those with a known key replace. */
function joinLists(a: List, b: List): List {
  if (a.size + b.size > MAX_ITEMS) throw new CelError('the list would be too long')
  if (a.listType === undefined) return new List([...a, ...b])
  const items = new Map(a.toArray().map(item => [listKey(item, a), item] as const))
  for (const item of b) items.set(listKey(item, a), item)
  const { listType, listKeys } = a
  return new List([...items.values()], undefined, { kind: 'list', name: 'list', listType, listKeys })
}

const numeric = (
  name: string,
  id: string,
  ofInts: (a: bigint, b: bigint) => bigint,
  ofDoubles: ((a: number, b: number) => number) | undefined,
): Overload[] => [
  fn(name, `${id}_int64`, 'int; int -> int', (a: bigint, b: bigint) => int(ofInts(a, b))),
  fn(name, `${id}_uint64`, 'uint; uint -> uint', (a: Uint, b: Uint) => uint(ofInts(a.value, b.value))),
  ...(ofDoubles ? [fn(name, `${id}_double`, 'double; double -> double', ofDoubles)] : []),
]

const ORDERED = ['bool', 'int', 'uint', 'double', 'string', 'bytes', 'timestamp', 'duration']
const NUMBERS = ['int', 'uint', 'double']

function relation(name: string, word: string, holds: (order: number) => boolean): Overload[] {
  const call = (a: Value, b: Value) => holds(compare(a, b))
  return [
    ...ORDERED.map(type => fn(name, `${word}_${type}`, `${type}; ${type} -> bool`, call)),
    ...NUMBERS.flatMap(a =>
      NUMBERS.filter(b => a !== b).map(b => fn(name, `${word}_${a}_${b}`, `${a}; ${b} -> bool`, call)),
    ),
  ]
}

export function itemAt(list: List, index: bigint | number | Uint): Value {
  const at = Number(index instanceof Uint ? index.value : index)
  if (!Number.isInteger(at) || at < 0 || at >= list.size) throw new CelError(`index out of bounds: ${at}`)
  return list.at(at)
}

const showKey = (key: Value) => String(key instanceof Uint ? key.value : key)

export function valueAt(map: CelMap, key: Value): Value {
  const value = map.get(key)
  if (value === undefined) throw new CelError(`no such key: ${showKey(key)}`)
  return value
}

/** `a[?b]`: nothing where there is nothing. */
export function optionalAt(container: Value, index: Value): Optional {
  if (container instanceof Optional) return container.value === undefined ? NONE : optionalAt(container.value, index)
  if (container instanceof List) {
    const at = typeof index === 'bigint' ? Number(index) : -1
    return at >= 0 && at < container.size ? new Optional(container.at(at)) : NONE
  }
  if (typeof container !== 'object' || container === null || !('isMap' in container)) return NONE
  const value = container.get(index)
  return value === undefined ? NONE : new Optional(value)
}

export const operators: Library = [
  fn('!_', 'logical_not', 'bool -> bool', (a: boolean) => !a),
  fn('-_', 'negate_int64', 'int -> int', (a: bigint) => int(-a)),
  fn('-_', 'negate_double', 'double -> double', (a: number) => -a),
  ...numeric(
    '_+_',
    'add',
    (a, b) => a + b,
    (a, b) => a + b,
  ),
  fn('_+_', 'add_string', 'string; string -> string', (a: string, b: string) => a + b),
  fn('_+_', 'add_bytes', 'bytes; bytes -> bytes', (a: Uint8Array, b: Uint8Array) =>
    Uint8Array.from(Buffer.concat([a, b])),
  ),
  fn('_+_', 'add_list', 'list(A); list(A) -> list(A)', joinLists),
  fn('_+_', 'add_timestamp_duration', 'timestamp; duration -> timestamp', (a: Timestamp, b: Duration) =>
    timestampAt(a.nanos + b.nanos),
  ),
  fn('_+_', 'add_duration_timestamp', 'duration; timestamp -> timestamp', (a: Duration, b: Timestamp) =>
    timestampAt(a.nanos + b.nanos),
  ),
  fn('_+_', 'add_duration_duration', 'duration; duration -> duration', (a: Duration, b: Duration) =>
    span(a.nanos + b.nanos),
  ),
  ...numeric(
    '_-_',
    'subtract',
    (a, b) => a - b,
    (a, b) => a - b,
  ),
  fn('_-_', 'subtract_timestamp_timestamp', 'timestamp; timestamp -> duration', (a: Timestamp, b: Timestamp) =>
    span(a.nanos - b.nanos),
  ),
  fn('_-_', 'subtract_timestamp_duration', 'timestamp; duration -> timestamp', (a: Timestamp, b: Duration) =>
    timestampAt(a.nanos - b.nanos),
  ),
  fn('_-_', 'subtract_duration_duration', 'duration; duration -> duration', (a: Duration, b: Duration) =>
    span(a.nanos - b.nanos),
  ),
  ...numeric(
    '_*_',
    'multiply',
    (a, b) => a * b,
    (a, b) => a * b,
  ),
  ...numeric(
    '_/_',
    'divide',
    (a, b) => a / divisor(b, 'division by zero'),
    (a, b) => a / b,
  ),
  ...numeric('_%_', 'modulo', (a, b) => a % divisor(b, 'modulus by zero'), undefined),
  fn('_==_', 'equals', 'A; A -> bool', equal),
  fn('_!=_', 'not_equals', 'A; A -> bool', (a: Value, b: Value) => !equal(a, b)),
  ...relation('_<_', 'less', order => order < 0),
  ...relation('_<=_', 'less_equals', order => order <= 0),
  ...relation('_>_', 'greater', order => order > 0),
  ...relation('_>=_', 'greater_equals', order => order >= 0),
  fn('@in', 'in_list', 'A; list(A) -> bool', (item: Value, list: List) => {
    for (const other of list) if (equal(item, other)) return true
    return false
  }),
  fn('@in', 'in_map', 'A; map(A, B) -> bool', (key: Value, map: CelMap) => map.get(key) !== undefined),
  fn('_[_]', 'index_list', 'list(A); int -> A', itemAt),
  fn('_[_]', 'index_map', 'map(A, B); A -> B', valueAt),
  fn('_[_]', 'optional_list_index_int', 'optional_type(list(A)); int -> optional_type(A)', optionalAt),
  fn('_[_]', 'optional_map_index_value', 'optional_type(map(A, B)); A -> optional_type(B)', optionalAt),
  fn('_[?_]', 'list_optindex_optional_int', 'list(A); int -> optional_type(A)', optionalAt),
  fn('_[?_]', 'optional_list_optindex_optional_int', 'optional_type(list(A)); int -> optional_type(A)', optionalAt),
  fn('_[?_]', 'map_optindex_optional_value', 'map(A, B); A -> optional_type(B)', optionalAt),
  fn('_[?_]', 'optional_map_optindex_optional_value', 'optional_type(map(A, B)); A -> optional_type(B)', optionalAt),
]
