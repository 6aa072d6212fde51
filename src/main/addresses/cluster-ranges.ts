// Parses `--cluster-cidr` and `--service-cluster-ip-range`, upstream's flags of one name.
import { type CidrRange, cidrContains, isNetwork, parseRange } from '../../shared/machinery/cidr.ts'
import type { ClusterNetwork, ClusterRanges } from './cluster-network.ts'
import { UsageError } from '../process/usage-error.ts'

export interface RangeFlags {
  readonly clusterCidr?: string
  readonly serviceClusterIpRange?: string
}

export interface RangeRule {
  readonly flag: string
  /** Who has addresses of it. */
  readonly what: string
  readonly example: string
  /** Prefix lengths, the largest range's first. */
  readonly bits: Readonly<Record<CidrRange['family'], readonly [number, number]>>
}

/** Each node gets a /24 and a /64. */
export const PODS: RangeRule = {
  flag: '--cluster-cidr',
  what: 'pods',
  example: '10.244.0.0/16,fd00:10:244::/48',
  bits: { IPv4: [8, 24], IPv6: [16, 64] },
}
/** The cluster's DNS has the tenth address. */
export const SERVICES: RangeRule = {
  flag: '--service-cluster-ip-range',
  what: 'Services',
  example: '10.96.0.0/16,fd00:10:96::/112',
  bits: { IPv4: [8, 28], IPv6: [48, 124] },
}

/** @returns IPv4 first @throws UsageError */
export function parseRanges({ flag, example, bits }: RangeRule, text: string): string[] {
  const wrong = (why: string) => new UsageError(`${flag} ${why}, such as ${example}, not ${JSON.stringify(text)}`)
  const cidrs = text.split(',').map(part => part.trim())
  const ranges = cidrs.map(cidr => (isNetwork(cidr) ? parseRange(cidr) : undefined))
  if (ranges.includes(undefined)) throw wrong('wants ranges of addresses')
  for (const range of ranges) {
    if (!range) continue
    const [largest, smallest] = bits[range.family]
    if (range.bits < largest || range.bits > smallest)
      throw wrong(`wants ${range.family} ranges between /${largest} and /${smallest}`)
  }
  if (ranges[0]?.family !== 'IPv4' || ranges.length > 2 || (ranges[1] && ranges[1].family !== 'IPv6'))
    throw wrong('wants one IPv4 range, and after it at most one of IPv6')
  return cidrs
}

const networkOf = (cidr: string): string => cidr.split('/')[0] ?? ''

/** @returns nothing for flags that were not given @throws UsageError */
export function parseClusterRanges({ clusterCidr, serviceClusterIpRange }: RangeFlags): ClusterRanges {
  return {
    ...(clusterCidr !== undefined && { clusterCIDRs: parseRanges(PODS, clusterCidr) }),
    ...(serviceClusterIpRange !== undefined && { serviceCIDRs: parseRanges(SERVICES, serviceClusterIpRange) }),
  }
}

/** Either may be what it is without its flag. @throws UsageError */
export function requireApart({ clusterCIDRs, serviceCIDRs }: ClusterNetwork): void {
  for (const pods of clusterCIDRs)
    for (const services of serviceCIDRs)
      if (cidrContains(pods, networkOf(services)) || cidrContains(services, networkOf(pods)))
        throw new UsageError(`${PODS.flag} ${pods} and ${SERVICES.flag} ${services} overlap`)
}
