// ResourceClaims as pods refer to them: which object a pod's claim is, and who may use it.
// @see https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
import type { Pod, PodResourceClaim } from '../api/core/v1.ts'
import type { ResourceClaim, ResourceClaimConsumerReference } from '../api/resource/v1.ts'
import { controllerOf } from './owner.ts'

/** Keeps an allocated claim until nobody uses its devices any more. */
export const CLAIM_FINALIZER = 'resource.kubernetes.io/delete-protection'
/** On a claim that was made from a template: which of the pod's claims it is. */
export const POD_CLAIM_ANNOTATION = 'resource.kubernetes.io/pod-claim-name'
/** Consumers that can share one claim. */
export const MOST_CONSUMERS = 256
/** Devices that one claim can hold. */
export const MOST_DEVICES = 32

export interface NamedClaim {
  /** Of the object; undefined when none is needed. */
  readonly name: string | undefined
  /** It was made for this pod alone, so the pod must own it. */
  readonly generated: boolean
}

/** @returns the claim's name, or why there is none yet */
export function claimNameOf(pod: Pod, claim: PodResourceClaim): NamedClaim | { readonly problem: string } {
  if (claim.resourceClaimName !== undefined) return { name: claim.resourceClaimName, generated: false }
  const made = pod.status.resourceClaimStatuses?.find(({ name }) => name === claim.name)
  return made
    ? { name: made.resourceClaimName, generated: true }
    : { problem: `pod claim name ${JSON.stringify(claim.name)}: ResourceClaim not created yet` }
}

/** Names of the claims that exist for the pod, or are to; with that for its extended resources. */
export function claimNamesOf(pod: Pod): string[] {
  const names = (pod.spec.resourceClaims ?? []).flatMap(claim => {
    const named = claimNameOf(pod, claim)
    return 'problem' in named || named.name === undefined ? [] : [named.name]
  })
  const { extendedResourceClaimStatus: extended } = pod.status
  return extended ? [...names, extended.resourceClaimName] : names
}

/** @returns why the pod may not use a claim that was made for one pod alone */
export function notMadeFor(pod: Pod, claim: ResourceClaim): string | undefined {
  if (controllerOf(claim)?.uid === pod.metadata.uid) return undefined
  const { namespace, name } = claim.metadata
  return `ResourceClaim ${namespace}/${name} was not created for pod ${pod.metadata.namespace}/${pod.metadata.name} (pod is not owner)`
}

export const isReservedFor = ({ status }: ResourceClaim, { metadata: { uid } }: Pod): boolean =>
  status.reservedFor?.some(consumer => consumer.uid === uid) ?? false

export const canBeReserved = ({ status }: ResourceClaim): boolean => (status.reservedFor ?? []).length < MOST_CONSUMERS

export const consumer = ({ metadata: { name, uid } }: Pod): ResourceClaimConsumerReference => ({
  resource: 'pods',
  name,
  uid,
})
