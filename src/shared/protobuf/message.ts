// Protobuf messages of gRPC services as tables of fields, whose types follow from them:
//
//   const device = message({ id: text(1), health: text(2), topology: nested(3, topologyInfo) })
//   type Device = Decoded<typeof device>
//
// What a sender left out has proto3's zero value; a message that was left out is undefined.
import { VARINT, WireError, type WireField, Writer, readFields } from './wire.ts'

type WireValue = WireField['value']

/** One field: what it is for whoever reads it, and what may be given for it. */
export interface Field<Out, In = Out> {
  readonly number: number
  zero(): Out
  /** @param before what earlier occurrences of the field were */
  read(value: WireValue, before: Out): Out
  write(writer: Writer, value: In): void
}

// Which types the fields have is asked with `infer` alone; `any` stands for both directions of a table's fields.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type AnyField = Field<any, any>
type Fields = Readonly<Record<string, AnyField>>
type OutOf<F> = { readonly [K in keyof F]: F[K] extends Field<infer Out, infer _In> ? Out : never }
type InOf<F> = { readonly [K in keyof F]?: (F[K] extends Field<infer _Out, infer In> ? In : never) | undefined }

export interface MessageType<Out, In> {
  encode(value: In): Buffer
  /** @throws WireError for bytes that are no such message */
  decode(bytes: Buffer): Out
  write(writer: Writer, value: In): void
}

export type Decoded<M> = M extends MessageType<infer Out, infer _In> ? Out : never
export type Encodable<M> = M extends MessageType<infer _Out, infer In> ? In : never

export function message<F extends Fields>(fields: F): MessageType<OutOf<F>, InOf<F>> {
  const entries = Object.entries(fields)
  const byNumber = new Map(entries.map(([name, field]) => [field.number, { name, field }]))
  const write = (writer: Writer, value: InOf<F>) => {
    for (const [name, field] of entries) {
      const given: unknown = value[name]
      if (given !== undefined) field.write(writer, given)
    }
  }
  return {
    write,
    encode(value) {
      const writer = new Writer()
      write(writer, value)
      return writer.finish()
    },
    decode(bytes) {
      const found: Record<string, unknown> = {}
      for (const [name, field] of entries) found[name] = field.zero()
      for (const { number, value } of readFields(bytes)) {
        const known = byNumber.get(number)
        if (known) found[known.name] = known.field.read(value, found[known.name])
      }
      return found as OutOf<F>
    },
  }
}

const bytesOf = (value: WireValue): Buffer => {
  if (typeof value === 'number' || typeof value === 'bigint') throw new WireError('a number where bytes belong')
  return value
}
const numberOf = (value: WireValue): number => {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  throw new WireError('bytes where a number belongs')
}

export const text = (number: number): Field<string> => ({
  number,
  zero: () => '',
  read: value => bytesOf(value).toString('utf8'),
  write: (writer, value) => void (value !== '' && writer.text(number, value)),
})

/** Left out is not the same as empty. */
export const optionalText = (number: number): Field<string | undefined, string> => ({
  ...text(number),
  zero: () => undefined,
  read: value => bytesOf(value).toString('utf8'),
  write: (writer, value) => void writer.text(number, value),
})

export const bytes = (number: number): Field<Buffer> => ({
  number,
  zero: () => Buffer.alloc(0),
  read: value => Buffer.from(bytesOf(value)),
  write: (writer, value) => void (value.length > 0 && writer.bytes(number, value)),
})

/** Of up to 64 bits; what is beyond 2⁵³ is not exact. Also for enums. */
export const integer = (number: number): Field<number> => ({
  number,
  zero: () => 0,
  read: numberOf,
  write: (writer, value) => void (value !== 0 && writer.integer(number, value)),
})

export const bool = (number: number): Field<boolean> => ({
  number,
  zero: () => false,
  read: value => numberOf(value) !== 0,
  write: (writer, value) => void (value && writer.integer(number, 1)),
})

/** A message in a message. Of a `oneof`, give one of the fields. */
export const nested = <Out, In>(number: number, type: MessageType<Out, In>): Field<Out | undefined, In> => ({
  number,
  zero: () => undefined,
  read: value => type.decode(bytesOf(value)),
  write(writer, value) {
    const start = writer.begin(number)
    type.write(writer, value)
    writer.end(start)
  },
})

// Lists and maps that are read are the decoder's own: a long one is not copied for each that is added.
const add = <T>(list: readonly T[], ...values: readonly T[]): readonly T[] => {
  ;(list as T[]).push(...values)
  return list
}

export const manyTexts = (number: number): Field<readonly string[]> => ({
  number,
  zero: () => [],
  read: (value, before) => add(before, bytesOf(value).toString('utf8')),
  write(writer, values) {
    for (const value of values) writer.text(number, value)
  },
})

/** Packed or not, as the sender likes. */
export const manyIntegers = (number: number): Field<readonly number[]> => ({
  number,
  zero: () => [],
  read(value, before) {
    for (const each of Buffer.isBuffer(value) ? unpacked(value) : [numberOf(value)]) add(before, each)
    return before
  },
  write(writer, values) {
    for (const value of values) writer.integer(number, value)
  },
})

export const many = <Out, In>(number: number, type: MessageType<Out, In>): Field<readonly Out[], readonly In[]> => {
  const one = nested(number, type)
  return {
    number,
    zero: () => [],
    read: (value, before) => add(before, type.decode(bytesOf(value))),
    write(writer, values) {
      for (const value of values) one.write(writer, value)
    },
  }
}

const entry = message({ key: text(1), value: text(2) })

/** A map of texts. */
export const texts = (number: number): Field<Readonly<Record<string, string>>, Readonly<Record<string, string>>> => {
  const one = nested(number, entry)
  return {
    number,
    zero: () => Object.create(null) as Record<string, string>,
    read(value, before) {
      const { key, value: of } = entry.decode(bytesOf(value))
      ;(before as Record<string, string>)[key] = of
      return before
    },
    write(writer, value) {
      for (const [key, of] of Object.entries(value)) one.write(writer, { key, value: of })
    },
  }
}

/** A map of texts to messages. */
export const messages = <Out, In>(
  number: number,
  type: MessageType<Out, In>,
): Field<Readonly<Record<string, Out>>, Readonly<Record<string, In>>> => {
  const pair = message({ key: text(1), value: nested(2, type) })
  const one = nested(number, pair)
  return {
    number,
    zero: () => Object.create(null) as Record<string, Out>,
    read(value, before) {
      const { key, value: of } = pair.decode(bytesOf(value))
      ;(before as Record<string, Out>)[key] = of ?? type.decode(Buffer.alloc(0))
      return before
    },
    write(writer, value) {
      for (const [key, of] of Object.entries(value)) one.write(writer, { key, value: of })
    },
  }
}

function* unpacked(values: Buffer): Generator<number> {
  let start = 0
  for (let at = 0; at < values.length; at++) {
    if (((values[at] ?? 0) & 128) !== 0) continue
    // A varint is read where fields are read: behind a tag of its own.
    const field = Buffer.concat([Buffer.from([8 + VARINT]), values.subarray(start, at + 1)])
    for (const { value } of readFields(field)) yield numberOf(value)
    start = at + 1
  }
}
