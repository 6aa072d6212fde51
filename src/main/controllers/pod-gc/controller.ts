// pod-gc: removes pods that nobody else will: of nodes that are gone or that somebody says are out of service, never
// scheduled and being deleted, or too many that are finished.
import { Node, Pod } from '../../../shared/api/core/v1.ts'
import type { ObjectRef } from '../../../shared/client/client.ts'
import type { Index } from '../../../shared/client/lister.ts'
import {
  type Change,
  type ControllerContext,
  type Reconciler,
  type Result,
  type Watch,
  done,
  mapped,
  requeueAfter,
} from '../../../shared/client/reconciler.ts'
import { isConditionTrue } from '../../../shared/machinery/conditions.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import { markDisrupted } from '../support/disruption-target.ts'
import type { ObservedTime } from '../../../shared/machinery/observed-time.ts'
import { podsByNode } from '../support/pods-by-node.ts'
import { hasOutOfServiceTaint } from '../support/out-of-service.ts'
import { isPodTerminal } from '../support/pod-state.ts'

const TERMINATED_THRESHOLD = 12_500
/** A node may only be re-registering. */
const QUARANTINE_MS = 40_000
const SWEEP_MS = 20_000

const terminated: Index<Pod> = { name: 'terminated', values: pod => (isPodTerminal(pod) ? [''] : []) }

export class PodGarbageCollector implements Reconciler<Pod> {
  readonly name = 'pod-gc'
  readonly identity = 'pod-garbage-collector'
  readonly type = Pod
  readonly watches: readonly Watch[] = [
    mapped(Pod, (change, context) => (isRelevant(change, context) ? [change.object.metadata] : [])),
    mapped(Node, ({ type, object }, { lister }) =>
      type === 'deleted' || isOutOfService(object)
        ? lister(Pod)
            .by(podsByNode, object.metadata.name)
            .map(pod => pod.metadata)
        : [],
    ),
  ]
  readonly #time: ObservedTime
  readonly #threshold: number
  /** Node → observed time since which it is missing. */
  readonly #missingSince = new Map<string, number>()
  #sweepPlanned = false

  constructor(time: ObservedTime, terminatedThreshold = TERMINATED_THRESHOLD) {
    this.#time = time
    this.#threshold = terminatedThreshold
  }

  async reconcile(pod: Pod, context: ControllerContext): Promise<Result> {
    if (isPodTerminal(pod)) this.#planSweep(context)
    const { nodeName } = pod.spec
    if (!nodeName) {
      if (pod.metadata.deletionTimestamp) await forceDelete(pod, context)
      return done
    }
    const node = context.lister(Node).get({ name: nodeName })
    if (node) {
      this.#missingSince.delete(nodeName)
      if (pod.metadata.deletionTimestamp && isOutOfService(node)) await fail(pod, context)
      return done
    }
    const now = this.#time.now()
    const since = this.#missingSince.get(nodeName) ?? now
    this.#missingSince.set(nodeName, since)
    if (now - since < QUARANTINE_MS) return requeueAfter(QUARANTINE_MS - (now - since))
    if (await nodeExists(nodeName, context)) return done
    await fail(pod, context, { reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists' })
    return done
  }

  gone(_ref: ObjectRef, { lister }: ControllerContext): undefined {
    for (const name of this.#missingSince.keys())
      if (lister(Pod).by(podsByNode, name).length === 0) this.#missingSince.delete(name)
  }

  #planSweep(context: ControllerContext): void {
    if (this.#sweepPlanned) return
    this.#sweepPlanned = true
    const cancel = context.clock.after(SWEEP_MS, () => {
      this.#sweepPlanned = false
      context.signal.removeEventListener('abort', cancel)
      void this.#sweep(context)
    })
    context.signal.addEventListener('abort', cancel, { once: true })
  }

  /** Finished pods are kept for their logs and statuses, the newest of them; those that were evicted go first. */
  async #sweep(context: ControllerContext): Promise<void> {
    const finished = context.lister(Pod).by(terminated, '')
    const surplus = finished.length - this.#threshold
    if (surplus <= 0) return
    const rank = ({ status }: Pod) => (status.reason === 'Evicted' ? 0 : 1)
    finished.sort((a, b) => rank(a) - rank(b) || (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1))
    for (const pod of finished.slice(0, surplus)) {
      try {
        await forceDelete(pod, context)
      } catch (error) {
        if (context.signal.aborted) return
        context.log.warn({ pod: pod.metadata.name, error: String(error) }, 'a finished pod could not be removed')
      }
    }
  }
}

/**
 * A node that is shut down, as whoever put the taint on it knows: no kubelet will end its pods, whose names and volumes
 * are wanted elsewhere.
 * @see https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/#non-graceful-node-shutdown
 */
const isOutOfService = ({ spec, status }: Node): boolean =>
  hasOutOfServiceTaint(spec) && !isConditionTrue(status.conditions, 'Ready')

/** Nearly all that happens to pods concerns running ones on nodes that exist, or ones that wait for a node. */
function isRelevant({ type, object: pod, old }: Change<Pod>, { lister }: ControllerContext): boolean {
  const { nodeName } = pod.spec
  const isDeleted = pod.metadata.deletionTimestamp !== undefined
  const node = nodeName ? lister(Node).get({ name: nodeName }) : undefined
  const isLeft = node ? isDeleted && isOutOfService(node) : nodeName ? true : isDeleted
  if (type === 'deleted') return isLeft
  return (
    (isLeft || isPodTerminal(pod)) &&
    (type === 'added' ||
      nodeName !== old.spec.nodeName ||
      pod.metadata.deletionTimestamp !== old.metadata.deletionTimestamp ||
      isPodTerminal(pod) !== isPodTerminal(old))
  )
}

async function nodeExists(name: string, { client, signal }: ControllerContext): Promise<boolean> {
  try {
    await client.get(Node, { name }, { signal })
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}

/** @param disruption told on a pod that did not have to end */
async function fail(
  pod: Pod,
  context: ControllerContext,
  disruption?: { readonly reason: string; readonly message: string },
): Promise<void> {
  try {
    if (!isPodTerminal(pod)) {
      if (disruption) await markDisrupted(context, pod, disruption.reason, disruption.message, 'Failed')
      else {
        const status = { ...pod.status, phase: 'Failed' }
        await context.client.updateStatus(Pod, { ...pod, status }, { signal: context.signal })
      }
    }
  } catch (error) {
    if (isNotFound(error)) return
    throw error
  }
  await forceDelete(pod, context)
}

/** No kubelet will confirm the end of this pod. */
async function forceDelete(pod: Pod, { client, signal }: ControllerContext): Promise<void> {
  const { namespace, name, uid } = pod.metadata
  try {
    const options = { preconditions: { uid }, gracePeriodSeconds: 0, signal }
    await client.delete(Pod, { namespace, name }, options)
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
