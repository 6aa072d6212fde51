// Ranges of addresses and ports as numbers, and the order in which they are given out.
import { parseRange } from '../../../../../shared/machinery/cidr.ts'
import { type IPFamily, formatIP, parseIP } from '../../../../../shared/machinery/ip-address.ts'

/** First and last value that may be given out, and where dynamic picks start. */
export interface NumberRange {
  readonly first: number
  readonly last: number
  /** Values below are given out dynamically only when all others are taken: people like to name low ones by hand. */
  readonly dynamicFirst: number
}

/** Addresses by their distance from the range's own. */
export interface AddressRange {
  readonly cidr: string
  readonly family: IPFamily
  readonly base: bigint
  /** The last one's distance, which may be asked for by name. */
  readonly last: bigint
  /** Of those that are picked. */
  readonly offsets: NumberRange
}

/** Beyond that nothing is picked of a large IPv6 range; all of them are exact numbers. */
const MAX_OFFSET = 2 ** 48

const clamp = (value: number, min: number, max: number) => Math.min(Math.max(value, min), max)

/**
 * The addresses of a CIDR without its first, and in IPv4 without its last. Of them, min(max(16, size/16), 256) low ones
 * are kept for named picks. @see KEP-3070
 * @returns undefined when the text is no range between /8 and /30 in IPv4, /48 and /126 in IPv6
 */
export function addressRange(cidr: string): AddressRange | undefined {
  const range = parseRange(cidr)
  if (!range) return undefined
  const { family, bits, first: base } = range
  const [largest, smallest, total] = family === 'IPv4' ? [8, 30, 32] : [48, 126, 128]
  if (bits < largest || bits > smallest) return undefined
  const end = 2n ** BigInt(total - bits) - (family === 'IPv4' ? 2n : 1n)
  const last = Math.min(Number(end), MAX_OFFSET)
  const kept = last <= 16 ? 0 : clamp(Math.floor(last / 16), 16, 256)
  return { cidr, family, base, last: end, offsets: { first: 1, last, dynamicFirst: 1 + kept } }
}

export const addressAt = ({ family, base }: AddressRange, offset: number): string =>
  formatIP({ family, value: base + BigInt(offset) })

export function holds({ family, base, last, offsets }: AddressRange, address: string): boolean {
  const ip = parseIP(address)
  if (ip?.family !== family) return false
  const offset = ip.value - base
  return offset >= BigInt(offsets.first) && offset <= last
}

/** @see KEP-3668: min(max(16, size/32), 128) low ports are kept for named picks. */
export function portRange(first: number, last: number): NumberRange {
  const size = last - first + 1
  const kept = size <= 16 ? 0 : clamp(Math.floor(size / 32), 16, 128)
  return { first, last, dynamicFirst: first + kept }
}

function scan(from: number, to: number, random: () => number, isFree: (value: number) => boolean): number | undefined {
  const size = to - from + 1
  if (size <= 0) return undefined
  const start = Math.floor(random() * size) % size
  for (let step = 0; step < size; step++) {
    const value = from + ((start + step) % size)
    if (isFree(value)) return value
  }
  return undefined
}

/** @returns a free value, from the upper band first, or undefined when the range is full */
export const pick = (
  range: NumberRange,
  random: () => number,
  isFree: (value: number) => boolean,
): number | undefined =>
  scan(range.dynamicFirst, range.last, random, isFree) ?? scan(range.first, range.dynamicFirst - 1, random, isFree)
