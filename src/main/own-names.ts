// Under which names and addresses this machine's API server is reached.
import { isIP } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'

/** Names and addresses of this machine that clients may use. */
export function ownNames(host: string): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap(list =>
    (list ?? []).filter(({ internal }) => !internal).map(({ address }) => address),
  )
  const given = ['0.0.0.0', '::'].includes(host) ? [] : [host]
  return [...new Set([hostname().toLowerCase(), ...given, ...addresses.filter(address => !address.includes('%'))])]
}

/** URLs under which other machines may reach the API server; none when it only listens on loopback. */
export function reachableServers(
  { address, port }: { address: string; port: number },
  advertise: readonly string[],
): string[] {
  if (['127.0.0.1', '::1'].includes(address)) return []
  const own = ['0.0.0.0', '::'].includes(address) ? ownNames(address).filter(name => isIP(name)) : [address]
  return [...new Set([...advertise, ...own])].map(ip => `https://${ip.includes(':') ? `[${ip}]` : ip}:${port}`)
}

/** Bridges of container engines and hypervisors, as their programs call them. */
const INNER_LINK = /^(docker\d+|br-[0-9a-f]{12}|podman\d+|cni\d+|lxcbr\d+|virbr\d+)$/

/** @returns the URLs without this machine's addresses that lead to its own containers and virtual machines, if others are left */
export function forOtherMachines(urls: readonly string[], links = networkInterfaces()): string[] {
  const inner = new Set(
    Object.entries(links)
      .flatMap(([name, list]) => (INNER_LINK.test(name) ? (list ?? []) : []))
      .map(({ address }) => address),
  )
  const outer = urls.filter(url => !inner.has(new URL(url).hostname.replace(/^\[|\]$/g, '')))
  return outer.length > 0 ? outer : [...urls]
}

/** An address to connect to, for one that only says "everywhere". */
export const reachable = (address: string) => (address === '0.0.0.0' ? '127.0.0.1' : address)
