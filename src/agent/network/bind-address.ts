// Where a server of the agent's listens, as its configuration says it: `127.0.0.1:10249`, `[::]:10256`.
import { networkInterfaces } from 'node:os'
import { cidrContains } from '../../shared/machinery/cidr.ts'
import { parseIP } from '../../shared/machinery/ip-address.ts'

export interface BindAddress {
  readonly host: string
  readonly port: number
}

/** @returns undefined for what is no address with a port */
export function parseBindAddress(text: string): BindAddress | undefined {
  const [, v6, v4, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? []
  const host = v6 ?? v4 ?? ''
  const port = Number(digits)
  const isRight = parseIP(host)?.family === (v6 === undefined ? 'IPv4' : 'IPv6')
  return isRight && port >= 1 && port <= 65_535 ? { host, port } : undefined
}

/** @param named addresses and ranges @returns those of this machine's addresses that are meant, as they are now */
export const ownAddressesIn = (named: readonly string[]): string[] => [
  ...new Set(
    Object.values(networkInterfaces())
      .flatMap(addresses => addresses ?? [])
      .map(({ address }) => address)
      .filter(address => named.some(each => each === address || cidrContains(each, address))),
  ),
]
