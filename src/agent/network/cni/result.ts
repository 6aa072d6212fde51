// What a chain of plugins made: the pod's addresses, in each of the result's shapes.
import * as v from 'valibot'
import { isIPv4 } from '../../../shared/machinery/ipv4.ts'

const cidr = v.pipe(v.string(), v.regex(/^[0-9A-Fa-f.:]+\/\d+$/))
const result = v.object({
  /** From 0.3.0. */
  ips: v.optional(v.array(v.object({ address: cidr })), []),
  /** Before. */
  ip4: v.optional(v.object({ ip: cidr })),
  ip6: v.optional(v.object({ ip: cidr })),
})

/** @returns IPv4 first; empty when it tells none */
export function addressesIn(answer: unknown): string[] {
  const parsed = v.safeParse(result, answer)
  if (!parsed.success) return []
  const { ips, ip4, ip6 } = parsed.output
  const all = [...ips.map(({ address }) => address), ...[ip4, ip6].flatMap(old => old?.ip ?? [])]
  const addresses = all.map(address => address.replace(/\/.*/, ''))
  return [...addresses.filter(isIPv4), ...addresses.filter(address => !isIPv4(address))]
}
