// Which DNS servers this host uses, read from its resolver configuration.
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'

const SYSTEM_FILE = '/etc/resolv.conf'
/** What systemd-resolved itself asks, where the system file only names its stub on 127.0.0.53. */
const RESOLVED_FILE = '/run/systemd/resolve/resolv.conf'

/** @returns addresses in the file's order. */
export const parseNameservers = (text: string): string[] =>
  text.split('\n').flatMap(line => {
    const [keyword, address = ''] = line.trim().split(/\s+/)
    return keyword === 'nameserver' && isIP(address.split('%')[0] ?? '') > 0 ? [address] : []
  })

/** @param own the cluster's DNS addresses: asking ourselves would never end */
export function upstreamServers(own: readonly string[], read: (path: string) => string = readIfPresent): string[] {
  const usable = (path: string) => parseNameservers(read(path)).filter(address => !own.includes(address))
  const system = usable(SYSTEM_FILE)
  if (!system.some(isLoopback)) return system
  const behindStub = usable(RESOLVED_FILE).filter(address => !isLoopback(address))
  // A resolver of the host's own on loopback is fine: we share its network.
  return behindStub.length > 0 ? behindStub : system
}

const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1'

function readIfPresent(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
