// The protobuf wire format: tags, varints and length-delimited bytes.
import { narrow } from '../../../../shared/machinery/json-text.ts'

export class WireError extends Error {
  override readonly name = 'WireError'
}

export const VARINT = 0
export const FIXED64 = 1
export const BYTES = 2
export const FIXED32 = 5

/** Writes messages; nested ones are written apart, since their length comes first. */
export class Writer {
  readonly #chunks: Buffer[] = []

  /** @param value a whole number; negative ones take ten bytes, as in two's complement of 64 bits */
  varint(value: number | bigint): this {
    const bytes: number[] = []
    if (typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER) {
      let rest = value
      while (rest > 127) {
        bytes.push((rest % 128) | 128)
        rest = Math.floor(rest / 128)
      }
      bytes.push(rest)
    } else {
      let rest = BigInt.asUintN(64, BigInt(value))
      while (rest > 127n) {
        bytes.push(Number(rest & 127n) | 128)
        rest >>= 7n
      }
      bytes.push(Number(rest))
    }
    this.#chunks.push(Buffer.from(bytes))
    return this
  }
  tag(field: number, type: number): this {
    return this.varint(field * 8 + type)
  }
  bytes(field: number, value: Buffer): this {
    this.tag(field, BYTES).varint(value.length)
    this.#chunks.push(value)
    return this
  }
  text(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value, 'utf8'))
  }
  integer(field: number, value: number | bigint): this {
    return this.tag(field, VARINT).varint(value)
  }
  double(field: number, value: number): this {
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleLE(value)
    this.tag(field, FIXED64)
    this.#chunks.push(bytes)
    return this
  }
  finish(): Buffer {
    return Buffer.concat(this.#chunks)
  }
}

export interface WireField {
  readonly number: number
  /** Doubles and integers as numbers, integers beyond 2⁵³ as bigints, everything else as bytes. */
  readonly value: number | bigint | Buffer
}

/** @returns the fields of a message, in order. @throws WireError for bytes that are no message */
export function* readFields(bytes: Buffer): Generator<WireField> {
  let at = 0
  const varint = (): number | bigint => {
    let value = 0
    let scale = 1
    for (let i = 0; i < 7; i++) {
      const byte = bytes[at++]
      if (byte === undefined) throw new WireError('unexpected EOF')
      value += (byte & 127) * scale
      if (byte < 128) return value
      scale *= 128
    }
    let wide = BigInt(value)
    for (let shift = 49n; shift < 70n; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined) throw new WireError('unexpected EOF')
      wide |= BigInt(byte & 127) << shift
      if (byte < 128) return narrow(BigInt.asIntN(64, wide))
    }
    throw new WireError('proto: integer overflow')
  }
  const take = (length: number): Buffer => {
    if (length < 0 || at + length > bytes.length) throw new WireError('unexpected EOF')
    at += length
    return bytes.subarray(at - length, at)
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const number = Math.floor(tag / 8)
    if (number < 1) throw new WireError(`proto: illegal tag ${number}`)
    switch (tag % 8) {
      case VARINT:
        yield { number, value: varint() }
        break
      case FIXED64:
        yield { number, value: take(8).readDoubleLE(0) }
        break
      case BYTES:
        yield { number, value: take(Number(varint())) }
        break
      case FIXED32:
        take(4)
        break
      default:
        throw new WireError(`proto: illegal wireType ${tag % 8}`)
    }
  }
}
