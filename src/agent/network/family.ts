// The two address families, as the host's tools name them.
import { BITS, familyOf, formatIP, type IPFamily, parseIP } from '../../shared/machinery/ip-address.ts'

export interface Family {
  readonly name: IPFamily
  /** nft's name of the family, of its tables and of the fields of its packets. */
  readonly ip: 'ip' | 'ip6'
  /** nft's type of an address. */
  readonly addressType: 'ipv4_addr' | 'ipv6_addr'
  /** Prefix length of a single address. */
  readonly bits: number
}

export const IPV4: Family = { name: 'IPv4', ip: 'ip', addressType: 'ipv4_addr', bits: BITS.IPv4 }
export const IPV6: Family = { name: 'IPv6', ip: 'ip6', addressType: 'ipv6_addr', bits: BITS.IPv6 }

/** @returns those that are addresses of the family, each in the one text that stands for it */
export const addressesIn = ({ name }: Family, texts: readonly string[]): string[] =>
  texts.flatMap(text => {
    const ip = parseIP(text)
    return ip?.family === name ? [formatIP(ip)] : []
  })

/** @returns the first of these addresses that is of the family */
export const firstIn = ({ name }: Family, ips: readonly string[]): string | undefined =>
  ips.find(ip => familyOf(ip) === name)
