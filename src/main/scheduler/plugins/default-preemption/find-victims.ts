// Which pods would have to go from a node so that a more important one fits; and on which node that costs least.
import type { Pod } from '../../../../shared/api/core/v1.ts'
import type { PodDisruptionBudget } from '../../../../shared/api/policy/v1.ts'
import { type LabelMatcher, fromLabelSelector } from '../../../../shared/machinery/selectors.ts'
import type { NodeInfo } from '../../cache/node-info.ts'
import type { PodInfo } from '../../cache/pod-info.ts'
import type { CycleState } from '../../framework/cycle-state.ts'
import type { Candidate } from '../../framework/plugin.ts'
import { type Profile, having } from '../../framework/profile.ts'
import { activeFilters, filterNode } from '../../framework/run-plugins.ts'
import { type Status, unresolvable } from '../../framework/status.ts'

const priorityOf = (pod: Pod) => pod.spec.priority ?? 0
const startOf = (pod: Pod) => (pod.status.startTime ? Date.parse(pod.status.startTime) : Number.POSITIVE_INFINITY)
/** Higher priority first; then who runs longer. */
const byImportance = (a: PodInfo, b: PodInfo) => {
  const difference = priorityOf(b.pod) - priorityOf(a.pod)
  if (difference !== 0) return difference
  const [x, y] = [startOf(a.pod), startOf(b.pod)]
  return x === y ? 0 : x - y
}

const selectors = new WeakMap<PodDisruptionBudget, LabelMatcher>()

/** Read once for an object: objects do not change. An empty selector is no pod's here, as upstream's scheduler has it. */
function selectorOf(budget: PodDisruptionBudget): LabelMatcher | undefined {
  const { matchLabels = {}, matchExpressions = [] } = budget.spec.selector ?? {}
  if (Object.keys(matchLabels).length + matchExpressions.length === 0) return undefined
  let selector = selectors.get(budget)
  if (!selector) selectors.set(budget, (selector = fromLabelSelector(budget.spec.selector)))
  return selector
}

/** Splits pods by whether a budget would be broken, taking the budgets down as it goes. */
function violating(pods: readonly PodInfo[], budgets: readonly PodDisruptionBudget[]): Set<PodInfo> {
  const left = new Map(budgets.map(budget => [budget, budget.status.disruptionsAllowed ?? 0]))
  const broken = new Set<PodInfo>()
  for (const info of pods) {
    const { metadata } = info.pod
    if (!metadata.labels) continue
    for (const budget of budgets) {
      if (budget.metadata.namespace !== metadata.namespace) continue
      if (!selectorOf(budget)?.matches(metadata.labels)) continue
      if (Object.hasOwn(budget.status.disruptedPods ?? {}, metadata.name)) continue
      const allowed = (left.get(budget) ?? 0) - 1
      left.set(budget, allowed)
      if (allowed < 0) broken.add(info)
    }
  }
  return broken
}

/** @returns the fewest, least important victims of the node, or why none help */
export function findVictims(
  profile: Profile,
  state: CycleState,
  pod: PodInfo,
  node: NodeInfo,
  budgets: readonly PodDisruptionBudget[],
  guests: readonly PodInfo[],
): Candidate | Status {
  const priority = priorityOf(pod.pod)
  const lower = [...node.pods.values()].filter(other => priorityOf(other.pod) < priority)
  if (lower.length === 0) return unresolvable('No preemption victims found for incoming pod')
  const trial = node.clone()
  const gone = new Set<PodInfo>()
  const remove = (other: PodInfo) => {
    trial.removePod(other.pod.metadata.uid)
    gone.add(other)
    for (const plugin of having(profile, 'removePod')) plugin.removePod(state, pod, other, trial)
  }
  const restore = (other: PodInfo) => {
    trial.addPod(other)
    gone.delete(other)
    for (const plugin of having(profile, 'addPod')) plugin.addPod(state, pod, other, trial)
  }
  const { all: filters } = activeFilters(profile, state, pod)
  const fits = () => filterNode(filters, state, pod, trial)
  const room = guests.filter(
    other => other.pod.metadata.uid !== pod.pod.metadata.uid && priorityOf(other.pod) >= priority,
  )
  for (const guest of room) restore(guest)
  for (const other of lower) remove(other)
  try {
    const problem = fits()
    if (problem) return problem
    const sorted = lower.toSorted(byImportance)
    const broken = violating(sorted, budgets)
    // The important ones, and those whose budget would be broken, get the first chance to stay.
    for (const other of [...sorted.filter(o => broken.has(o)), ...sorted.filter(o => !broken.has(o))]) {
      restore(other)
      if (fits()) remove(other)
    }
    const left = sorted.filter(other => gone.has(other))
    const victims = left.map(({ pod: victim }) => victim)
    const violations = left.filter(victim => broken.has(victim)).length
    return candidateOf(node.name, victims, violations)
  } finally {
    // The plugins' state belongs to the whole cycle: leave it as it was.
    for (const other of [...gone]) restore(other)
    for (const guest of room) remove(guest)
  }
}

/** Sums weigh the number of victims too, whatever the sign of their priorities. */
const OFFSET = 2 ** 31

/** @param victims most important first */
export const candidateOf = (nodeName: string, victims: readonly Pod[], violations: number): Candidate => ({
  ...{ nodeName, victims, violations },
  costs: costsOf(victims, violations),
})

function costsOf(victims: readonly Pod[], violations: number): number[] {
  const top = victims[0] ? priorityOf(victims[0]) : Number.NEGATIVE_INFINITY
  const oldest = Math.min(...victims.filter(pod => priorityOf(pod) === top).map(startOf))
  const sum = victims.reduce((total, pod) => total + priorityOf(pod) + OFFSET, 0)
  return [violations, top, sum, victims.length, -oldest]
}

function isCheaper({ costs: mine }: Candidate, { costs: others }: Candidate): boolean {
  const index = mine.findIndex((cost, i) => cost !== others[i])
  return index >= 0 && (mine[index] ?? 0) < (others[index] ?? 0)
}

/** @returns the candidate that costs least; of several, the first */
export function cheapest(candidates: readonly Candidate[]): Candidate | undefined {
  let best: Candidate | undefined
  for (const candidate of candidates) if (!best || isCheaper(candidate, best)) best = candidate
  return best
}
