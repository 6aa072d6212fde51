// The functions of the CEL specification: sizes, conversions, texts, dates.
import { matchesPattern } from './regex.ts'
import { length } from '../compare.ts'
import { CelError } from '../errors.ts'
import {
  Duration,
  durationFrom,
  SECOND,
  showDuration,
  showTimestamp,
  Timestamp,
  timestampAt,
  timestampFrom,
} from '../time.ts'
import { type CelMap, isMap, List, Opaque, Optional, TypeValue, Uint, type Value } from '../values.ts'
import { fn, inPieces, type Library, method, type Overload } from './declare.ts'
import { int, uint } from './operators.ts'
import { showDouble } from '../numbers.ts'

const both = (name: string, id: string, signature: string, call: Parameters<typeof fn>[3]): Overload[] => [
  fn(name, id, signature, call),
  method(name, `${id}_member`, signature, call),
]

/** @returns the name that `type(x)` prints. */
export function typeNameOf(value: Value): string {
  if (value === null) return 'null_type'
  switch (typeof value) {
    case 'boolean':
      return 'bool'
    case 'bigint':
      return 'int'
    case 'number':
      return 'double'
    case 'string':
      return 'string'
  }
  if (value instanceof Uint8Array) return 'bytes'
  if (value instanceof Uint) return 'uint'
  if (value instanceof Timestamp) return 'google.protobuf.Timestamp'
  if (value instanceof Duration) return 'google.protobuf.Duration'
  if (value instanceof List) return 'list'
  if (value instanceof TypeValue) return 'type'
  if (value instanceof Optional) return 'optional_type'
  if (value instanceof Opaque) return value.type
  return isMap(value) ? (value.typeName ?? 'map') : 'dyn'
}

export const TYPE_NAMES: Readonly<Record<string, string>> = {
  bool: 'bool',
  int: 'int',
  uint: 'uint',
  double: 'double',
  string: 'string',
  bytes: 'bytes',
  list: 'list',
  map: 'map',
  null_type: 'null_type',
  type: 'type',
  optional_type: 'optional_type',
  'google.protobuf.Timestamp': 'google.protobuf.Timestamp',
  'google.protobuf.Duration': 'google.protobuf.Duration',
}

const wrong = (type: string) => new CelError(`type conversion error from 'string' to '${type}'`)

function parseIntText(text: string, type: 'int' | 'uint'): bigint {
  if (!/^[+-]?\d{1,20}$/.test(text)) throw wrong(type)
  const value = BigInt(text.replace(/^\+/, ''))
  if (value !== (type === 'int' ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value))) throw wrong(type)
  return value
}

function truncated(value: number, range: string): bigint {
  if (!Number.isFinite(value)) throw new CelError(`${range} overflow`)
  return BigInt(Math.trunc(value))
}

function parseDouble(text: string): number {
  const value = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isNaN(value)) return value
  const special: Readonly<Record<string, number>> = {
    Infinity: Infinity,
    '-Infinity': -Infinity,
    Inf: Infinity,
    '-Inf': -Infinity,
    NaN: Number.NaN,
  }
  if (Object.hasOwn(special, text)) return special[text] ?? value
  throw wrong('double')
}

const TRUTH: Readonly<Record<string, boolean>> = {
  '1': true,
  t: true,
  T: true,
  true: true,
  TRUE: true,
  True: true,
  '0': false,
  f: false,
  F: false,
  false: false,
  FALSE: false,
  False: false,
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new CelError('invalid UTF-8 in bytes, cannot convert to string')
  }
}

const conversions: Library = [
  fn('int', 'int64_to_int64', 'int -> int', (a: bigint) => a),
  fn('int', 'uint64_to_int64', 'uint -> int', (a: Uint) => int(a.value)),
  fn('int', 'double_to_int64', 'double -> int', (a: number) => int(truncated(a, 'integer'))),
  fn('int', 'string_to_int64', 'string -> int', (a: string) => int(parseIntText(a, 'int'))),
  fn('int', 'timestamp_to_int64', 'timestamp -> int', (a: Timestamp) => a.nanos / SECOND),
  fn('int', 'duration_to_int64', 'duration -> int', (a: Duration) => a.nanos),
  fn('uint', 'uint64_to_uint64', 'uint -> uint', (a: Uint) => a),
  fn('uint', 'int64_to_uint64', 'int -> uint', (a: bigint) => uint(a)),
  fn('uint', 'double_to_uint64', 'double -> uint', (a: number) => uint(truncated(a, 'unsigned integer'))),
  fn('uint', 'string_to_uint64', 'string -> uint', (a: string) => uint(parseIntText(a, 'uint'))),
  fn('double', 'double_to_double', 'double -> double', (a: number) => a),
  fn('double', 'int64_to_double', 'int -> double', (a: bigint) => Number(a)),
  fn('double', 'uint64_to_double', 'uint -> double', (a: Uint) => Number(a.value)),
  fn('double', 'string_to_double', 'string -> double', parseDouble),
  fn('bool', 'bool_to_bool', 'bool -> bool', (a: boolean) => a),
  fn('bool', 'string_to_bool', 'string -> bool', (a: string) => {
    if (!Object.hasOwn(TRUTH, a)) throw wrong('bool')
    return TRUTH[a] ?? false
  }),
  fn('string', 'string_to_string', 'string -> string', (a: string) => a),
  fn('string', 'int64_to_string', 'int -> string', String),
  fn('string', 'double_to_string', 'double -> string', showDouble),
  fn('string', 'bool_to_string', 'bool -> string', String),
  fn('string', 'uint64_to_string', 'uint -> string', (a: Uint) => String(a.value)),
  fn('string', 'bytes_to_string', 'bytes -> string', decodeText),
  fn('string', 'timestamp_to_string', 'timestamp -> string', showTimestamp),
  fn('string', 'duration_to_string', 'duration -> string', showDuration),
  fn('bytes', 'bytes_to_bytes', 'bytes -> bytes', (a: Uint8Array) => a),
  fn('bytes', 'string_to_bytes', 'string -> bytes', (a: string) => Uint8Array.from(Buffer.from(a))),
  fn('timestamp', 'timestamp_to_timestamp', 'timestamp -> timestamp', (a: Timestamp) => a),
  fn('timestamp', 'string_to_timestamp', 'string -> timestamp', timestampFrom),
  fn('timestamp', 'int64_to_timestamp', 'int -> timestamp', (a: bigint) => timestampAt(a * SECOND)),
  fn('duration', 'duration_to_duration', 'duration -> duration', (a: Duration) => a),
  fn('duration', 'string_to_duration', 'string -> duration', durationFrom),
  fn('dyn', 'to_dyn', 'A -> dyn', (a: Value) => a),
  fn('type', 'type', 'A -> type', (a: Value) => new TypeValue(typeNameOf(a))),
]

/** The date's parts in a zone: an offset such as `+05:30`, or a name such as `Europe/Vienna`. */
function inZone({ nanos }: Timestamp, zone: string): Date {
  const ms = Number(nanos / 1_000_000n)
  const offset = /^([+-]?)(\d{2}):(\d{2})$/.exec(zone)
  if (offset) return new Date(ms + (offset[1] === '-' ? -1 : 1) * (Number(offset[2]) * 60 + Number(offset[3])) * 60_000)
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]))
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
    return new Date(Date.UTC(year, month - 1, day, hour, minute, second, ((ms % 1000) + 1000) % 1000))
  } catch {
    throw new CelError(`unknown time zone ${zone}`)
  }
}

const dayOfYear = (date: Date) =>
  Math.floor(
    (Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()) - Date.UTC(date.getUTCFullYear(), 0)) /
      86_400_000,
  )

function datePart(name: string, word: string, read: (date: Date) => number): Overload[] {
  const call = (time: Timestamp, zone = 'UTC') => BigInt(read(inZone(time, zone)))
  return [
    method(name, `timestamp_to_${word}`, 'timestamp -> int', (time: Timestamp) => call(time)),
    method(name, `timestamp_to_${word}_with_tz`, 'timestamp; string -> int', call),
  ]
}
const spanPart = (name: string, unit: bigint) =>
  method(name, `duration_to_${name}`, 'duration -> int', (a: Duration) => a.nanos / unit)

const dates: Library = [
  ...datePart('getFullYear', 'year', date => date.getUTCFullYear()),
  ...datePart('getMonth', 'month', date => date.getUTCMonth()),
  ...datePart('getDate', 'day_of_month_1_based', date => date.getUTCDate()),
  ...datePart('getDayOfMonth', 'day_of_month', date => date.getUTCDate() - 1),
  ...datePart('getDayOfWeek', 'day_of_week', date => date.getUTCDay()),
  ...datePart('getDayOfYear', 'day_of_year', dayOfYear),
  ...datePart('getHours', 'hours', date => date.getUTCHours()),
  ...datePart('getMinutes', 'minutes', date => date.getUTCMinutes()),
  ...datePart('getSeconds', 'seconds', date => date.getUTCSeconds()),
  ...datePart('getMilliseconds', 'milliseconds', date => date.getUTCMilliseconds()),
  spanPart('getHours', 3600n * SECOND),
  spanPart('getMinutes', 60n * SECOND),
  spanPart('getSeconds', SECOND),
  method(
    'getMilliseconds',
    'duration_to_milliseconds',
    'duration -> int',
    (a: Duration) => (a.nanos % SECOND) / 1_000_000n,
  ),
]

export const standard: Library = [
  ...both('size', 'size_string', 'string -> int', (a: string) => BigInt(length(a))),
  ...both('size', 'size_bytes', 'bytes -> int', (a: Uint8Array) => BigInt(a.length)),
  ...both('size', 'size_list', 'list(A) -> int', (a: List) => BigInt(a.size)),
  ...both('size', 'size_map', 'map(A, B) -> int', (a: CelMap) => BigInt(a.size)),
  inPieces(fn, 'matches', 'matches', 'string; string -> bool', matchesPattern),
  inPieces(method, 'matches', 'matches_string', 'string; string -> bool', matchesPattern),
  method('contains', 'contains_string', 'string; string -> bool', (a: string, b: string) => a.includes(b)),
  method('startsWith', 'starts_with_string', 'string; string -> bool', (a: string, b: string) => a.startsWith(b)),
  method('endsWith', 'ends_with_string', 'string; string -> bool', (a: string, b: string) => a.endsWith(b)),
  ...conversions,
  ...dates,
]
