// Under which names and addresses this machine's API server is reached.
import { isIP } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { familyOf } from '../../shared/machinery/ip-address.ts'
import { hostOf } from '../../shared/machinery/url-host.ts'

/** Names and addresses of this machine that clients may use. */
export function ownNames(host: string, links = networkInterfaces()): string[] {
  const addresses = Object.values(links).flatMap(list =>
    (list ?? []).filter(({ internal }) => !internal).map(({ address }) => address),
  )
  const given = ['0.0.0.0', '::'].includes(host) ? [] : [host]
  return [...new Set([hostname().toLowerCase(), ...given, ...addresses.filter(address => !address.includes('%'))])]
}

/** URLs under which other machines may reach the API server; none when it only listens on loopback. */
export function reachableServers(
  { address, port }: { address: string; port: number },
  advertise: readonly string[],
  links = networkInterfaces(),
): string[] {
  if (['127.0.0.1', '::1'].includes(address)) return []
  // On which link of its own to look for an IPv6 address of one link, another machine cannot know.
  const isOfUse = (name: string) => isIP(name) !== 0 && !name.startsWith('fe80:')
  const own = ['0.0.0.0', '::'].includes(address) ? ownNames(address, links).filter(isOfUse) : [address]
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
  const outer = urls.filter(url => !inner.has(hostOf(new URL(url))))
  return outer.length > 0 ? outer : [...urls]
}

/** An address to connect to, for one that only says "everywhere". */
export const reachable = (address: string) => (address === '0.0.0.0' ? '127.0.0.1' : address)

/**
 * Where the `kubernetes` Service leads to. Endpoints may not be loopback addresses, and every node forwards the Service's
 * own address to the API server by itself: one that nobody has to tell from others, or that only listens on loopback, is
 * told of under that address.
 * @param others whether there may be other API servers of the same cluster
 */
export function serviceEndpoint(
  { address, port }: { address: string; port: number },
  advertise: readonly string[],
  { serviceIP, others }: { readonly serviceIP: string; readonly others: boolean },
): { readonly ip: string; readonly port: number } {
  const forwarded = { ip: serviceIP, port: 443 }
  if (/^(127\.|::1$)/.test(address)) return forwarded
  const isEverywhere = ['0.0.0.0', '::'].includes(address)
  if (!others) return isEverywhere ? forwarded : { ip: address, port }
  const own = isEverywhere
    ? ownNames(address).filter(name => isIP(name) && !/^(fe80:|169\.254\.)/.test(name))
    : [address]
  const candidates = [...advertise.filter(name => isIP(name)), ...own]
  const ip = candidates.find(each => familyOf(each) === familyOf(serviceIP)) ?? candidates[0]
  return ip === undefined ? forwarded : { ip, port }
}
