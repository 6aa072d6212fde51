// Ranges of addresses of either family: `10.96.0.0/16`, `fd00:10:96::/112`.
import { BITS, type IPAddressValue, type IPFamily, parseIP } from './ip-address.ts'

export interface CidrRange {
  readonly family: IPFamily
  /** As written, which may be any of the range. */
  readonly address: bigint
  readonly first: bigint
  readonly last: bigint
  /** Prefix length. */
  readonly bits: number
}

/** @returns undefined for what is no range */
export function parseRange(cidr: string): CidrRange | undefined {
  const [base = '', length = '', ...rest] = cidr.split('/')
  const ip = parseIP(base)
  if (!ip || rest.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(length)) return undefined
  const { family, value: address } = ip
  const bits = Number(length)
  if (bits > BITS[family]) return undefined
  const size = 1n << BigInt(BITS[family] - bits)
  const first = address - (address % size)
  return { family, address, first, last: first + size - 1n, bits }
}

export const rangeContains = (range: CidrRange, { family, value }: IPAddressValue): boolean =>
  family === range.family && value >= range.first && value <= range.last

/** Whether some address is in both. */
export const rangesOverlap = (a: CidrRange, b: CidrRange): boolean =>
  a.family === b.family && a.first <= b.last && b.first <= a.last

/** @returns false for what is no range or no address, and for an address of the other family */
export function cidrContains(cidr: string, address: string): boolean {
  const range = parseRange(cidr)
  const ip = parseIP(address)
  return range !== undefined && ip !== undefined && rangeContains(range, ip)
}

/** Whether the text is a range whose address is its own network's. */
export function isNetwork(cidr: string): boolean {
  const range = parseRange(cidr)
  return range !== undefined && range.address === range.first
}
