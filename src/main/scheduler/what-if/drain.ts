// Draining, cordoning and uncordoning in the supposed world, with the manners of `kubectl drain`.
import type { Pod } from '../../../shared/api/core/v1.ts'
import { controllerOf } from '../../../shared/machinery/owner.ts'
import type { Supposition } from './supposition.ts'

const MIRROR = 'kubernetes.io/config.mirror'

/** Pods that a drain leaves: daemons, and those that the node itself runs. Those on their way out go anyway. */
const leaves = (pod: Pod) =>
  controllerOf(pod)?.kind !== 'DaemonSet' &&
  pod.metadata.annotations?.[MIRROR] === undefined &&
  pod.metadata.deletionTimestamp === undefined

export const movablePods = (world: Supposition, nodeName: string): Pod[] =>
  [...(world.trial.node(nodeName)?.pods.values() ?? [])].map(({ pod }) => pod).filter(leaves)

export function drain(world: Supposition, nodeName: string): void {
  world.setUnschedulable(nodeName, true)
  for (const pod of movablePods(world, nodeName)) {
    const blockedBy = world.takeDisruption(pod)
    if (controllerOf(pod)) world.replace(pod, { change: 'Move', ...(blockedBy ? { blockedBy } : {}) })
    else world.remove(pod, true)
  }
}
