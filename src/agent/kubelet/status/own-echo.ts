// The API tells of every change to a pod, also of those that the kubelet made itself: nothing is to be done about them.
import type { Pod } from '../../../shared/api/core/v1.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { OWNED_TYPES } from './conditions.ts'

/** What others say of a pod, or want of it. */
function ofOthers({ metadata, spec, status }: Pod): unknown {
  const { resourceVersion: _version, managedFields: _fields, ...rest } = metadata
  const { qosClass, nominatedNodeName, resourceClaimStatuses, extendedResourceClaimStatus, conditions = [] } = status
  const others = conditions.filter(({ type }) => !OWNED_TYPES.includes(type))
  const claims = [resourceClaimStatuses, extendedResourceClaimStatus]
  return { metadata: rest, spec, qosClass, nominatedNodeName, claims, conditions: others }
}

/** Whether nothing changed but what the kubelet alone says. */
export const isOwnEcho = (before: Pod, after: Pod): boolean => deepEqual(ofOthers(before), ofOthers(after))
