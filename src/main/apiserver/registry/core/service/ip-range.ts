// IPv4 ranges as numbers, and the order in which addresses and ports are given out.

/** First and last value that may be given out, and where dynamic picks start. */
export interface NumberRange {
  readonly first: number
  readonly last: number
  /** Values below are given out dynamically only when all others are taken: people like to name low ones by hand. */
  readonly dynamicFirst: number
}

export function ipv4ToNumber(text: string): number | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let result = 0
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    result = result * 256 + Number(part)
  }
  return result
}

export const numberToIPv4 = (value: number): string =>
  [24, 16, 8, 0].map(shift => Math.floor(value / 2 ** shift) % 256).join('.')

const clamp = (value: number, min: number, max: number) => Math.min(Math.max(value, min), max)

/**
 * The addresses of a CIDR without its first and last. Of them, min(max(16, size/16), 256) low ones are kept for
 * named picks. @see KEP-3070
 * @throws Error when the text is no IPv4 CIDR between /8 and /30
 */
export function addressRange(cidr: string): NumberRange {
  const [base = '', bits = ''] = cidr.split('/')
  const network = ipv4ToNumber(base)
  const prefix = /^\d{1,2}$/.test(bits) ? Number(bits) : -1
  if (network === undefined || prefix < 8 || prefix > 30) throw new Error(`not a usable IPv4 range: ${cidr}`)
  const size = 2 ** (32 - prefix)
  const first = network - (network % size) + 1
  const usable = size - 2
  const kept = usable <= 16 ? 0 : clamp(Math.floor(usable / 16), 16, 256)
  return { first, last: first + usable - 1, dynamicFirst: first + kept }
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
