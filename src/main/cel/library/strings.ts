// Texts: the extended string library, version 2. Positions count characters, not UTF-16 units.
import { length } from '../compare.ts'
import { CelError } from '../errors.ts'
import { showDuration, showTimestamp, Duration, Timestamp } from '../time.ts'
import { showDouble } from '../numbers.ts'
import { isMap, List, TypeValue, Uint, type Value } from '../values.ts'
import { fn, type Library, method } from './declare.ts'

const chars = (text: string): string[] => [...text]
/** Texts that are all in the basic plane are indexed directly. */
const isPlain = (text: string) => length(text) === text.length

function slice(text: string, start: bigint, end: bigint): string {
  const size = BigInt(length(text))
  if (start < 0n || start > size) throw new CelError(`index out of range: ${start}`)
  if (end < 0n || end > size) throw new CelError(`index out of range: ${end}`)
  if (start > end) throw new CelError(`invalid substring range. start: ${start}, end: ${end}`)
  const [from, to] = [Number(start), Number(end)]
  return isPlain(text) ? text.slice(from, to) : chars(text).slice(from, to).join('')
}

function charAt(text: string, index: bigint): string {
  if (index < 0n || index > BigInt(length(text))) throw new CelError(`index out of range: ${index}`)
  return (isPlain(text) ? text[Number(index)] : chars(text)[Number(index)]) ?? ''
}

/** Unit index → character index. */
const position = (text: string, unit: number) => BigInt(unit < 0 ? -1 : length(text.slice(0, unit)))

function units(text: string, index: bigint): number {
  if (index < 0n || index > BigInt(length(text))) throw new CelError(`index out of range: ${index}`)
  return isPlain(text) ? Number(index) : chars(text).slice(0, Number(index)).join('').length
}

/** Replacing each letter of a long text by another long text must not fill the memory. */
const MAX_TEXT = 10_000_000
const tooLong = () => new CelError('the text would be too long')

/** @returns what is left of the room for a text once it has the value, which may hold one text many times @throws CelError */
function roomAfter(value: Value, room: number): number {
  let left = room - (typeof value === 'string' || value instanceof Uint8Array ? value.length : 1)
  if (left < 0) throw tooLong()
  if (value instanceof List) for (const item of value.toArray()) left = roomAfter(item, left)
  else if (isMap(value)) for (const key of value.keys()) left = roomAfter(value.get(key) ?? null, roomAfter(key, left))
  return left
}

function replace(text: string, from: string, to: string, limit = -1n): string {
  const times = from === '' ? text.length + 1 : text.split(from).length - 1
  if (times * to.length > MAX_TEXT) throw tooLong()
  if (limit < 0n) return text.replaceAll(from, () => to)
  let left = limit
  return text.replaceAll(from, match => (left-- > 0n ? to : match))
}

function split(text: string, separator: string, limit = -1n): List {
  if (limit === 0n) return new List([])
  const parts = separator === '' ? chars(text) : text.split(separator)
  if (limit < 0n || BigInt(parts.length) <= limit) return new List(parts)
  const kept = parts.slice(0, Number(limit) - 1)
  return new List([...kept, parts.slice(Number(limit) - 1).join(separator)])
}

function join(list: List, separator = ''): string {
  if (list.size * separator.length > MAX_TEXT) throw tooLong()
  return list.toArray().join(separator)
}

const ascii = (text: string, pattern: RegExp, change: (ch: string) => string) => text.replace(pattern, change)
const lower = (text: string) => ascii(text, /[A-Z]+/g, part => part.toLowerCase())
const upper = (text: string) => ascii(text, /[a-z]+/g, part => part.toUpperCase())

/** Go's unicode.IsSpace, which CEL trims by. */
const SPACE = '\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'
const LEADING = new RegExp(`^[${SPACE}]+`)

function trim(text: string): string {
  const start = text.replace(LEADING, '')
  let end = start.length
  const space = new RegExp(`[${SPACE}]`)
  while (end > 0 && space.test(start[end - 1] ?? '')) end--
  return start.slice(0, end)
}

/** Behind the point, unless one says how many. */
const DIGITS = 6

/** `%s`: how a value reads in a text. */
function show(value: Value): string {
  if (value === null) return 'null'
  if (typeof value === 'number') return showDouble(value)
  if (typeof value !== 'object') return String(value)
  if (value instanceof Uint) return String(value.value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString()
  if (value instanceof Timestamp) return showTimestamp(value)
  if (value instanceof Duration) return showDuration(value)
  if (value instanceof TypeValue) return value.type
  if (value instanceof List) return `[${value.toArray().map(showItem).join(', ')}]`
  if (isMap(value))
    return `{${value
      .keys()
      .map(key => [showItem(key), showItem(value.get(key) ?? null)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => `${key}:${item}`)
      .join(', ')}}`
  return String(value)
}

/** What is in a list or a map reads as one would write it. */
function showItem(value: Value): string {
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value.toFixed(DIGITS) : quoted(showDouble(value))
  if (value instanceof Uint8Array) return `b${quoted(show(value))}`
  if (value instanceof Timestamp) return `timestamp(${quoted(show(value))})`
  if (value instanceof Duration) return `duration(${quoted(show(value))})`
  return show(value)
}

const whole = (value: Value): bigint | undefined =>
  typeof value === 'bigint' ? value : value instanceof Uint ? value.value : undefined

function number(value: Value, verb: string): number {
  const integer = whole(value)
  if (integer !== undefined) return Number(integer)
  if (typeof value === 'number') return value
  throw new CelError(`error during formatting: ${verb} clause can only be used on numbers`)
}

function radix(value: Value, base: 2 | 8 | 16, verb: string): string {
  const integer = whole(value)
  if (integer !== undefined) return integer.toString(base)
  if (typeof value === 'boolean' && base === 2) return value ? '1' : '0'
  if (base === 16 && typeof value === 'string') return Buffer.from(value).toString('hex')
  if (base === 16 && value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  throw new CelError(`error during formatting: %${verb} clause cannot be used on this value`)
}

const RAISED = [...'⁰¹²³⁴⁵⁶⁷⁸⁹']

/** As English texts write it: `1.5×10⁰⁴`. */
function exponent(value: number, digits: number): string {
  if (!Number.isFinite(value)) return showDouble(value)
  const [mantissa = '', power = ''] = value.toExponential(digits).split('e')
  const raised = [...power.slice(1).padStart(2, '0')].map(digit => RAISED[Number(digit)]).join('')
  return `${mantissa}×10${power.startsWith('-') ? '⁻' : ''}${raised}`
}

/** As English texts write it: `12,345.50`. */
const fixed = (value: number, digits: number): string =>
  Number.isFinite(value) ? value.toFixed(digits).replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ',') : showDouble(value)

/** `"%d of %s".format([1, "a"])` */
function format(pattern: string, args: List): string {
  let next = 0
  let room = MAX_TEXT
  const take = () => {
    if (next >= args.size) throw new CelError(`error during formatting: index ${next} out of range`)
    const value = args.at(next++)
    room = roomAfter(value, room)
    return value
  }
  return pattern.replace(
    /%(?:(%)|(?:\.(\d{1,3}))?(.?))/gs,
    (_all, percent: string, precision: string, verb: string) => {
      if (percent) return '%'
      const digits = Math.min(precision === undefined ? DIGITS : Number(precision), 100)
      switch (verb) {
        case 's':
          return show(take())
        case 'd': {
          const value = take()
          const integer = whole(value)
          if (integer === undefined)
            throw new CelError('error during formatting: decimal clause can only be used on integers')
          return String(integer)
        }
        case 'f':
          return fixed(number(take(), 'fixed-point'), digits)
        case 'e':
          return exponent(number(take(), 'scientific'), digits)
        case 'b':
          return radix(take(), 2, verb)
        case 'o':
          return radix(take(), 8, verb)
        case 'x':
          return radix(take(), 16, verb)
        case 'X':
          return radix(take(), 16, verb).toUpperCase()
        default:
          throw new CelError(`error during formatting: unrecognized formatting clause "${verb}"`)
      }
    },
  )
}

const quoted = (text: string) =>
  `"${text.replace(/[\\"\x07\b\f\n\r\t\v]/g, ch => `\\${{ '\x07': 'a', '\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't', '\v': 'v' }[ch] ?? ch}`)}"`

/** @see https://pkg.go.dev/github.com/google/cel-go/ext#Strings */
export const strings: Library = [
  method('charAt', 'string_char_at_int', 'string; int -> string', charAt),
  method('indexOf', 'string_index_of_string', 'string; string -> int', (a: string, b: string) =>
    position(a, a.indexOf(b)),
  ),
  method('indexOf', 'string_index_of_string_int', 'string; string; int -> int', (a: string, b: string, from: bigint) =>
    position(a, a.indexOf(b, units(a, from))),
  ),
  method('lastIndexOf', 'string_last_index_of_string', 'string; string -> int', (a: string, b: string) =>
    position(a, a.lastIndexOf(b)),
  ),
  method(
    'lastIndexOf',
    'string_last_index_of_string_int',
    'string; string; int -> int',
    (a: string, b: string, from: bigint) => position(a, a.lastIndexOf(b, units(a, from))),
  ),
  method('lowerAscii', 'string_lower_ascii', 'string -> string', lower),
  method('upperAscii', 'string_upper_ascii', 'string -> string', upper),
  method('replace', 'string_replace_string_string', 'string; string; string -> string', replace),
  method('replace', 'string_replace_string_string_int', 'string; string; string; int -> string', replace),
  method('split', 'string_split_string', 'string; string -> list(string)', split),
  method('split', 'string_split_string_int', 'string; string; int -> list(string)', split),
  method('substring', 'string_substring_int', 'string; int -> string', (a: string, from: bigint) =>
    slice(a, from, BigInt(length(a))),
  ),
  method('substring', 'string_substring_int_int', 'string; int; int -> string', slice),
  method('trim', 'string_trim', 'string -> string', trim),
  method('join', 'list_join', 'list(string) -> string', join),
  method('join', 'list_join_string', 'list(string); string -> string', join),
  method('format', 'string_format', 'string; list(dyn) -> string', format),
  fn('strings.quote', 'strings_quote', 'string -> string', quoted),
]
