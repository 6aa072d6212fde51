// The protobuf wire format: tags, varints and length-delimited bytes.
import { narrow } from '../machinery/json-text.ts'

export class WireError extends Error {
  override readonly name = 'WireError'
}

export const VARINT = 0
export const FIXED64 = 1
export const BYTES = 2
export const FIXED32 = 5

/** Shorter texts are written here, character by character: a call into the engine's own code costs more. */
const SHORT_TEXT = 32
const FIRST_BYTES = 256
/** A buffer that is larger is not kept for the next message. */
const KEPT_BYTES = 1024 * 1024
let spare: Buffer | undefined

/**
 * Writes messages into one buffer. The length of a nested one comes before it and is known after it: begin() leaves a
 * byte for it, and end() moves what is longer.
 */
export class Writer {
  #buffer: Buffer
  #at = 0

  constructor() {
    this.#buffer = spare ?? Buffer.allocUnsafeSlow(FIRST_BYTES)
    spare = undefined
  }

  /** @param value a whole number; negative ones take ten bytes, as in two's complement of 64 bits */
  varint(value: number | bigint): this {
    this.#reserve(10)
    if (typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER) this.#small(value)
    else {
      let rest = BigInt.asUintN(64, BigInt(value))
      while (rest > 127n) {
        this.#buffer[this.#at++] = Number(rest & 127n) | 128
        rest >>= 7n
      }
      this.#buffer[this.#at++] = Number(rest)
    }
    return this
  }
  tag(field: number, type: number): this {
    this.#reserve(10)
    this.#small(field * 8 + type)
    return this
  }
  bytes(field: number, value: Buffer): this {
    this.tag(field, BYTES).varint(value.length)
    this.#reserve(value.length)
    this.#at += value.copy(this.#buffer, this.#at)
    return this
  }
  text(field: number, value: string): this {
    this.tag(field, BYTES)
    if (value.length <= SHORT_TEXT && this.#shortAscii(value)) return this
    const length = Buffer.byteLength(value)
    this.varint(length)
    this.#reserve(length)
    this.#at += this.#buffer.write(value, this.#at, length, 'utf8')
    return this
  }
  integer(field: number, value: number | bigint): this {
    return this.tag(field, VARINT).varint(value)
  }
  double(field: number, value: number): this {
    this.tag(field, FIXED64)
    this.#reserve(8)
    this.#at = this.#buffer.writeDoubleLE(value, this.#at)
    return this
  }
  /** Begins a nested message. @returns what end() wants */
  begin(field: number): number {
    this.tag(field, BYTES)
    return ++this.#at
  }
  end(start: number): this {
    const length = this.#at - start
    if (length < 128) {
      this.#buffer[start - 1] = length
      return this
    }
    this.#reserve(10)
    const more = bytesOfVarint(length) - 1
    this.#buffer.copyWithin(start + more, start, this.#at)
    this.#at = start - 1
    this.#small(length)
    this.#at += length
    return this
  }
  get length(): number {
    return this.#at
  }
  /** Takes back what was written since then. */
  rewind(length: number): void {
    this.#at = length
  }
  /** @returns what was written; the writer is of no use any more */
  finish(): Buffer {
    const message = Buffer.from(this.#buffer.subarray(0, this.#at))
    if (this.#buffer.length <= KEPT_BYTES) spare = this.#buffer
    return message
  }

  #small(value: number): void {
    let rest = value
    while (rest > 127) {
      this.#buffer[this.#at++] = (rest % 128) | 128
      rest = Math.floor(rest / 128)
    }
    this.#buffer[this.#at++] = rest
  }
  #shortAscii(value: string): boolean {
    this.#reserve(SHORT_TEXT + 1)
    const start = this.#at + 1
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i)
      if (code > 127) return false
      this.#buffer[start + i] = code
    }
    this.#buffer[this.#at] = value.length
    this.#at = start + value.length
    return true
  }
  #reserve(bytes: number): void {
    const needed = this.#at + bytes
    if (needed <= this.#buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(larger, 0, 0, this.#at)
    this.#buffer = larger
  }
}

/** @param value from 0 to 2³¹ */
const bytesOfVarint = (value: number): number => Math.ceil((32 - Math.clz32(value)) / 7) || 1

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
