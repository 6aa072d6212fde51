// The nodes that serve Ingresses and Gateways, and where they are reached.
import type { Node } from '../../../shared/api/core/v1.ts'
import { isConditionTrue } from '../../../shared/machinery/conditions.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { INGRESS_NODE_LABEL, ingressNodes } from '../../../shared/machinery/ingress/ours.ts'
import { addressesOf } from './node-addresses.ts'

const placeOf = ({ metadata, status }: Node) => ({
  label: metadata.labels?.[INGRESS_NODE_LABEL],
  isLeaving: metadata.deletionTimestamp !== undefined,
  isReady: isConditionTrue(status.conditions, 'Ready'),
  addresses: addressesOf(status.addresses),
})

/** @returns each address once */
export function servingAddresses(nodes: readonly Node[]): string[] {
  const places = ingressNodes(nodes)
    .map(placeOf)
    .filter(({ isLeaving }) => !isLeaving)
  // With no node ready at all, nobody can tell which ones still answer: all stay.
  const ready = places.filter(({ isReady }) => isReady)
  const addresses = (ready.length > 0 ? ready : places).flatMap(place => place.addresses)
  return [...new Set(addresses)].sort()
}

/** Whether a change of a node leaves where it serves. */
export const isSamePlace = (old: Node, now: Node): boolean => deepEqual(placeOf(old), placeOf(now))
