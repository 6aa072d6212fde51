// Ranges of the cluster that this host already uses for something else: its own network, a VPN, Docker.
import { type Cidr, contains, parseCidr } from '../../shared/machinery/ipv4.ts'
import type { Run } from './exec.ts'
import { listRoutes, type Route } from './ip.ts'
import { POD_LINK_PREFIX, SERVICE_LINK, VXLAN_LINK, WIREGUARD_LINK } from '../../shared/machinery/node-network.ts'
import { ROUTE_PROTOCOL } from './names.ts'

export interface ClusterRanges {
  /** Addresses of all pods. */
  readonly clusterCIDR: string
  /** Addresses of all Services. */
  readonly serviceCIDR: string
}

/** @returns a sentence for each pair that overlaps, in the order of the host's routes */
export async function findOverlaps(run: Run, { clusterCIDR, serviceCIDR }: ClusterRanges): Promise<string[]> {
  const routes = (await listRoutes(run)).filter(route => !isOurs(route))
  const ranges = [
    ['pods', clusterCIDR],
    ['Services', serviceCIDR],
  ] as const
  return routes.flatMap(({ dst, dev, gateway }) => {
    const taken = parseCidr(dst)
    if (!taken || taken.bits === 0) return []
    return ranges.flatMap(([what, text]) => {
      const range = parseCidr(text)
      if (!range || !overlap(range, taken)) return []
      const way = gateway === undefined ? `through ${dev ?? 'a route'}` : `through ${gateway}${dev ? ` on ${dev}` : ''}`
      return [
        `The cluster's range for ${what}, ${text}, overlaps ${dst}, which this host reaches ${way}. ` +
          'Take that route or network away from this host, or give the cluster another range.',
      ]
    })
  })
}

const isOurs = ({ dev = '', protocol }: Route): boolean =>
  protocol === ROUTE_PROTOCOL ||
  [SERVICE_LINK, VXLAN_LINK, WIREGUARD_LINK].includes(dev) ||
  dev.startsWith(POD_LINK_PREFIX)

const overlap = (a: Cidr, b: Cidr): boolean => contains(a, b.base) || contains(b, a.base)
