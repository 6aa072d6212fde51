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
    if (!shouldContinue) {
      plan.remove.push(...pods.filter(pod => !pod.metadata.deletionTimestamp))
      continue
    }
    // One that is being deleted has to be gone before the next may start.
    const alive = pods.filter(pod => !pod.metadata.deletionTimestamp)
    const ended = alive.filter(isPodTerminal)
    plan.ended.push(...ended)
    const running = alive.filter(pod => !isPodTerminal(pod))
    if (shouldRun && pods.length === 0) plan.create.push(name)
    plan.remove.push(...surplus(running, isCurrent))
  }
  return plan
}

/** Of several pods on a node the ready, then the oldest stays; during a surge an old one beside a new one may. */
function surplus(running: readonly Pod[], isCurrent: (pod: Pod) => boolean): Pod[] {
  return [true, false].flatMap(current =>
    running
      .filter(pod => isCurrent(pod) === current)
      .sort(
        (a, b) =>
          Number(isPodReady(b)) - Number(isPodReady(a)) ||
          (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1),
      )
      .slice(1),
  )
}

/** The next step of a RollingUpdate. @param wanted nodes on which the daemon should run */
export function planUpdate(
  { spec }: DaemonSet,
  wanted: readonly string[],
  perNode: ReadonlyMap<string, readonly Pod[]>,
  isCurrent: (pod: Pod) => boolean,
  nowMs: number,
): Pick<DaemonPlan, 'create' | 'remove'> {
  const { maxSurge = 0, maxUnavailable = 1 } = spec.updateStrategy?.rollingUpdate ?? {}
  const surge = scaledValue(maxSurge, wanted.length, true)
  const mayLack = Math.max(surge > 0 ? 0 : 1, scaledValue(maxUnavailable, wanted.length, true))
  const available = (pod: Pod) =>
    !pod.metadata.deletionTimestamp && isPodAvailable(pod, spec.minReadySeconds ?? 0, nowMs)
  const nodes = wanted.map(name => {
    const pods = (perNode.get(name) ?? []).filter(pod => !isPodTerminal(pod))
    const alive = pods.filter(pod => !pod.metadata.deletionTimestamp)
    return { name, pods, old: alive.find(pod => !isCurrent(pod)), fresh: alive.find(isCurrent) }
  })
  const plan: Pick<DaemonPlan, 'create' | 'remove'> = { create: [], remove: [] }
  if (surge > 0) {
    let room = surge - nodes.filter(({ old, fresh }) => old && fresh).length
    for (const { name, old, fresh } of nodes) {
      if (old && fresh && available(fresh)) plan.remove.push(old)
      else if (old && !fresh && !available(old)) plan.remove.push(old)
      else if (old && !fresh && room-- > 0) plan.create.push(name)
    }
    return plan
  }
  let room = mayLack - nodes.filter(({ pods }) => !pods.some(available)).length
  for (const { old, fresh } of nodes) {
    if (!old || fresh) continue
    // One that does not serve anyway costs nothing.
    if (!available(old)) plan.remove.push(old)
    else if (room-- > 0) plan.remove.push(old)
  }
  return plan
}
