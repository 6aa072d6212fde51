// IPv6 on this node: whether the host can carry it, and which addresses follow from the node's range.
import { readFileSync } from 'node:fs'
import { type CidrRange, parseRange } from '../../shared/machinery/cidr.ts'
import { formatIP } from '../../shared/machinery/ip-address.ts'
import { type Cidr, parseIPv4, requireCidr, sizeOf } from '../../shared/machinery/ipv4.ts'

/** The cluster's ranges of its second family. */
export interface IPv6Ranges {
  /** Addresses of all pods, such as `fd00:10:244::/48`. */
  readonly clusterCIDR: string
  /** Addresses of all Services, such as `fd00:10:96::/112`. */
  readonly serviceCIDR: string
  /** Address of the cluster's DNS Service. */
  readonly clusterDNS: string
  /** Range of this node's pods. Default: the Node object's. */
  readonly podCIDR?: string
}

/** What pods of this node have. */
export interface NodeIPv6 extends IPv6Ranges {
  readonly podCIDR: string
  /** The node's address in the pod network: the first of its range. */
  readonly hostIP: string
  /** @returns the address that a pod has beside its IPv4 address: as far into the one range as into the other */
  readonly besides: (podIP: string) => string
}

const CONF = '/proc/sys/net/ipv6/conf'

/** @returns why this host cannot carry IPv6; undefined when it can */
function missingIPv6(): string | undefined {
  for (const which of ['all', 'default']) {
    let value: string
    try {
      value = readFileSync(`${CONF}/${which}/disable_ipv6`, 'utf8').trim()
    } catch {
      return "this host's kernel has no IPv6 (it was started with ipv6.disable=1, or has no such module)"
    }
    if (value !== '0') return `IPv6 is switched off on this host (net.ipv6.conf.${which}.disable_ipv6 = ${value})`
  }
  return undefined
}

/**
 * @param podCIDR the node's IPv4 range
 * @param podCIDR6 its IPv6 range; undefined when it has none
 * @returns what pods get of the cluster's IPv6, or why they get nothing of it; neither where the cluster has none
 */
export function findIPv6(
  ranges: IPv6Ranges | undefined,
  podCIDR: string,
  podCIDR6: string | undefined,
): { ipv6?: NodeIPv6; ipv6Problem?: string } {
  if (!ranges) return {}
  const missing = missingIPv6()
  if (missing !== undefined) return { ipv6Problem: missing }
  if (podCIDR6 === undefined)
    return { ipv6Problem: 'this node joined before the cluster had IPv6, and has no range of it' }
  try {
    return { ipv6: nodeIPv6(ranges, podCIDR, podCIDR6) }
  } catch (error) {
    return { ipv6Problem: (error as Error).message }
  }
}

/**
 * @param podCIDR the node's IPv4 range
 * @param podCIDR6 its IPv6 range
 * @throws Error when the IPv6 range has fewer addresses than the other
 */
function nodeIPv6(ranges: IPv6Ranges, podCIDR: string, podCIDR6: string): NodeIPv6 {
  const four = requireCidr(podCIDR)
  const six = parseRange(podCIDR6)
  if (six?.family !== 'IPv6') throw new Error(`${podCIDR6} is not an IPv6 prefix`)
  if (six.last - six.first < BigInt(sizeOf(four)) - 1n)
    throw new Error(`${podCIDR6} has fewer addresses than ${podCIDR}: pods could not have one of each`)
  return {
    ...ranges,
    podCIDR: podCIDR6,
    hostIP: addressAt(six, 0n),
    besides: podIP => addressAt(six, BigInt(offsetIn(four, podIP))),
  }
}

const addressAt = ({ first }: CidrRange, offset: bigint): string => formatIP({ family: 'IPv6', value: first + offset })

const offsetIn = ({ base }: Cidr, ip: string): number => (parseIPv4(ip) ?? base) - base
