// The address by which other nodes reach this one. It may change under a running agent: a new lease, another network.
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import { type Clock, delay } from '../../../shared/machinery/clock.ts'

type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>

/** @returns the first address of this machine that is not a loopback's or a container bridge's */
export function guessNodeIP(interfaces: Interfaces = networkInterfaces()): string | undefined {
  const skip = /^(lo|docker|br-|veth|flo|cni|virbr)/
  for (const [name, addresses] of Object.entries(interfaces))
    for (const { family, internal, address } of addresses ?? [])
      if (family === 'IPv4' && !internal && !skip.test(name)) return address
  return undefined
}

const isHere = (ip: string, interfaces: Interfaces): boolean =>
  Object.values(interfaces).some(addresses => addresses?.some(({ address }) => address === ip))

/** @param configured as the settings say; another address is taken when the machine has this one no longer */
export const chooseNodeIP = (
  configured: string | undefined,
  interfaces: Interfaces = networkInterfaces(),
): string | undefined =>
  configured !== undefined && isHere(configured, interfaces) ? configured : (guessNodeIP(interfaces) ?? configured)

const LOOK_MS = 10_000

export interface NodeAddressOptions {
  readonly nodeIP: string
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly interfaces?: () => Interfaces
}

/**
 * Waits until the machine has another address in the place of this one, two looks in a row: leases are renewed by taking
 * an address away and giving it back.
 * @returns the new one; undefined when the signal aborted first
 */
export async function nextNodeIP(options: NodeAddressOptions): Promise<string | undefined> {
  const { nodeIP, clock, signal, interfaces = networkInterfaces } = options
  let before: string | undefined
  while (!signal.aborted) {
    const now = interfaces()
    const next = isHere(nodeIP, now) ? undefined : guessNodeIP(now)
    if (next !== undefined && next === before) return next
    before = next
    await delay(clock, LOOK_MS, signal).catch(() => undefined) // aborted: the loop ends
  }
  return undefined
}
