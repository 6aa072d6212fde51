// IPv4 addresses and prefixes as numbers.

export interface Cidr {
  /** The network address, host bits cleared. */
  readonly base: number
  /** Prefix length, 0–32. */
  readonly bits: number
}

/** @returns the address as an unsigned 32-bit number, or undefined when the text is not a dotted quad. */
export function parseIPv4(text: string): number | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let value = 0
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || (part.length > 1 && part.startsWith('0'))) return undefined
    const byte = Number(part)
    if (byte > 255) return undefined
    value = value * 256 + byte
  }
  return value
}

export const formatIPv4 = (value: number): string =>
  [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.')

export const isIPv4 = (text: string): boolean => parseIPv4(text) !== undefined

const maskOf = (bits: number): number => (bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0)

/** @returns the prefix, or undefined when the text is not `a.b.c.d/n`; a bare address counts as /32. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', length = '32', ...rest] = text.split('/')
  const value = parseIPv4(address)
  const bits = /^\d{1,2}$/.test(length) ? Number(length) : NaN
  if (value === undefined || !(bits <= 32) || rest.length > 0) return undefined
  return { base: (value & maskOf(bits)) >>> 0, bits }
}

export const formatCidr = ({ base, bits }: Cidr): string => `${formatIPv4(base)}/${bits}`

export const contains = ({ base, bits }: Cidr, address: number): boolean => (address & maskOf(bits)) >>> 0 === base

/** @returns how many addresses the prefix holds. */
export const sizeOf = ({ bits }: Cidr): number => 2 ** (32 - bits)

/** @throws Error naming the text, for values that configuration got wrong. */
export function requireCidr(text: string): Cidr {
  const cidr = parseCidr(text)
  if (!cidr) throw new Error(`${text} is not an IPv4 prefix`)
  return cidr
}
