// Scalars on the wire, and the small messages that stand for one: times, quantities, raw JSON.
import type { FieldFact } from '../../schema/facts.ts'
import { readFields, WireError, type WireField, Writer } from '../../../../shared/protobuf/wire.ts'
import { scanJson } from '../scan-json.ts'
import { encodeJson, parseJson } from '../../../../shared/machinery/json-text.ts'

export const isScalar = (fact: FieldFact): boolean =>
  fact.t === 'string' || fact.t === 'integer' || fact.t === 'number' || fact.t === 'boolean' || fact.t === 'bytes'

/** Seconds since the epoch and nanoseconds. */
function writeTime(writer: Writer, number: number, text: string): void {
  const seconds = Math.floor(Date.parse(text) / 1000)
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? ''
  const nanos = Number(fraction.padEnd(9, '0').slice(0, 9))
  const start = writer.begin(number)
  writer.integer(1, seconds).integer(2, nanos).end(start)
}

export function encodeScalar(writer: Writer, number: number, value: unknown, fact: FieldFact): void {
  switch (fact.t) {
    case 'string':
      writer.text(number, String(value))
      return
    case 'integer':
      writer.integer(number, typeof value === 'bigint' ? value : Number(value))
      return
    case 'number':
      writer.double(number, Number(value))
      return
    case 'boolean':
      writer.integer(number, value === true ? 1 : 0)
      return
    case 'bytes':
      writer.bytes(number, Buffer.from(String(value), 'base64'))
      return
    case 'quantity':
      writeTextMessage(writer, number, String(value))
      return
    case 'time':
    case 'microTime':
      writeTime(writer, number, String(value))
      return
    case 'intOrString': {
      const isText = typeof value === 'string'
      const start = writer.begin(number)
      writer.integer(1, isText ? 1 : 0).integer(2, isText ? 0 : Number(value))
      writer.text(3, isText ? value : '').end(start)
      return
    }
    default:
      writeTextMessage(writer, number, encodeJson(value))
  }
}

export function writeTextMessage(writer: Writer, number: number, text: string): void {
  const start = writer.begin(number)
  writer.text(1, text).end(start)
}

type WireValue = WireField['value']

const integerOf = (value: WireValue | undefined): number =>
  value === undefined || Buffer.isBuffer(value) ? 0 : Number(value)

function bytesOf(value: WireValue | undefined): Buffer {
  if (value === undefined) return Buffer.alloc(0)
  if (Buffer.isBuffer(value)) return value
  throw new WireError('proto: wrong wireType')
}

function messageOf(value: WireValue): Map<number, WireValue> {
  return new Map([...readFields(bytesOf(value))].map(field => [field.number, field.value]))
}

/** @returns the JSON in a message of raw JSON */
export const rawTextOf = (value: WireValue): Buffer => bytesOf(messageOf(value).get(1))

/** @returns the JSON value, or undefined for a time or raw value that is not set. */
export function decodeScalar(value: WireValue, fact: FieldFact): unknown {
  switch (fact.t) {
    case 'string':
      return bytesOf(value).toString('utf8')
    case 'integer':
      return typeof value === 'bigint' ? value : integerOf(value)
    case 'number':
      return typeof value === 'number' ? value : 0
    case 'boolean':
      return integerOf(value) !== 0
    case 'bytes':
      return bytesOf(value).toString('base64')
    case 'quantity':
      return bytesOf(messageOf(value).get(1)).toString('utf8') || '0'
    case 'time':
    case 'microTime':
      return timeOf(messageOf(value), fact.t === 'microTime')
    case 'intOrString': {
      const message = messageOf(value)
      return integerOf(message.get(1)) === 1 ? bytesOf(message.get(3)).toString('utf8') : integerOf(message.get(2))
    }
    default: {
      const raw = rawTextOf(value).toString('utf8')
      return raw === '' ? undefined : parseRaw(raw)
    }
  }
}

/** What a number that no double holds has, among other texts. */
const MAY_BE_HUGE = /\d[eE]\+?\d{3}|\d{300}/

function parseRaw(text: string): unknown {
  const huge = MAY_BE_HUGE.test(text) ? scanJson(text, Infinity).outOfRange : undefined
  if (huge !== undefined) throw new WireError(`json: cannot unmarshal number ${huge} into Go value of type float64`)
  try {
    return parseJson(text)
  } catch (error) {
    if (error instanceof SyntaxError) throw new WireError(`raw value is no JSON: ${error.message}`)
    throw error
  }
}

function timeOf(message: Map<number, WireValue>, micros: boolean): string | undefined {
  const seconds = integerOf(message.get(1))
  const nanos = integerOf(message.get(2))
  if (seconds === 0 && nanos === 0) return undefined
  if (Math.abs(seconds) > 253_402_300_799 || nanos < 0 || nanos > 999_999_999) throw new WireError('time out of range')
  const base = new Date(seconds * 1000).toISOString().slice(0, 19)
  return micros ? `${base}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z` : `${base}Z`
}
