// DynamicResources: a pod goes where the devices of its ResourceClaims are, or can be had. Claims that nobody allocated
// yet get their devices together with the pod's node.
// @see https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
import type { Pod } from '../../../../shared/api/core/v1.ts'
import { type AllocationResult, ResourceClaim } from '../../../../shared/api/resource/v1.ts'
import type { EventRecorder } from '../../../../shared/client/events.ts'
import { matchesNodeSelector } from '../../../../shared/machinery/node-selector.ts'
import { canBeReserved, claimNameOf, isReservedFor, notMadeFor } from '../../../../shared/machinery/resource-claims.ts'
import { on } from '../../framework/cluster-event.ts'
import type { StateKey } from '../../framework/cycle-state.ts'
import type { Listers } from '../../framework/listers.ts'
import type { SchedulerPlugin } from '../../framework/plugin.ts'
import { failed, skip, success, unresolvable, unschedulable } from '../../framework/status.ts'
import { type Search, allocate } from './allocate.ts'
import { allocationResult } from './allocation-result.ts'
import { ClaimAssumptions } from './assumptions.ts'
import { type BindingWait, hasBindingConditions, isGivenUp, untilReady } from './binding-conditions.ts'
import { type BindClaimParts, bindClaim, releaseClaim } from './bind-claims.ts'
import { Matching } from './matching.ts'
import { Pools } from './pools.ts'
import { type WantedClaim, readClaim } from './requests.ts'

/** Steps of the search for devices, over all nodes: a cycle must not hold everybody up. */
const MOST_STEPS_PER_POD = 50_000

interface PodClaims {
  readonly claims: ResourceClaim[]
  readonly toAllocate: readonly WantedClaim[]
  readonly search: Search | undefined
  /** By node: an allocation for each of `toAllocate`. */
  readonly allocations: Map<string, readonly AllocationResult[]>
  /** Allocated where the pod cannot go, or devices that do not get ready. */
  readonly elsewhere: Set<ResourceClaim>
}

const podClaims: StateKey<PodClaims> = { name: 'DynamicResources' }

interface DynamicResourcesParts extends BindClaimParts, BindingWait {
  readonly listers: Listers
  readonly events: EventRecorder
}

export function dynamicResources(parts: DynamicResourcesParts): SchedulerPlugin {
  const { resourceClaims, resourceSlices, deviceClasses } = parts.listers
  const assumptions = new ClaimAssumptions(resourceClaims)

  /** @returns the pod's claims, or why it has to wait for them */
  function findClaims(pod: Pod): ResourceClaim[] | { readonly problem: string } {
    const found: ResourceClaim[] = []
    for (const wanted of pod.spec.resourceClaims ?? []) {
      const named = claimNameOf(pod, wanted)
      if ('problem' in named) return named
      if (named.name === undefined) continue
      const claim = assumptions.get(pod.metadata.namespace, named.name)
      if (!claim) return { problem: `resourceclaim.resource.k8s.io "${named.name}" not found` }
      if (claim.metadata.deletionTimestamp) return { problem: `resourceclaim "${named.name}" is being deleted` }
      const problem = named.generated ? notMadeFor(pod, claim) : undefined
      if (problem) return { problem }
      if (!found.includes(claim)) found.push(claim)
    }
    return found
  }

  /** @throws Error when they do not get ready */
  async function waitForDevices(pod: Pod, claims: ResourceClaim[], nodeName: string): Promise<void> {
    const text = `waiting for binding conditions for device on node ${nodeName}`
    parts.events.event(pod, 'Normal', 'BindingConditionsPending', text)
    await untilReady(parts, () =>
      claims.map(({ metadata: { namespace = '', name, uid } }) => {
        const claim = assumptions.get(namespace, name)
        if (claim?.metadata.uid !== uid || !claim.status.allocation)
          throw new Error(`claim ${namespace}/${name} got deallocated elsewhere in the meantime`)
        return claim
      }),
    )
  }

  return {
    name: 'DynamicResources',
    requeueOn: [
      on('ResourceClaim', ['added', 'updated', 'deleted']),
      on('ResourceSlice', ['added', 'updated']),
      on('DeviceClass', ['added', 'updated']),
      on('Node', ['added', 'updated']),
    ],

    preEnqueue(pod) {
      const found = findClaims(pod)
      return 'problem' in found ? unresolvable(found.problem) : success
    },

    preFilter(state, { pod }) {
      const claims = findClaims(pod)
      if ('problem' in claims) return { status: unresolvable(claims.problem) }
      if (claims.length === 0) return { status: skip }
      const toAllocate: WantedClaim[] = []
      for (const claim of claims) {
        if (claim.status.allocation) {
          if (canBeReserved(claim) || isReservedFor(claim, pod)) continue
          return { status: unresolvable('resourceclaim in use') }
        }
        const { namespace, name } = claim.metadata
        if (assumptions.isPending(claim))
          return { status: unresolvable(`resource claim ${namespace}/${name} is in the process of being allocated`) }
        const wanted = readClaim(claim, className => deviceClasses.get({ name: className }))
        if ('problem' in wanted) return { status: unresolvable(wanted.problem) }
        toAllocate.push(wanted)
      }
      const search = toAllocate.length > 0 && {
        pools: new Pools(resourceSlices.list()),
        matching: new Matching(),
        ...assumptions.devicesInUse(),
        budget: { left: MOST_STEPS_PER_POD },
      }
      state.set(podClaims, {
        claims,
        toAllocate,
        search: search || undefined,
        allocations: new Map(),
        elsewhere: new Set<ResourceClaim>(),
      })
      return { status: success }
    },

    filter(state, _pod, { node, name }) {
      const known = state.get(podClaims)
      if (!known || !node) return success
      const away = known.claims.filter(claim => {
        const selector = claim.status.allocation?.nodeSelector
        return (selector !== undefined && !matchesNodeSelector(selector, node)) || isGivenUp(claim, parts)
      })
      for (const claim of away) known.elsewhere.add(claim)
      if (away.length > 0) return unresolvable('resourceclaim not available on the node')
      if (!known.search) return success
      const found = allocate(known.search, known.toAllocate, node)
      if (!found) return unresolvable('cannot allocate all claims')
      if ('problem' in found) return failed(found.problem)
      known.allocations.set(
        name,
        known.toAllocate.map((wanted, i) => allocationResult(wanted, found[i] ?? [], name)),
      )
      return success
    },

    /** A claim that is allocated where the pod cannot go, or does not get ready, and that nobody uses, is given up: it may be had elsewhere. */
    postFilter(state, { pod }) {
      if (!pod.spec.resourceClaims?.length) return { status: unschedulable() }
      const idle = [...(state.get(podClaims)?.elsewhere ?? [])].find(({ status: { reservedFor = [] } }) =>
        reservedFor.every(({ uid }) => uid === pod.metadata.uid),
      )
      if (!idle) return { status: unschedulable('still not schedulable') }
      const { allocation: _allocation, reservedFor: _reserved, ...status } = idle.status
      return {
        status: unschedulable('deallocation of ResourceClaim completed'),
        carryOut: async () => {
          await parts.client.updateStatus(ResourceClaim, { ...idle, status }, { signal: parts.signal })
        },
      }
    },

    reserve(state, { pod }, { name }) {
      const known = state.get(podClaims)
      for (const [i, { claim }] of (known?.toAllocate ?? []).entries()) {
        const allocation = known?.allocations.get(name)?.[i]
        if (!allocation) return failed('claim allocation not found for node')
        assumptions.pend(claim, pod.metadata.uid, allocation)
      }
      return success
    },

    unreserve(state, { pod }) {
      assumptions.drop(pod.metadata.uid)
      for (const claim of state.get(podClaims)?.claims ?? [])
        // What is left is seen when the pod is tried again, or when it is gone.
        if (claim.status.allocation && isReservedFor(claim, pod)) releaseClaim(parts, claim, pod).catch(() => undefined)
    },

    async preBind(state, { pod }, { name }) {
      const known = state.get(podClaims)
      if (!known) return success
      try {
        for (const [i, claim] of known.claims.entries()) {
          if (isReservedFor(claim, pod)) continue
          const index = known.toAllocate.findIndex(wanted => wanted.claim === claim)
          const allocation = index < 0 ? undefined : known.allocations.get(name)?.[index]
          const bound = await bindClaim(parts, claim, allocation, pod)
          assumptions.wrote(bound)
          known.claims[i] = bound
        }
        if (known.claims.some(hasBindingConditions)) await waitForDevices(pod, known.claims, name)
        return success
      } catch (error) {
        return failed(`running PreBind plugin "DynamicResources": ${(error as Error).message}`)
      }
    },
  }
}
