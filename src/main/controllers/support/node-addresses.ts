// Where a node is reached from outside of the cluster.
import type { NodeStatus } from '../../../shared/api/core/v1.ts'

/** External addresses where a node has them. */
export function addressesOf(addresses: NodeStatus['addresses']): string[] {
  const of = (type: string) => (addresses ?? []).filter(address => address.type === type).map(({ address }) => address)
  const external = of('ExternalIP')
  return external.length > 0 ? external : of('InternalIP')
}
