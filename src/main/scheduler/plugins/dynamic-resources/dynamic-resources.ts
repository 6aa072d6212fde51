// DynamicResources: a pod goes where the devices of its ResourceClaims are, or can be had. Claims that nobody allocated
// yet get their devices together with the pod's node.
// @see https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
import { Pod } from '../../../../shared/api/core/v1.ts'
import { type AllocationResult, type DeviceClass, ResourceClaim } from '../../../../shared/api/resource/v1.ts'
import type { SeriesRecorder } from '../../../../shared/client/event-series.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import { matchesNodeSelector } from '../../../../shared/machinery/node-selector.ts'
import { messageOf } from '../../../../shared/machinery/message-of.ts'
import { controllerOf } from '../../../../shared/machinery/owner.ts'
import {
  canBeReserved,
  claimNameOf,
  claimNamesOf,
  isReservedFor,
  notMadeFor,
} from '../../../../shared/machinery/resource-claims.ts'
import { type ClusterEvent, on } from '../../framework/cluster-event.ts'
import type { StateKey } from '../../framework/cycle-state.ts'
import type { Listers } from '../../framework/listers.ts'
import type { SchedulerPlugin } from '../../framework/plugin.ts'
import { failed, skip, success, unresolvable, unschedulable } from '../../framework/status.ts'
import { type Search, allocate } from './allocate.ts'
import { allocationResult } from './allocation-result.ts'
import { ClaimAssumptions } from './assumptions.ts'
import { type BindingWait, hasBindingConditions, isGivenUp, untilReady } from './binding-conditions.ts'
import { type BindClaimParts, bindClaim, deleteClaim, releaseClaim, untilSeen } from './bind-claims.ts'
import {
  type ExtendedResources,
  type Requests,
  devicesOn,
  draftOf,
  extendedResourcesOf,
  requestsOf,
} from './extended-resources.ts'
import { Matching } from './matching.ts'
import { Pools } from './pools.ts'
import { type WantedClaim, readClaim } from './requests.ts'

/** Steps of the search for devices, over all nodes: a cycle must not hold everybody up. */
const MOST_STEPS_PER_POD = 50_000

interface PodClaims {
  readonly claims: ResourceClaim[]
  readonly toAllocate: readonly WantedClaim[]
  readonly extended: ExtendedResources | undefined
  /** The pod's own claim for them, once it is made. */
  made?: ResourceClaim
  readonly search: Search | undefined
  /** By node: an allocation for each of `toAllocate`. */
  readonly allocations: Map<string, readonly AllocationResult[]>
  /** By node that has extended resources of the pod as devices. */
  readonly own: Map<string, OwnClaim>
  /** Allocated where the pod cannot go, or devices that do not get ready. */
  readonly elsewhere: Set<ResourceClaim>
}

/** For extended resources of one pod, as they are on one node. */
interface OwnClaim extends Requests {
  readonly allocation: AllocationResult
}

/** Devices are held by it until its claim is seen. */
const heldFor = ({ metadata: { uid } }: Pod) => `extended-resources-of-${uid}`

const podClaims: StateKey<PodClaims> = { name: 'DynamicResources' }

interface DynamicResourcesParts extends BindClaimParts, BindingWait {
  readonly listers: Listers
  readonly events: SeriesRecorder
  /** Of the search for devices on one node; 0 = any. */
  readonly filterTimeoutMs: number
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
    parts.events.event(pod, 'Normal', 'BindingConditionsPending', 'Scheduling', text)
    await untilReady(parts, () =>
      claims.map(({ metadata: { namespace = '', name, uid } }) => {
        const claim = assumptions.get(namespace, name)
        if (claim?.metadata.uid !== uid || !claim.status.allocation)
          throw new Error(`claim ${namespace}/${name} got deallocated elsewhere in the meantime`)
        return claim
      }),
    )
  }

  /** Devices of another claim that are free again, or news of the pod's own. */
  function claimHelps(pod: Pod, { action, object, old }: ClusterEvent): boolean {
    const [claim, before] = [object as ResourceClaim, old as ResourceClaim | undefined]
    const holds = (each: ResourceClaim | undefined) => each?.status.allocation !== undefined
    if (action === 'deleted' ? holds(claim) : holds(before) && !holds(claim)) return true
    const isOwn =
      controllerOf(claim)?.uid === pod.metadata.uid ||
      (claim.metadata.namespace === pod.metadata.namespace && claimNamesOf(pod).includes(claim.metadata.name))
    return isOwn && (action !== 'updated' || !deepEqual(claim.status, before?.status))
  }

  /** What the pod's own claim asks for. */
  function ownWish(pod: Pod, devices: ReadonlyMap<string, DeviceClass>) {
    const asked = requestsOf(pod, devices)
    const wanted = readClaim(draftOf(pod, asked.requests) as ResourceClaim, name => deviceClasses.get({ name }))
    // Its classes were there at the beginning of this very cycle.
    if ('problem' in wanted) throw new Error(wanted.problem)
    return { asked, wanted }
  }

  /** Makes the pod's own claim, and tells the pod of it. @throws Error */
  async function bindOwn(pod: Pod, { requests, mappings, allocation }: OwnClaim, known: PodClaims) {
    const { client, signal } = parts
    const made = await client.create(ResourceClaim, draftOf(pod, requests), { signal }).catch((error: unknown) => {
      // Its name is not made up yet.
      throw new Error(`create claim for extended resources ${pod.metadata.namespace}/: ${messageOf(error)}`)
    })
    known.made = made
    const { namespace, name, uid } = made.metadata
    await untilSeen(parts, () => resourceClaims.get({ namespace, name })?.metadata.uid === uid)
    const bound = await bindClaim(parts, made, allocation, pod)
    assumptions.wrote(bound, heldFor(pod))
    const extendedResourceClaimStatus = { resourceClaimName: name, requestMappings: mappings }
    const { metadata } = pod
    const patch = { metadata: { uid: metadata.uid }, status: { extendedResourceClaimStatus } }
    await client.patch(Pod, metadata, patch, { type: 'strategic', subresource: 'status', signal })
    return bound
  }

  return {
    name: 'DynamicResources',
    requeueOn: [
      on('ResourceClaim', ['added', 'updated', 'deleted'], claimHelps),
      on('ResourceSlice', ['added', 'updated']),
      on('DeviceClass', ['added', 'updated']),
      on('Node', ['added', 'updated']),
    ],

    preEnqueue(pod) {
      const found = findClaims(pod)
      return 'problem' in found ? unresolvable(found.problem) : success
    },

    preFilter(state, info) {
      const { pod } = info
      const claims = findClaims(pod)
      if ('problem' in claims) return { status: unresolvable(claims.problem) }
      const extended = extendedResourcesOf(info, deviceClasses, resourceClaims)
      if (claims.length === 0 && !extended) return { status: skip }
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
      const search = (toAllocate.length > 0 || extended) && {
        pools: new Pools(resourceSlices.list()),
        matching: new Matching(),
        ...assumptions.devicesInUse(),
        budget: { left: MOST_STEPS_PER_POD },
        time: parts.filterTimeoutMs > 0 ? { clock: parts.clock, mostMs: parts.filterTimeoutMs } : undefined,
      }
      state.set(podClaims, {
        claims,
        toAllocate,
        extended,
        search: search || undefined,
        allocations: new Map(),
        own: new Map(),
        elsewhere: new Set<ResourceClaim>(),
      })
      return { status: success }
    },

    filter(state, { pod }, nodeInfo) {
      const known = state.get(podClaims)
      const { node, name } = nodeInfo
      if (!known || !node) return success
      if (known.extended?.leftOver) return unschedulable('cannot schedule extended resource claim')
      const devices = known.extended && devicesOn(known.extended, nodeInfo)
      if (devices === 'unfit') return unschedulable('cannot fit resource')
      const away = known.claims.filter(claim => {
        const selector = claim.status.allocation?.nodeSelector
        return (selector !== undefined && !matchesNodeSelector(selector, node)) || isGivenUp(claim, parts)
      })
      for (const claim of away) known.elsewhere.add(claim)
      if (away.length > 0) return unresolvable('resourceclaim not available on the node')
      const own = devices?.size ? ownWish(pod, devices) : undefined
      const wanted = own ? [...known.toAllocate, own.wanted] : known.toAllocate
      if (!known.search || wanted.length === 0) return success
      const found = allocate(known.search, wanted, node)
      if (!found) return unresolvable('cannot allocate all claims')
      if ('problem' in found) return failed(found.problem)
      const allocations = wanted.map((each, i) => allocationResult(each, found[i] ?? [], name))
      const allocation = own && allocations.pop()
      if (own && allocation) known.own.set(name, { ...own.asked, allocation })
      known.allocations.set(name, allocations)
      return success
    },

    /** A claim that is allocated where the pod cannot go, or does not get ready, and that nobody uses, is given up: it may be had elsewhere. */
    postFilter(state, { pod }) {
      const leftOver = state.get(podClaims)?.extended?.leftOver
      if (!pod.spec.resourceClaims?.length && !state.get(podClaims)) return { status: unschedulable() }
      const idle = [...(state.get(podClaims)?.elsewhere ?? [])].find(({ status: { reservedFor = [] } }) =>
        reservedFor.every(({ uid }) => uid === pod.metadata.uid),
      )
      if (!idle && leftOver)
        return {
          status: unschedulable('deletion of ResourceClaim completed'),
          carryOut: () => deleteClaim(parts, leftOver),
        }
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
        assumptions.pend(claim.metadata.uid, pod.metadata.uid, allocation)
      }
      const own = known?.own.get(name)
      if (own) assumptions.pend(heldFor(pod), pod.metadata.uid, own.allocation)
      return success
    },

    unreserve(state, { pod }) {
      assumptions.drop(pod.metadata.uid)
      const known = state.get(podClaims)
      // What is left is seen when the pod is tried again, or when it is gone.
      for (const claim of known?.claims ?? [])
        if (claim.status.allocation && isReservedFor(claim, pod)) releaseClaim(parts, claim, pod).catch(() => undefined)
      if (known?.made) deleteClaim(parts, known.made).catch(() => undefined)
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
        const own = known.own.get(name)
        const claims = own ? [...known.claims, await bindOwn(pod, own, known)] : known.claims
        if (claims.some(hasBindingConditions)) await waitForDevices(pod, claims, name)
        return success
      } catch (error) {
        return failed((error as Error).message)
      }
    },
  }
}
