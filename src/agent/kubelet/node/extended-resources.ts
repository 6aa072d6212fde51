// Resources that others count on this node: somebody adds them to its capacity, and the kubelet offers all of them.
// @see https://kubernetes.io/docs/tasks/administer-cluster/extended-resource-node/
import type { Node, NodeStatus } from '../../../shared/api/core/v1.ts'
import { isNativeResource } from '../../../shared/machinery/resource-name.ts'

type Amounts = NonNullable<NodeStatus['capacity']>

const extended = (amounts: Amounts = {}): Amounts =>
  Object.fromEntries(Object.entries(amounts).filter(([name]) => !isNativeResource(name)))

export const extendedResources = ({ status }: Node): Amounts => extended(status.capacity)

/** @returns a patch that takes back what is still offered and no longer there; undefined when there is nothing */
export function goneResources({ status }: Node): Record<string, null> | undefined {
  const there = extended(status.capacity)
  const gone = Object.keys(extended(status.allocatable)).filter(name => !(name in there))
  return gone.length > 0 ? Object.fromEntries(gone.map(name => [name, null])) : undefined
}
