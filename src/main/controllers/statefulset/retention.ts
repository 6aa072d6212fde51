// What becomes of a StatefulSet's claims: an owner reference to the set, or to a pod that is scaled away, lets the
// garbage collector delete them with it; without one they stay.
// @see https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#persistentvolumeclaim-retention
import { StatefulSet } from '../../../shared/api/apps/v1.ts'
import { PersistentVolumeClaim, Pod } from '../../../shared/api/core/v1.ts'
import type { OwnerReference } from '../../../shared/api/meta/v1.ts'
import type { ControllerContext } from '../../../shared/client/reconciler.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { controllerOf, controllerRef } from '../../../shared/machinery/owner.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import { claimName, ordinalOf, podName } from './identity.ts'
import { firstOrdinal, lastOrdinal } from './plan.ts'

const policyOf = ({ spec }: StatefulSet) => ({
  whenDeleted: spec.persistentVolumeClaimRetentionPolicy?.whenDeleted ?? 'Retain',
  whenScaled: spec.persistentVolumeClaimRetentionPolicy?.whenScaled ?? 'Retain',
})

/** @returns who a claim belongs to from its creation on */
export const claimOwners = (set: StatefulSet): OwnerReference[] =>
  policyOf(set).whenDeleted === 'Delete' ? [controllerRef(StatefulSet, set)] : []

const isOf = (ref: OwnerReference, kind: string, name: string) => ref.kind === kind && ref.name === name

function ownersFor(set: StatefulSet, pod: Pod, ordinal: number): OwnerReference[] {
  const { whenDeleted, whenScaled } = policyOf(set)
  const condemned = ordinal < firstOrdinal(set) || ordinal > lastOrdinal(set)
  if (whenScaled === 'Delete' && condemned) return [controllerRef(Pod, pod)]
  return whenDeleted === 'Delete' ? [controllerRef(StatefulSet, set)] : []
}

/** Brings the claims of these pods in line with the set's policy; run it before pods are deleted. @throws ApiError */
export async function retainClaims(context: ControllerContext, set: StatefulSet, pods: readonly Pod[]): Promise<void> {
  const { client, signal, events } = context
  for (const pod of pods) {
    const ordinal = ordinalOf(set, pod)
    if (ordinal === undefined) continue
    for (const claim of claimsOf(context, set, ordinal)) {
      const { ownerReferences = [], deletionTimestamp } = claim.metadata
      if (deletionTimestamp) continue
      const isOurs = (ref: OwnerReference) =>
        isOf(ref, 'StatefulSet', set.metadata.name) || isOf(ref, 'Pod', pod.metadata.name)
      const owner = controllerOf(claim)
      const owners = ownersFor(set, pod, ordinal)
      if (owner && !isOurs(owner)) {
        if (owners.length > 0)
          events.event(
            set,
            'Warning',
            'ConflictingController',
            `PersistentVolumeClaim ${claim.metadata.name} has a conflicting OwnerReference that acts as a managing controller, the retention policy is ignored for this claim`,
          )
        continue
      }
      const wanted = [...ownerReferences.filter(ref => !isOurs(ref)), ...owners]
      if (deepEqual(ownerReferences, wanted, { emptyIsAbsent: true })) continue
      const metadata = { ...claim.metadata, ownerReferences: wanted }
      try {
        await client.update(PersistentVolumeClaim, { ...claim, metadata }, { signal })
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
    }
  }
}

/** @returns a claim of an earlier pod of this name that is on its way out: a new pod must not start with it */
export const staleClaim = (
  context: ControllerContext,
  set: StatefulSet,
  ordinal: number,
): PersistentVolumeClaim | undefined =>
  claimsOf(context, set, ordinal).find(
    ({ metadata }) =>
      metadata.deletionTimestamp !== undefined ||
      metadata.ownerReferences?.some(ref => isOf(ref, 'Pod', podName(set, ordinal))),
  )

const claimsOf = ({ lister }: ControllerContext, set: StatefulSet, ordinal: number): PersistentVolumeClaim[] =>
  (set.spec.volumeClaimTemplates ?? []).flatMap(
    template =>
      lister(PersistentVolumeClaim).get({
        namespace: set.metadata.namespace,
        name: claimName(template, set, ordinal),
      }) ?? [],
  )
