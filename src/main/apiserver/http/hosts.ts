// Which names a request may call this server by. A page that rebinds its own DNS name to our address keeps sending its
// own name: refusing names that are not ours ends that attack.
import { isIP } from 'node:net'

const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1'])

/** @returns the host of an authority, lower case, without port, brackets and trailing dot */
export function hostOf(authority: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(authority)
  if (bracketed) return (bracketed[1] ?? '').toLowerCase()
  return authority.replace(/:\d+$/, '').replace(/\.$/, '').toLowerCase()
}

/**
 * @param names those in the serving certificate; `*.example.com` covers one label
 * @param localAddress the address at which the connection arrived: nobody can rebind an address
 */
export function isAllowedHost(
  authority: string,
  names: ReadonlySet<string>,
  localAddress: string | undefined,
): boolean {
  const host = hostOf(authority)
  if (LOOPBACK.has(host) || names.has(host)) return true
  if (isIP(host) && localAddress !== undefined && host === localAddress.replace(/^::ffff:/, '')) return true
  const dot = host.indexOf('.')
  return dot > 0 && names.has(`*${host.slice(dot)}`)
}
