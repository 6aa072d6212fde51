// What happens in the cluster, told to the scheduler's cache and queue.
import { Node, PersistentVolume, PersistentVolumeClaim, Pod } from '../../shared/api/core/v1.ts'
import { DeviceClass, ResourceClaim, ResourceSlice } from '../../shared/api/resource/v1.ts'
import { CSIDriver, CSINode, CSIStorageCapacity, StorageClass } from '../../shared/api/storage/v1.ts'
import type { InformerFactory } from '../../shared/client/informer-factory.ts'
import { deepEqual } from '../../shared/machinery/deep-equal.ts'
import type { KubeObject } from '../../shared/machinery/object.ts'
import { podInfoOf } from './cache/pod-info.ts'
import type { SchedulerCache } from './cache/scheduler-cache.ts'
import type { Decisions } from './decisions.ts'
import { leftNode } from './framework/cluster-event.ts'
import type { SchedulingQueue } from './queue/scheduling-queue.ts'

export interface Followed {
  readonly cache: SchedulerCache
  readonly queue: SchedulingQueue
  readonly decisions: Decisions
  /** Whether pods that name this scheduler are placed here. */
  readonly isOurs: (schedulerName: string) => boolean
}

/** Kinds of which the queue alone hears. */
const OTHERS = [
  PersistentVolumeClaim,
  PersistentVolume,
  StorageClass,
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  ResourceClaim,
  ResourceSlice,
  DeviceClass,
]

export function followCluster(informers: InformerFactory, followed: Followed): void {
  const { cache, queue } = followed
  informers.informer(Node).on({
    added: node => nodeChanged(followed, node),
    updated: (node, old) => nodeChanged(followed, node, old),
    deleted: node => {
      cache.removeNode(node.metadata.name)
      queue.moveOn({ kind: 'Node', action: 'deleted', object: node })
    },
  })
  informers.informer(Pod).on({
    added: pod => podChanged(followed, pod),
    updated: (pod, old) => podChanged(followed, pod, old),
    deleted: pod => podGone(followed, pod),
  })
  for (const type of OTHERS)
    informers.informer<KubeObject>(type).on({
      added: object => queue.moveOn({ kind: type.kind, action: 'added', object }),
      updated: (object, old) => queue.moveOn({ kind: type.kind, action: 'updated', object, old }),
      deleted: object => queue.moveOn({ kind: type.kind, action: 'deleted', object }),
    })
}

function nodeChanged({ cache, queue }: Followed, node: Node, old?: Node): void {
  cache.setNode(node)
  // Heartbeats change nothing that placement depends on.
  const same =
    old &&
    deepEqual(node.spec, old.spec) &&
    deepEqual(node.status.allocatable, old.status.allocatable) &&
    deepEqual(node.status.declaredFeatures, old.status.declaredFeatures) &&
    deepEqual(node.metadata.labels, old.metadata.labels)
  if (!same) queue.moveOn({ kind: 'Node', action: old ? 'updated' : 'added', object: node, ...(old ? { old } : {}) })
}

const finished = ({ status }: Pod) => status.phase === 'Succeeded' || status.phase === 'Failed'

/** Statuses change all the time; only the spec and labels decide where pods fit. */
const placementChanged = (pod: Pod, old: Pod) =>
  !deepEqual(pod.spec, old.spec) || !deepEqual(pod.metadata.labels, old.metadata.labels)

/** A resize that is carried out makes room on the pod's node; only CPU and memory change. */
function holdsOther(pod: Pod, old: Pod): boolean {
  const [{ requests: now }, { requests: before }] = [podInfoOf(pod), podInfoOf(old)]
  return now.cpuMilli !== before.cpuMilli || now.memoryBytes !== before.memoryBytes
}

function podChanged(followed: Followed, pod: Pod, old?: Pod): void {
  const { cache, queue, isOurs } = followed
  const { uid } = pod.metadata
  if (old && old.metadata.uid !== uid) {
    podGone(followed, old) // replaced by another of its name while nobody watched
    return podChanged(followed, pod)
  }
  if (finished(pod)) return podGone(followed, pod)
  if (pod.spec.nodeName) {
    const wasWaiting = !old?.spec.nodeName
    cache.setPod(pod)
    const promised = cache.nominationOf(uid)
    cache.dropNomination(uid)
    if (wasWaiting) queue.delete(uid)
    if (promised !== undefined && promised !== pod.spec.nodeName) queue.moveOn(leftNode(pod, promised))
    if (wasWaiting) queue.moveOn({ kind: 'Pod', action: 'added', object: pod })
    else if (placementChanged(pod, old) || holdsOther(pod, old))
      queue.moveOn({ kind: 'Pod', action: 'updated', object: pod, old })
    return
  }
  if (!isOurs(pod.spec.schedulerName ?? '') || pod.metadata.deletionTimestamp) return queue.delete(uid)
  if (cache.isAssumed(uid)) return queue.refresh(pod)
  if (pod.status.nominatedNodeName) cache.nominate(podInfoOf(pod), pod.status.nominatedNodeName)
  if (!old) return queue.add(pod)
  queue.update(pod, placementChanged(pod, old))
}

function podGone({ cache, queue, decisions }: Followed, pod: Pod): void {
  const { uid } = pod.metadata
  queue.delete(uid)
  decisions.delete(uid)
  const promised = cache.nominationOf(uid)
  const counted = pod.spec.nodeName || cache.isAssumed(uid)
  cache.dropNomination(uid)
  cache.removePod(uid)
  if (counted) queue.moveOn({ kind: 'Pod', action: 'deleted', object: pod })
  if (promised !== undefined && promised !== pod.spec.nodeName) queue.moveOn(leftNode(pod, promised))
}
