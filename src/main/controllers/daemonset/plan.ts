// Which daemon pods to start and stop: first one per eligible node, then the update within maxUnavailable or maxSurge.
import type { DaemonSet } from '../../../shared/api/apps/v1.ts'
import type { Node, Pod } from '../../../shared/api/core/v1.ts'
import { scaledValue } from '../../../shared/machinery/int-or-string.ts'
import { isPodAvailable, isPodReady, isPodTerminal } from '../support/pod-state.ts'
import { eligibility } from './eligible.ts'

export interface DaemonPlan {
  /** Nodes that need a pod. */
  readonly create: string[]
  readonly remove: Pod[]
  /** Ended by themselves: they are removed with a warning, then replaced. */
  readonly ended: Pod[]
}

/** The node a daemon pod is for, also before it is scheduled. */
export function nodeOf(pod: Pod): string | undefined {
  if (pod.spec.nodeName) return pod.spec.nodeName
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  return terms.flatMap(({ matchFields }) => matchFields ?? []).find(({ key }) => key === 'metadata.name')?.values?.[0]
}

export function podsPerNode(pods: readonly Pod[]): Map<string, Pod[]> {
  const nodes = new Map<string, Pod[]>()
  for (const pod of pods) {
    const node = nodeOf(pod)
    if (node !== undefined) nodes.set(node, [...(nodes.get(node) ?? []), pod])
  }
  return nodes
}

/** Of several pods on a node, as while an update surges, the first is the one that counts. */
export function byScheduledThenAge(a: Pod, b: Pod): number {
  const [age, other] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp]
  const isFirst = age === other ? a.metadata.name < b.metadata.name : age < other
  return Number(!a.spec.nodeName) - Number(!b.spec.nodeName) || (isFirst ? -1 : 1)
}

const surges = ({ spec: { updateStrategy } }: DaemonSet): boolean =>
  updateStrategy?.type !== 'OnDelete' && scaledValue(updateStrategy?.rollingUpdate?.maxSurge ?? 0, 1, true) > 0

/** @param isCurrent whether the pod has the newest template */
export function planNodes(
  daemonSet: DaemonSet,
  nodes: readonly Node[],
  perNode: ReadonlyMap<string, readonly Pod[]>,
  isCurrent: (pod: Pod) => boolean,
): DaemonPlan {
  const plan: DaemonPlan = { create: [], remove: [], ended: [] }
  for (const node of nodes) {
    const { name } = node.metadata
    const { shouldRun, shouldContinue } = eligibility(daemonSet, node)
    const pods = perNode.get(name) ?? []
    const alive = pods.filter(pod => !pod.metadata.deletionTimestamp)
    if (!shouldContinue) {
      plan.remove.push(...alive)
      continue
    }
    plan.ended.push(...alive.filter(isPodTerminal))
    // One that is being deleted has to be gone before the next may start, unless two may run.
    const there = surges(daemonSet) ? alive : pods
    if (shouldRun && there.length === 0) plan.create.push(name)
    const running = alive.filter(pod => !isPodTerminal(pod)).sort(byScheduledThenAge)
    plan.remove.push(...(surges(daemonSet) ? surplusOfSurge(running, isCurrent) : running.slice(1)))
  }
  return plan
}

/** An old pod may run beside a new one, as long as it serves. */
function surplusOfSurge(running: readonly Pod[], isCurrent: (pod: Pod) => boolean): Pod[] {
  const [fresh, ...surplus] = running.filter(isCurrent)
  const [old, ...more] = running.filter(pod => !isCurrent(pod))
  const serves = !fresh || !old || isPodReady(old)
  return [...surplus, ...more, ...(serves ? [] : [old])]
}

/**
 * The next step of a RollingUpdate.
 * @param wanted nodes on which the daemon should run; on others that have a pod still, an old one just goes
 */
export function planUpdate(
  { spec }: DaemonSet,
  wanted: readonly string[],
  perNode: ReadonlyMap<string, readonly Pod[]>,
  isCurrent: (pod: Pod) => boolean,
  nowMs: number,
): Pick<DaemonPlan, 'create' | 'remove'> {
  const { maxSurge = 0, maxUnavailable = 1 } = spec.updateStrategy?.rollingUpdate ?? {}
  const surge = scaledValue(maxSurge, wanted.length, true)
  const available = (pod: Pod) =>
    !pod.metadata.deletionTimestamp && isPodAvailable(pod, spec.minReadySeconds ?? 0, nowMs)
  const run = new Set(wanted)
  const nodes = [...new Set([...wanted, ...perNode.keys()])].map(name => {
    const alive = (perNode.get(name) ?? []).filter(pod => !pod.metadata.deletionTimestamp)
    return { name, isWanted: run.has(name), old: alive.find(pod => !isCurrent(pod)), fresh: alive.find(isCurrent) }
  })
  const plan: Pick<DaemonPlan, 'create' | 'remove'> = { create: [], remove: [] }
  if (surge > 0) {
    let room = surge - nodes.filter(({ old, fresh }) => old && fresh && !available(fresh)).length
    let spare =
      nodes.filter(({ old, fresh }) => [old ?? fresh].some(pod => pod && available(pod))).length - wanted.length
    for (const { name, isWanted, old, fresh } of nodes) {
      if (!old) continue
      if (fresh) {
        if (available(fresh)) plan.remove.push(old)
      } else if (!available(old)) {
        // One that does not serve anyway makes no room, and needs none.
        if (isWanted) plan.create.push(name)
        else plan.remove.push(old)
      } else if (isWanted) {
        if (room-- > 0) plan.create.push(name)
      } else if (spare-- > 0) plan.remove.push(old)
    }
    return plan
  }
  const mayLack = Math.max(1, scaledValue(maxUnavailable, wanted.length, true))
  const serves = ({ old, fresh }: (typeof nodes)[number]) => [old, fresh].some(pod => pod && available(pod))
  let room = mayLack - nodes.filter(node => !serves(node)).length
  for (const { old, fresh } of nodes) {
    if (!old || fresh) continue
    // One that does not serve anyway costs nothing.
    if (!available(old)) plan.remove.push(old)
    else if (room-- > 0) plan.remove.push(old)
  }
  return plan
}
