// The next step of a StatefulSet. With OrderedReady one pod at a time: from the lowest up, and from the highest down.
import type { StatefulSet } from '../../../shared/api/apps/v1.ts'
import type { Pod } from '../../../shared/api/core/v1.ts'
import { isPodAvailable, isPodTerminal } from '../support/pod-state.ts'

export interface StatefulPlan {
  readonly create: number[]
  readonly remove: Pod[]
  /** Those that are too many, or old: once all of the above went well. */
  readonly removeThen: Pod[]
  /** Pods that were come to, in their order: one that is not well holds up those behind it, and itself unless it is pending. */
  readonly reached: Pod[]
}

/** In one step: somebody may ask for two thousand million. */
const MOST_CREATED = 500

export interface PlanInput {
  readonly set: StatefulSet
  readonly byOrdinal: ReadonlyMap<number, Pod>
  readonly isCurrent: (pod: Pod) => boolean
  readonly nowMs: number
}

export const firstOrdinal = ({ spec }: StatefulSet): number => spec.ordinals?.start ?? 0
export const lastOrdinal = (set: StatefulSet): number => firstOrdinal(set) + (set.spec.replicas ?? 1) - 1

export function planStep({ set, byOrdinal, isCurrent, nowMs }: PlanInput): StatefulPlan {
  const plan: StatefulPlan = { create: [], remove: [], removeThen: [], reached: [] }
  const parallel = set.spec.podManagementPolicy === 'Parallel'
  const [first, last] = [firstOrdinal(set), lastOrdinal(set)]
  const available = (pod: Pod | undefined) =>
    pod !== undefined && !pod.metadata.deletionTimestamp && isPodAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs)
  for (let ordinal = first; ordinal <= last; ordinal++) {
    const pod = byOrdinal.get(ordinal)
    if (!pod) plan.create.push(ordinal)
    // Its name must be free before its successor can start.
    else if (isPodTerminal(pod) && !pod.metadata.deletionTimestamp) plan.remove.push(pod)
    const holdsUp = !parallel && (plan.create.length + plan.remove.length > 0 || !available(pod))
    const isPending = pod?.status.phase === 'Pending'
    if (pod && !isPodTerminal(pod) && (isPending || !holdsUp)) plan.reached.push(pod)
    if (holdsUp || plan.create.length === MOST_CREATED) return plan
  }
  const condemned = [...byOrdinal]
    .filter(([ordinal]) => ordinal < first || ordinal > last)
    .sort(([a], [b]) => b - a)
    .map(([, pod]) => pod)
  plan.reached.push(...condemned)
  // Whoever is not well may need the others: none goes before it, but itself.
  const lowestUnwell = condemned.findLast(pod => !available(pod))
  for (const pod of condemned) {
    const waits = !parallel && !available(pod) && pod !== lowestUnwell
    if (!pod.metadata.deletionTimestamp && !waits) plan.removeThen.push(pod)
    // The highest goes first, and has to be gone before the next goes.
    if (!parallel) return plan
  }
  const isAtRest = plan.create.length + plan.remove.length + plan.removeThen.length === 0
  if (!isAtRest || set.spec.updateStrategy?.type === 'OnDelete') return plan
  return { ...plan, removeThen: planUpdate({ set, byOrdinal, isCurrent, nowMs }, available) }
}

/** RollingUpdate: from the highest ordinal down to the partition, each once those above it are well. */
function planUpdate({ set, byOrdinal, isCurrent }: PlanInput, available: (pod: Pod | undefined) => boolean): Pod[] {
  const lowest = firstOrdinal(set) + (set.spec.updateStrategy?.rollingUpdate?.partition ?? 0)
  for (let ordinal = lastOrdinal(set); ordinal >= lowest; ordinal--) {
    const pod = byOrdinal.get(ordinal)
    if (pod && !isCurrent(pod) && !pod.metadata.deletionTimestamp) return [pod]
    if (!available(pod)) return []
  }
  return []
}
