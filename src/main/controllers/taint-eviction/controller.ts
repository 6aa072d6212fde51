// taint-eviction: deletes pods that do not tolerate a NoExecute taint of their node, or not any longer.
import { Node, Pod, type Taint, type Toleration } from '../../../shared/api/core/v1.ts'
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
  requeueAfter,
} from '../../../shared/client/reconciler.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { deleteDisrupted } from '../support/disruption-target.ts'
import type { ObservedTime } from '../../../shared/machinery/observed-time.ts'
import { podsByNode } from '../support/pods-by-node.ts'
import { isPodTerminal } from '../support/pod-state.ts'
import { toleratedMs } from './tolerations.ts'

const noExecute = (taints: readonly Taint[] | undefined): Taint[] =>
  (taints ?? []).filter(taint => taint.effect === 'NoExecute')

interface Eviction {
  readonly uid: string
  /** Observed time at which the taints were first seen. */
  readonly since: number
}

export class TaintEvictionController implements Reconciler<Pod> {
  readonly name = 'taint-eviction'
  readonly identity = 'node-controller'
  readonly eventSource = 'taint-eviction-controller'
  readonly type = Pod
  readonly workers = 8
  readonly watches: readonly Watch[] = [
    mapped<Pod>(Pod, (change, context) => (this.#isRelevant(change, context) ? [change.object.metadata] : [])),
    mapped(Node, ({ type, object, old }, { lister }) => {
      const same = type === 'updated' && deepEqual(noExecute(object.spec.taints), noExecute(old.spec.taints))
      const untainted = type === 'added' && noExecute(object.spec.taints).length === 0
      if (same || untainted) return []
      return lister(Pod)
        .by(podsByNode, object.metadata.name)
        .map(pod => pod.metadata)
    }),
  ]
  readonly #time: ObservedTime
  readonly #evictions = new Map<string, Eviction>()

  constructor(time: ObservedTime) {
    this.#time = time
  }

  async reconcile(pod: Pod, context: ControllerContext): Promise<Result> {
    const key = keyOf(pod.metadata)
    const node = context.lister(Node).get({ name: pod.spec.nodeName ?? '' })
    const taints = noExecute(node?.spec.taints)
    if (taints.length === 0 || pod.metadata.deletionTimestamp || isPodTerminal(pod)) {
      this.#cancel(key, pod, context)
      return done
    }
    const known = this.#evictions.get(key)
    const now = this.#time.now()
    const since = known?.uid === pod.metadata.uid ? known.since : now
    const tolerated = toleratedMs(taints, pod.spec.tolerations as readonly Toleration[] | undefined)
    if (tolerated === Number.POSITIVE_INFINITY) {
      this.#cancel(key, pod, context)
      return done
    }
    this.#evictions.set(key, { uid: pod.metadata.uid, since })
    const leftMs = since + tolerated - now
    if (leftMs > 0) return requeueAfter(leftMs)
    await evict(pod, context)
    this.#evictions.delete(key)
    return done
  }

  gone(ref: ObjectRef): undefined {
    this.#evictions.delete(keyOf(ref))
  }

  /** On most nodes nobody is evicted. */
  #isRelevant({ type, object: pod, old }: Change<Pod>, { lister }: ControllerContext): boolean {
    const changed =
      type !== 'updated' ||
      pod.spec.nodeName !== old.spec.nodeName ||
      pod.metadata.deletionTimestamp !== old.metadata.deletionTimestamp ||
      isPodTerminal(pod) !== isPodTerminal(old) ||
      !deepEqual(pod.spec.tolerations, old.spec.tolerations)
    if (!changed) return false
    const node = lister(Node).get({ name: pod.spec.nodeName ?? '' })
    return this.#evictions.has(keyOf(pod.metadata)) || noExecute(node?.spec.taints).length > 0
  }

  #cancel(key: string, pod: Pod, { events }: ControllerContext): void {
    if (!this.#evictions.delete(key) || pod.metadata.deletionTimestamp) return
    events.event(pod, 'Normal', 'TaintManagerEviction', `Cancelling deletion of Pod ${key}`)
  }
}

function evict(pod: Pod, context: ControllerContext): Promise<void> {
  const { namespace, name } = pod.metadata
  context.events.event(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${namespace}/${name}`)
  const message = 'Taint manager: deleting due to NoExecute taint'
  return deleteDisrupted(context, pod, 'DeletionByTaintManager', message)
}
