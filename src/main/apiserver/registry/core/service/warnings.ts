// What is accepted in services, and still worth a word.
import type { Service } from '../../../../../shared/api/core/v1.ts'
import { has, list } from '../../support/collections.ts'
import { unusualAddress, unusualRange } from '../../support/warnings.ts'

const OLD_HINTS = 'service.kubernetes.io/topology-aware-hints'
const EXTERNAL_NAME = 'ExternalName'

const said = (text: string, when: unknown): string[] => (when ? [text] : [])

export function serviceWarnings({ metadata, spec }: Service): string[] {
  const externalIPs = list(spec.externalIPs)
  const isHeadless = spec.type === 'ClusterIP' && spec.clusterIP === 'None'
  const isName = spec.type === EXTERNAL_NAME
  const hasAddress = !isHeadless && !isName
  return [
    ...said(
      `annotation ${OLD_HINTS} is deprecated, please use service.kubernetes.io/topology-mode instead`,
      has(metadata.annotations, OLD_HINTS),
    ),
    ...(hasAddress ? list(spec.clusterIPs) : []).flatMap((ip, i) => unusualAddress(`spec.clusterIPs[${i}]`, ip)),
    ...said('spec.loadBalancerIP is ignored for headless services', isHeadless && spec.loadBalancerIP),
    ...said('spec.externalIPs is ignored for headless services', isHeadless && externalIPs.length > 0),
    ...said('spec.SessionAffinity is ignored for headless services', isHeadless && spec.sessionAffinity !== 'None'),
    ...externalIPs.flatMap((ip, i) => unusualAddress(`spec.externalIPs[${i}]`, ip)),
    ...said(
      'spec.externalIPs is deprecated and may no longer be implemented in some clusters',
      externalIPs.length > 0 && hasAddress,
    ),
    ...(spec.loadBalancerIP ? unusualAddress('spec.loadBalancerIP', spec.loadBalancerIP) : []),
    ...list(spec.loadBalancerSourceRanges).flatMap((cidr, i) =>
      unusualRange(`spec.loadBalancerSourceRanges[${i}]`, cidr),
    ),
    ...said(`spec.externalIPs is ignored when spec.type is "${EXTERNAL_NAME}"`, isName && externalIPs.length > 0),
    ...said(`spec.externalName is ignored when spec.type is not "${EXTERNAL_NAME}"`, !isName && spec.externalName),
    ...said(
      'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
      spec.trafficDistribution === 'PreferClose',
    ),
  ]
}
