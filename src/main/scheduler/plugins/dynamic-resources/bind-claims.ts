// PreBind of DynamicResources: writes a claim's allocation, and that the pod uses it.
import { type AllocationResult, ResourceClaim } from '../../../../shared/api/resource/v1.ts'
import type { Pod } from '../../../../shared/api/core/v1.ts'
import type { Client } from '../../../../shared/client/client.ts'
import { type Clock, formatTime } from '../../../../shared/machinery/clock.ts'
import { CLAIM_FINALIZER, consumer } from '../../../../shared/machinery/resource-claims.ts'
import { isConflict } from '../../../../shared/machinery/status.ts'

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
