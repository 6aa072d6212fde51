// resourceclaim, the claims' side: pods that are gone or done no longer hold a claim. One that nobody holds gives its
// devices back, and goes if it was made for a pod that needs it no more.
import { Pod } from '../../../shared/api/core/v1.ts'
import { ResourceClaim, type ResourceClaimConsumerReference } from '../../../shared/api/resource/v1.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  TerminalError,
  done,
  mapped,
  own,
} from '../../../shared/client/reconciler.ts'
import { byControllerUid } from '../../../shared/client/lister.ts'
import { controllerOf } from '../../../shared/machinery/owner.ts'
import { CLAIM_FINALIZER, claimNamesOf } from '../../../shared/machinery/resource-claims.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import { setFinalizer } from '../support/finalizer.ts'
import { isPodTerminal } from '../support/pod-state.ts'

/** None of its containers runs or ever will. */
const isDone = (pod: Pod): boolean =>
  isPodTerminal(pod) || (pod.metadata.deletionTimestamp !== undefined && !pod.spec.nodeName)

export class ResourceClaimController implements Reconciler<ResourceClaim> {
  readonly name = 'resourceclaim'
  readonly eventSource = 'resource_claim'
  readonly type = ResourceClaim
  readonly watches = [
    own(ResourceClaim, ({ type }) => type !== 'deleted'),
    mapped(Pod, ({ type, object }, { lister }) => {
      if (type !== 'deleted' && !isDone(object)) return []
      const { namespace, uid } = object.metadata
      const made = lister(ResourceClaim).by(byControllerUid, uid)
      return [...claimNamesOf(object).map(name => ({ namespace, name })), ...made.map(claim => claim.metadata)]
    }),
  ]

  async reconcile(given: ResourceClaim, context: ControllerContext): Promise<Result> {
    let claim = given
    const holders = claim.status.reservedFor ?? []
    const valid: ResourceClaimConsumerReference[] = []
    for (const holder of holders) if (await stillHolds(holder, claim, context)) valid.push(holder)
    const isProtected = claim.metadata.finalizers?.includes(CLAIM_FINALIZER) ?? false
    const left = valid.length < holders.length
    // A claim that nobody has used yet stays allocated: its driver need not write both at once.
    const idle = valid.length === 0 && (left || claim.metadata.deletionTimestamp !== undefined)
    if (left || (idle && isProtected && claim.status.allocation)) {
      const { allocation, reservedFor: _before, ...status } = claim.status
      const kept = allocation && !(idle && isProtected) ? { allocation } : {}
      const reservedFor = valid.length > 0 ? { reservedFor: valid } : {}
      const next = { ...claim, status: { ...status, ...kept, ...reservedFor } }
      claim = await context.client.updateStatus(ResourceClaim, next, { signal: context.signal })
    }
    if (idle && isProtected && !claim.status.allocation)
      await setFinalizer(context, ResourceClaim, claim, CLAIM_FINALIZER, false)
    if (valid.length === 0) await deleteUnused(claim, context)
    return done
  }
}

/** A pod that the scheduler places at this moment may not be in the cache yet: only the server knows that it is gone. */
async function stillHolds(
  { apiGroup, resource, name, uid }: ResourceClaimConsumerReference,
  claim: ResourceClaim,
  { client, lister, signal }: ControllerContext,
): Promise<boolean> {
  if (apiGroup || resource !== 'pods') throw new TerminalError(`unsupported ReservedFor entry: ${resource} ${name}`)
  const { namespace } = claim.metadata
  const known = lister(Pod).get({ namespace, name })
  if (known?.metadata.uid === uid) return !isDone(known)
  try {
    return (await client.get(Pod, { namespace, name }, { signal })).metadata.uid === uid
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}

/** The garbage collector takes it with its pod; the pod may stay around for long after it is done. */
async function deleteUnused(claim: ResourceClaim, { client, lister, signal }: ControllerContext): Promise<void> {
  const owner = controllerOf(claim)
  const { namespace, name, uid, deletionTimestamp } = claim.metadata
  if (owner?.kind !== 'Pod' || owner.apiVersion !== 'v1' || deletionTimestamp) return
  const pod = lister(Pod).get({ namespace, name: owner.name })
  if (!pod || (pod.metadata.uid === owner.uid && !isDone(pod))) return
  try {
    await client.delete(ResourceClaim, { namespace, name }, { preconditions: { uid }, signal })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
