// Parses `--cluster-cidr` and `--service-cluster-ip-range`, upstream's flags of one name.
import { type CidrRange, cidrContains, isNetwork, parseRange } from '../../shared/machinery/cidr.ts'
import { type ClusterRanges, clusterNetwork } from '../cluster-network.ts'
import { UsageError } from './usage-error.ts'

export interface RangeFlags {
  readonly clusterCidr?: string
  readonly serviceClusterIpRange?: string
}

interface Rule {
  readonly flag: string
  readonly example: string
  /** Prefix lengths, the largest range's first. */
  readonly bits: Readonly<Record<CidrRange['family'], readonly [number, number]>>
}

/** Each node gets a /24 and a /64. */
const PODS: Rule = {
  flag: '--cluster-cidr',
  example: '10.244.0.0/16,fd00:10:244::/48',
  bits: { IPv4: [8, 24], IPv6: [16, 64] },
}
/** The cluster's DNS has the tenth address. */
const SERVICES: Rule = {
  flag: '--service-cluster-ip-range',
  example: '10.96.0.0/16,fd00:10:96::/112',
  bits: { IPv4: [8, 28], IPv6: [48, 124] },
}

function parse({ flag, example, bits }: Rule, text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined
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
  const [clusterCIDRs, serviceCIDRs] = [parse(PODS, clusterCidr), parse(SERVICES, serviceClusterIpRange)]
  const ranges = { ...(clusterCIDRs && { clusterCIDRs }), ...(serviceCIDRs && { serviceCIDRs }) }
  // Of which one may be what it is without its flag.
  const network = clusterNetwork(ranges)
  for (const pods of network.clusterCIDRs)
    for (const services of network.serviceCIDRs)
      if (cidrContains(pods, networkOf(services)) || cidrContains(services, networkOf(pods)))
        throw new UsageError(`${PODS.flag} ${pods} and ${SERVICES.flag} ${services} overlap`)
  return ranges
}
