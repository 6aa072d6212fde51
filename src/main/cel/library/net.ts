// IP addresses and address ranges. As upstream has it: no zones, and no IPv4 inside an IPv6 address.
import { parseRange } from '../../../shared/machinery/cidr.ts'
import { BITS, type IPFamily, formatIP, parseIP } from '../../../shared/machinery/ip-address.ts'
import { CelError } from '../errors.ts'
import { Opaque } from '../values.ts'
import { fn, type Library, method } from './declare.ts'

class Ip extends Opaque {
  readonly type = 'net.IP'
  readonly family: IPFamily
  readonly bits: bigint
  override readonly size: number
  constructor(family: IPFamily, bits: bigint) {
    super()
    this.family = family
    this.bits = bits
    this.size = BITS[family] / 8
  }
  equals(other: Opaque): boolean {
    return other instanceof Ip && other.family === this.family && other.bits === this.bits
  }
  /** The shortest text; for IPv6 as RFC 5952 writes it. */
  override toString(): string {
    return formatIP({ family: this.family, value: this.bits })
  }
}

class Cidr extends Opaque {
  readonly type = 'net.CIDR'
  readonly ip: Ip
  readonly prefix: number
  override readonly size: number
  constructor(ip: Ip, prefix: number) {
    super()
    this.ip = ip
    this.prefix = prefix
    this.size = Math.ceil(prefix / 8)
  }
  get #hostBits(): bigint {
    return BigInt(BITS[this.ip.family] - this.prefix)
  }
  masked(): Cidr {
    const bits = (this.ip.bits >> this.#hostBits) << this.#hostBits
    return new Cidr(new Ip(this.ip.family, bits), this.prefix)
  }
  contains({ family, bits }: Ip): boolean {
    return family === this.ip.family && bits >> this.#hostBits === this.ip.bits >> this.#hostBits
  }
  equals(other: Opaque): boolean {
    return other instanceof Cidr && other.prefix === this.prefix && other.ip.equals(this.ip)
  }
  override toString(): string {
    return `${this.ip.toString()}/${this.prefix}`
  }
}

const isMixed = ({ family }: { family: IPFamily }, text: string) => family === 'IPv6' && text.includes('.')

function parseIp(text: string): Ip | undefined {
  const parsed = parseIP(text)
  return parsed && !isMixed(parsed, text) ? new Ip(parsed.family, parsed.value) : undefined
}

function ip(text: string): Ip {
  const parsed = parseIp(text)
  if (!parsed)
    throw new CelError(
      `IP Address ${JSON.stringify(text)} parse error during conversion from string: ParseAddr(${JSON.stringify(text)}): unable to parse IP`,
    )
  return parsed
}

function parseCidr(text: string): Cidr | undefined {
  const range = parseRange(text)
  return range && !isMixed(range, text) ? new Cidr(new Ip(range.family, range.address), range.bits) : undefined
}

function cidr(text: string): Cidr {
  const parsed = parseCidr(text)
  if (!parsed)
    throw new CelError(
      `network address parse error during conversion from string: network address parse error: netip.ParsePrefix(${JSON.stringify(text)})`,
    )
  return parsed
}

const isLoopback = ({ family, bits }: Ip) => (family === 'IPv4' ? bits >> 24n === 127n : bits === 1n)
const isLinkLocalMulticast = ({ family, bits }: Ip) =>
  family === 'IPv4' ? bits >> 8n === 0xe00000n : ((bits >> 112n) & 0xff0fn) === 0xff02n
const isLinkLocalUnicast = ({ family, bits }: Ip) =>
  family === 'IPv4' ? bits >> 16n === 0xa9fen : bits >> 118n === 0x3fan
const isMulticast = ({ family, bits }: Ip) => (family === 'IPv4' ? bits >> 28n === 14n : bits >> 120n === 0xffn)
const isGlobalUnicast = (a: Ip) =>
  a.bits !== 0n &&
  !(a.family === 'IPv4' && a.bits === 0xffffffffn) &&
  !isLoopback(a) &&
  !isMulticast(a) &&
  !isLinkLocalUnicast(a)

const covers = (a: Cidr, b: Cidr) => a.prefix <= b.prefix && a.contains(b.masked().ip)

function isCanonical(text: string): boolean {
  return ip(text).toString() === text
}

/** @see https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-ip-address-library */
export const net: Library = [
  fn('ip', 'string_to_ip', 'string -> net.IP', ip),
  fn('isIP', 'is_ip', 'string -> bool', (text: string) => parseIp(text) !== undefined),
  fn('ip.isCanonical', 'ip_is_canonical', 'string -> bool', isCanonical),
  fn('string', 'ip_to_string', 'net.IP -> string', String),
  method('family', 'ip_family', 'net.IP -> int', (a: Ip) => (a.family === 'IPv4' ? 4n : 6n)),
  method('isUnspecified', 'ip_is_unspecified', 'net.IP -> bool', (a: Ip) => a.bits === 0n),
  method('isLoopback', 'ip_is_loopback', 'net.IP -> bool', isLoopback),
  method('isLinkLocalMulticast', 'ip_is_link_local_multicast', 'net.IP -> bool', isLinkLocalMulticast),
  method('isLinkLocalUnicast', 'ip_is_link_local_unicast', 'net.IP -> bool', isLinkLocalUnicast),
  method('isGlobalUnicast', 'ip_is_global_unicast', 'net.IP -> bool', isGlobalUnicast),
  fn('cidr', 'string_to_cidr', 'string -> net.CIDR', cidr),
  fn('isCIDR', 'is_cidr', 'string -> bool', (text: string) => parseCidr(text) !== undefined),
  fn('string', 'cidr_to_string', 'net.CIDR -> string', String),
  method('containsIP', 'cidr_contains_ip_string', 'net.CIDR; string -> bool', (a: Cidr, b: string) =>
    a.contains(ip(b)),
  ),
  method('containsIP', 'cidr_contains_ip_ip', 'net.CIDR; net.IP -> bool', (a: Cidr, b: Ip) => a.contains(b)),
  method('containsCIDR', 'cidr_contains_cidr_string', 'net.CIDR; string -> bool', (a: Cidr, b: string) =>
    covers(a, cidr(b)),
  ),
  method('containsCIDR', 'cidr_contains_cidr', 'net.CIDR; net.CIDR -> bool', covers),
  method('ip', 'cidr_ip', 'net.CIDR -> net.IP', (a: Cidr) => a.ip),
  method('masked', 'cidr_masked', 'net.CIDR -> net.CIDR', (a: Cidr) => a.masked()),
  method('prefixLength', 'cidr_prefix_length', 'net.CIDR -> int', (a: Cidr) => BigInt(a.prefix)),
]
