// Where Services, pods and the cluster's DNS are.
import { parseRange } from '../../shared/machinery/cidr.ts'
import { formatIP } from '../../shared/machinery/ip-address.ts'
import type { NetworkBackend } from '../../shared/machinery/node-network.ts'

export interface ClusterNetwork {
  /** IPv4, which nodes carry. */
  readonly serviceCIDR: string
  readonly clusterCIDR: string
  /** One for each of the cluster's families, IPv4 first. */
  readonly serviceCIDRs: readonly string[]
  readonly clusterCIDRs: readonly string[]
  readonly kubernetesServiceIP: string
  readonly clusterDNS: string
  /** One of each of the Services' ranges. */
  readonly clusterDNSs: readonly string[]
  readonly clusterDomain: string
  /** How pods' packets travel between nodes. */
  readonly networkBackend: NetworkBackend
}

export interface ClusterRanges {
  readonly serviceCIDRs?: readonly string[]
  readonly clusterCIDRs?: readonly string[]
}

const DNS_OFFSET = 10n

/** @param offset of the address in its range */
function addressIn(cidr: string, offset: bigint): string {
  const range = parseRange(cidr)
  if (!range) throw new Error(`${cidr} is no range of addresses`)
  return formatIP({ family: range.family, value: range.first + offset })
}

/** @param ranges IPv4 first */
export function clusterNetwork({ serviceCIDRs = [], clusterCIDRs = [] }: ClusterRanges = {}): ClusterNetwork {
  const serviceCIDR = serviceCIDRs[0] ?? '10.96.0.0/16'
  const clusterCIDR = clusterCIDRs[0] ?? '10.244.0.0/16'
  return {
    serviceCIDR,
    clusterCIDR,
    serviceCIDRs: [serviceCIDR, ...serviceCIDRs.slice(1)],
    clusterCIDRs: [clusterCIDR, ...clusterCIDRs.slice(1)],
    kubernetesServiceIP: addressIn(serviceCIDR, 1n),
    clusterDNS: addressIn(serviceCIDR, DNS_OFFSET),
    clusterDNSs: [serviceCIDR, ...serviceCIDRs.slice(1)].map(cidr => addressIn(cidr, DNS_OFFSET)),
    clusterDomain: 'cluster.local',
    networkBackend: 'auto',
  }
}

/** Where nothing else was asked for. */
export const CLUSTER_NETWORK = clusterNetwork()
