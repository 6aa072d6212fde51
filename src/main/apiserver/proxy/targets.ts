// What a proxy request names: `[scheme:]name[:port]`, and which addresses may be behind it.
import { isIPv4, isIPv6 } from 'node:net'
import { badRequest } from '../../../shared/machinery/status.ts'

export interface ProxyName {
  readonly scheme: 'http' | 'https'
  readonly name: string
  /** '' = the default; a number or a port's name. */
  readonly port: string
}

/** @throws ApiError 400 */
export function parseProxyName(text: string): ProxyName {
  const parts = text.split(':')
  const [first = '', second = '', third = ''] = parts
  if (parts.length === 1 && first) return { scheme: 'http', name: first, port: '' }
  if (parts.length === 2 && first) return { scheme: 'http', name: first, port: second }
  if (parts.length === 3 && second && ['', 'http', 'https'].includes(first))
    return { scheme: first === 'https' ? 'https' : 'http', name: second, port: third }
  throw badRequest(`invalid pod, service or node request ${JSON.stringify(text)}`)
}

function isGlobalUnicast(address: string): boolean {
  if (isIPv4(address)) {
    const [a = 0, b = 0] = address.split('.').map(Number)
    return a !== 0 && a !== 127 && a < 224 && !(a === 169 && b === 254)
  }
  if (!isIPv6(address)) return false
  const text = address.toLowerCase()
  // Zone ids, and IPv4 in IPv6 clothes, which would smuggle loopback through.
  if (text.includes('%') || text.includes('.')) return false
  const leading = Number.parseInt(text.split(':')[0] || '0', 16)
  // ::/16 holds the unspecified, the loopback and the mapped addresses; fe80::/10 is link-local; ff00::/8 multicast.
  return leading !== 0 && (leading & 0xffc0) !== 0xfe80 && (leading & 0xff00) !== 0xff00
}

/** Pods choose nothing about their address, but whoever writes a status does: the node itself must stay out of reach. */
export function assertProxyable(address: string | undefined): string {
  if (address === undefined || !isGlobalUnicast(address)) throw badRequest('address not allowed')
  return address
}

export const hostPort = (address: string, port: number): string =>
  isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`

/** @throws ApiError 400 */
export function portNumber(text: string): number {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535) throw badRequest(`invalid port ${JSON.stringify(text)}`)
  return port
}
