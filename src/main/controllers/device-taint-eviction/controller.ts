// device-taint-eviction: deletes pods that use a device with a NoExecute taint which their claim does not tolerate, or not
// any longer.
// @see https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/#device-taints-and-tolerations
import { Pod } from '../../../shared/api/core/v1.ts'
import { ResourceClaim, ResourceSlice } from '../../../shared/api/resource/v1.ts'
import type { ObjectRef } from '../../../shared/client/client.ts'
import { keyOf } from '../../../shared/client/object-key.ts'
import {
  type Change,
  type ControllerContext,
  type Reconciler,
  type Result,
  type Watch,
  done,
  mapped,
  own,
  requeueAfter,
} from '../../../shared/client/reconciler.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { claimNameOf, isReservedFor, notMadeFor } from '../../../shared/machinery/resource-claims.ts'
import { deleteDisrupted } from '../support/disruption-target.ts'
import { isPodTerminal } from '../support/pod-state.ts'
import { claimsOfPool, evictionMs, evicts, poolKey } from './eviction-time.ts'

const REASON = 'DeviceTaintManagerEviction'

export class DeviceTaintEvictionController implements Reconciler<Pod> {
  readonly name = 'device-taint-eviction'
  readonly type = Pod
  readonly watches: readonly Watch[] = [
    own(Pod, podChanged),
    mapped(ResourceClaim, ({ type, object, old }) => {
      const same = type === 'updated' && deepEqual(object.status, old.status)
      return same ? [] : [...usersOf(object), ...(old ? usersOf(old) : [])]
    }),
    mapped(ResourceSlice, ({ type, object, old }, { lister }) => {
      const [taints, before] = [taintsIn(object), taintsIn(old)]
      const same = type === 'updated' ? deepEqual(taints, before) : taints.length === 0
      if (same && object.spec.pool.generation === (old ?? object).spec.pool.generation) return []
      const { driver, pool } = object.spec
      return lister(ResourceClaim).by(claimsOfPool, poolKey(driver, pool.name)).flatMap(usersOf)
    }),
  ]
  /** Pods that are going to be deleted, by key: their uid. */
  readonly #waiting = new Map<string, string>()

  async reconcile(pod: Pod, context: ControllerContext): Promise<Result> {
    const key = keyOf(pod.metadata)
    const { uid, deletionTimestamp } = pod.metadata
    if (this.#waiting.get(key) !== uid) this.#waiting.delete(key)
    if (deletionTimestamp || isPodTerminal(pod)) {
      this.#waiting.delete(key)
      return done
    }
    const dueMs = pod.spec.nodeName ? dueOf(pod, context) : Number.POSITIVE_INFINITY
    if (dueMs === Number.POSITIVE_INFINITY) {
      if (this.#waiting.delete(key)) context.events.event(pod, 'Normal', REASON, 'Cancelling deletion')
      return done
    }
    this.#waiting.set(key, uid)
    const leftMs = dueMs - context.clock.now()
    if (leftMs > 0) return requeueAfter(leftMs)
    await evict(pod, context)
    this.#waiting.delete(key)
    return done
  }

  gone(ref: ObjectRef): undefined {
    this.#waiting.delete(keyOf(ref))
  }
}

const taintsIn = (slice: ResourceSlice | undefined) =>
  (slice?.spec.devices ?? []).flatMap(({ name, taints = [] }) => taints.filter(evicts).map(taint => ({ name, taint })))

const usersOf = ({ metadata: { namespace }, status }: ResourceClaim): ObjectRef[] =>
  (status.reservedFor ?? [])
    .filter(({ apiGroup, resource }) => !apiGroup && resource === 'pods')
    .map(({ name }) => ({ namespace, name }))

/** Of most pods, most changes say nothing about devices. */
const podChanged = ({ type, object: pod, old }: Change<Pod>): boolean =>
  Boolean(pod.spec.resourceClaims?.length) &&
  (type !== 'updated' ||
    pod.spec.nodeName !== old.spec.nodeName ||
    !deepEqual(pod.status.resourceClaimStatuses, old.status.resourceClaimStatuses))

/** @returns when the first of its claims has to be given up */
function dueOf(pod: Pod, { lister }: ControllerContext): number {
  const { namespace } = pod.metadata
  const times = (pod.spec.resourceClaims ?? []).map(wanted => {
    const named = claimNameOf(pod, wanted)
    const name = 'problem' in named ? undefined : named.name
    const claim = name === undefined ? undefined : lister(ResourceClaim).get({ namespace, name })
    const foreign = claim && 'generated' in named && named.generated && notMadeFor(pod, claim) !== undefined
    return claim && !foreign && isReservedFor(claim, pod)
      ? evictionMs(claim, lister(ResourceSlice))
      : Number.POSITIVE_INFINITY
  })
  return Math.min(...times, Number.POSITIVE_INFINITY)
}

function evict(pod: Pod, context: ControllerContext): Promise<void> {
  context.events.event(pod, 'Normal', REASON, 'Marking for deletion')
  const message = 'Device Taint manager: deleting due to NoExecute taint'
  return deleteDisrupted(context, pod, 'DeletionByDeviceTaintManager', message)
}
