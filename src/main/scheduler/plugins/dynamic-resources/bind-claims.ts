// PreBind of DynamicResources: writes a claim's allocation, and that the pod uses it; and what takes that back.
import { type AllocationResult, ResourceClaim } from '../../../../shared/api/resource/v1.ts'
import type { Pod } from '../../../../shared/api/core/v1.ts'
import type { Client } from '../../../../shared/client/client.ts'
import { type Clock, delay, formatTime } from '../../../../shared/machinery/clock.ts'
import { CLAIM_FINALIZER, consumer } from '../../../../shared/machinery/resource-claims.ts'
import { isConflict, isNotFound } from '../../../../shared/machinery/status.ts'

export interface BindClaimParts {
  readonly clock: Clock
  readonly client: Client
  readonly signal: AbortSignal
}

const MOST_TRIES = 5

/** @returns the claim as it is stored now @throws Error when somebody else was faster, or the server refuses */
export async function bindClaim(
  { client, clock, signal }: BindClaimParts,
  claim: ResourceClaim,
  allocation: AllocationResult | undefined,
  pod: Pod,
): Promise<ResourceClaim> {
  const options = { signal }
  for (let tried = 1, live = claim; ; tried++) {
    const { namespace, name } = live.metadata
    if (live.metadata.uid !== claim.metadata.uid || live.metadata.deletionTimestamp)
      throw new Error(`claim ${namespace}/${name} got deleted in the meantime`)
    if (allocation && live.status.allocation)
      throw new Error(`claim ${namespace}/${name} got allocated elsewhere in the meantime`)
    if (!allocation && !live.status.allocation)
      throw new Error(`claim ${namespace}/${name} got deallocated elsewhere in the meantime`)
    try {
      // First what keeps the claim while it is allocated.
      if (allocation && !live.metadata.finalizers?.includes(CLAIM_FINALIZER))
        live = await client.update(
          ResourceClaim,
          {
            ...live,
            metadata: { ...live.metadata, finalizers: [...(live.metadata.finalizers ?? []), CLAIM_FINALIZER] },
          },
          options,
        )
      const status = {
        ...live.status,
        ...(allocation ? { allocation: { ...allocation, allocationTimestamp: formatTime(clock.now()) } } : {}),
        reservedFor: [...(live.status.reservedFor ?? []), consumer(pod)],
      }
      return await client.updateStatus(ResourceClaim, { ...live, status }, options)
    } catch (error) {
      if (!isConflict(error) || tried === MOST_TRIES) throw error
      live = await client.get(ResourceClaim, { namespace, name }, options)
    }
  }
}

/** Takes the pod off the claim again: it did not get to its node. */
export const releaseClaim = (
  { client, signal }: Omit<BindClaimParts, 'clock'>,
  claim: ResourceClaim,
  pod: Pod,
): Promise<unknown> =>
  client.patch(
    ResourceClaim,
    claim.metadata,
    { metadata: { uid: claim.metadata.uid }, status: { reservedFor: [{ $patch: 'delete', uid: pod.metadata.uid }] } },
    { type: 'strategic', subresource: 'status', signal },
  )

/** Of a pod that did not get to its node: nobody else may use it. */
export async function deleteClaim(
  { client, signal }: Omit<BindClaimParts, 'clock'>,
  { metadata: { namespace, name, uid, finalizers = [] } }: ResourceClaim,
): Promise<void> {
  const kept = finalizers.filter(finalizer => finalizer !== CLAIM_FINALIZER)
  const ref = { namespace, name }
  try {
    await client.patch(ResourceClaim, ref, { metadata: { uid, finalizers: kept } }, { type: 'merge', signal })
    await client.delete(ResourceClaim, ref, { preconditions: { uid }, signal })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

const SEEN_WITHIN_MS = 120_000
const FIRST_LOOK_MS = 2
const LAST_LOOK_MS = 1_000

/** Waits for what was written to come back to the cache. @throws Error when that takes too long */
export async function untilSeen(
  { clock, signal }: Omit<BindClaimParts, 'client'>,
  isSeen: () => boolean,
): Promise<void> {
  const until = clock.monotonic() + SEEN_WITHIN_MS
  for (let waitMs = FIRST_LOOK_MS; !isSeen(); waitMs = Math.min(LAST_LOOK_MS, waitMs * 2)) {
    if (clock.monotonic() >= until) throw new Error('a claim that was made is not seen')
    await delay(clock, waitMs, signal)
  }
}
