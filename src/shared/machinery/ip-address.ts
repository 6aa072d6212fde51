// Addresses of both families as numbers, and their canonical text.
import { formatIPv4, parseIPv4 } from './ipv4.ts'

export type IPFamily = 'IPv4' | 'IPv6'

export interface IPAddressValue {
  readonly family: IPFamily
  readonly value: bigint
}

export const BITS: Readonly<Record<IPFamily, number>> = { IPv4: 32, IPv6: 128 }

export const familyOf = (address: string): IPFamily => (address.includes(':') ? 'IPv6' : 'IPv4')

/** At the end of an address, a dotted quad may stand for two groups: `::ffff:10.0.0.1`. */
function groupsOf(text: string, isEnd: boolean): string[] | undefined {
  if (text === '') return []
  const groups = text.split(':')
  const quad = groups.at(-1)
  if (!isEnd || !quad?.includes('.')) return groups
  const value = parseIPv4(quad)
  if (value === undefined) return undefined
  return [...groups.slice(0, -1), (value >>> 16).toString(16), (value & 0xffff).toString(16)]
}

function parseIPv6(text: string): bigint | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = [groupsOf(halves[0] ?? '', halves.length === 1), groupsOf(halves[1] ?? '', true)]
  if (!head || !tail) return undefined
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...tail]
  if (!groups.every(group => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n)
}

/** @returns undefined for what is no address; a zone (`%eth0`) is none */
export function parseIP(text: string): IPAddressValue | undefined {
  const family = familyOf(text)
  const value = family === 'IPv6' ? parseIPv6(text) : parseIPv4(text)
  return value === undefined ? undefined : { family, value: BigInt(value) }
}

/** @see RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups as `::` */
function formatIPv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16))
  const text = groups.join(':')
  const runs = [...text.matchAll(/(?<![^:])0(?::0)+(?![^:])/g)]
  const longest = runs.sort((a, b) => b[0].length - a[0].length)[0]
  if (!longest) return text
  const [before, after] = [text.slice(0, longest.index), text.slice(longest.index + longest[0].length)]
  return `${before.replace(/:$/, '')}::${after.replace(/^:/, '')}`
}

export const formatIP = ({ family, value }: IPAddressValue): string =>
  family === 'IPv6' ? formatIPv6(value) : formatIPv4(Number(value))

/** @returns the one text that stands for the address; what is none is left as it is */
export function canonicalIP(text: string): string {
  const ip = parseIP(text)
  return ip ? formatIP(ip) : text
}
