// Ranges of the cluster that this host already uses for something else: its own network, a VPN, Docker.
import { parseRange, rangesOverlap } from '../../shared/machinery/cidr.ts'
import type { Run } from './exec.ts'
import { IPV4, IPV6 } from './family.ts'
import { listRoutes, type Route } from './ip.ts'
import { POD_LINK_PREFIX, SERVICE_LINK, VXLAN_LINK, WIREGUARD_LINK } from '../../shared/machinery/node-network.ts'
import { ROUTE_PROTOCOL } from './names.ts'

export interface ClusterRanges {
  /** Addresses of all pods. */
  readonly clusterCIDR: string
  /** Addresses of all Services. */
  readonly serviceCIDR: string
  /** The same in IPv6, where the cluster has it. */
  readonly ipv6?: { readonly clusterCIDR: string; readonly serviceCIDR: string } | undefined
}

/** @returns a sentence for each pair that overlaps, in the order of the host's routes */
export async function findOverlaps(run: Run, { clusterCIDR, serviceCIDR, ipv6 }: ClusterRanges): Promise<string[]> {
  const all = await Promise.all([listRoutes(run), ipv6 ? listRoutes(run, [], IPV6) : []])
  const ranges = [
    ['pods', clusterCIDR],
    ['Services', serviceCIDR],
    ...(ipv6 ? ([['pods', ipv6.clusterCIDR], ['Services', ipv6.serviceCIDR]] as const) : []), // prettier-ignore
  ] as const
  const routes = all.flat().filter(route => !isOurs(route))
  return routes.flatMap(({ dst, dev, gateway, type = 'unicast' }) => {
    const taken = parseRange(dst.includes('/') ? dst : `${dst}/${dst.includes(':') ? IPV6.bits : IPV4.bits}`)
    if (!taken || taken.bits === 0) return []
    return ranges.flatMap(([what, text]) => {
      const range = parseRange(text)
      if (!range || !rangesOverlap(range, taken)) return []
      // A fence around what is not used: the cluster's own routes in it are the more special ones.
      if (LEADS_NOWHERE.includes(type) && taken.bits < range.bits) return []
      const way = gateway === undefined ? `through ${dev ?? 'a route'}` : `through ${gateway}${dev ? ` on ${dev}` : ''}`
      return [
        `The cluster's range for ${what}, ${text}, overlaps ${dst}, which this host reaches ${way}. ` +
          'Take that route or network away from this host, or give the cluster another range.',
      ]
    })
  })
}

const LEADS_NOWHERE = ['unreachable', 'blackhole', 'prohibit', 'throw']

const isOurs = ({ dev = '', protocol }: Route): boolean =>
  protocol === ROUTE_PROTOCOL ||
  [SERVICE_LINK, VXLAN_LINK, WIREGUARD_LINK].includes(dev) ||
  dev.startsWith(POD_LINK_PREFIX)
