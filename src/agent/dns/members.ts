// The addresses that a Service has a name for: its own, or its members.
import type { Service } from '../../shared/api/core/v1.ts'
import type { EndpointPort } from '../../shared/api/discovery/v1.ts'
import { canonicalIP, formatIP, parseIP } from '../../shared/machinery/ip-address.ts'
import type { ClusterView } from '../network/cluster-view.ts'

export interface Member {
  readonly ip: string
  readonly hostname: string
  readonly ports: readonly EndpointPort[]
}

export const isHeadless = ({ spec: { clusterIP } }: Service): boolean => !clusterIP || clusterIP === 'None'

export const clusterIPs = ({ spec }: Service): string[] =>
  (spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : [])).map(canonicalIP)

/** @returns the endpoints of a headless Service that have names: ready ones (all, when the slices say so). */
export function membersOf(view: ClusterView, serviceKey: string): Member[] {
  const members: Member[] = []
  for (const { addressType, endpoints = [], ports = [] } of view.slicesOf(serviceKey)) {
    if (addressType === 'FQDN') continue
    for (const { addresses, conditions, hostname } of endpoints) {
      const [ip] = addresses
      const parsed = parseIP(ip ?? '')
      if (!parsed || !(conditions?.ready ?? true)) continue
      const text = formatIP(parsed)
      members.push({ ip: text, hostname: hostname?.toLowerCase() ?? text.replaceAll(/[.:]/g, '-'), ports })
    }
  }
  return members
}
