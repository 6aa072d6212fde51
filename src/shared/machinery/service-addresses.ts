// The IPAddress objects that show which Service has which address.
import type { Service } from '../api/core/v1.ts'
import type { IPAddress } from '../api/networking/v1.ts'
import { canonicalIP, familyOf } from './ip-address.ts'

const MANAGED_BY = 'ipaddress.kubernetes.io/managed-by'
const FAMILY = 'ipaddress.kubernetes.io/ip-family'
const MANAGER = 'ipallocator.k8s.io'

/** A Service's namespace and name. */
export interface AddressOwner {
  readonly namespace: string
  readonly name: string
}

/** Whether it shows what a Service has; others are somebody's who takes the address for something else. */
export const showsService = ({ metadata }: Pick<IPAddress, 'metadata'>): boolean =>
  metadata.labels?.[MANAGED_BY] === MANAGER

export const ownerOfAddress = ({ spec: { parentRef } }: IPAddress): AddressOwner => ({
  namespace: parentRef.namespace ?? '',
  name: parentRef.name,
})

/** In their canonical form, which is the name of their objects. */
export const addressesOf = ({ spec }: Service): string[] =>
  (spec.clusterIPs ?? []).filter(ip => ip !== '' && ip !== 'None').map(canonicalIP)

export const addressObject = (address: string, { namespace, name }: AddressOwner) => ({
  metadata: { name: address, labels: { [MANAGED_BY]: MANAGER, [FAMILY]: familyOf(address) } },
  spec: { parentRef: { resource: 'services', namespace, name } },
})
