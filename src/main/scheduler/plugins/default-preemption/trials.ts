// Which pods would have to go from which node, kept for the next pods that ask the same: preemptors tend to come in
// crowds, and each makes room on one of many nodes.
import type { PodDisruptionBudget } from '../../../../shared/api/policy/v1.ts'
import { RecentlyUsed } from '../../../../shared/machinery/recently-used.ts'
import type { NodeInfo } from '../../cache/node-info.ts'
import type { PodInfo } from '../../cache/pod-info.ts'
import type { CycleState } from '../../framework/cycle-state.ts'
import type { Candidate } from '../../framework/plugin.ts'
import type { Profile } from '../../framework/profile.ts'
import { activeFilters } from '../../framework/run-plugins.ts'
import type { Status } from '../../framework/status.ts'
import { findVictims } from './find-victims.ts'

/** Kinds of preemptors remembered, those that came last. */
const MOST_KINDS = 8
const MOST_NODES = 10_000

interface Trial {
  readonly generation: number
  readonly guests: readonly PodInfo[]
  readonly found: Candidate | Status
}

/** @returns what a trial on the node comes to, with these pods promised to it */
export type TryNode = (node: NodeInfo, guests: readonly PodInfo[]) => Candidate | Status

export class Trials {
  readonly #kinds = new RecentlyUsed<Map<NodeInfo, Trial>>(MOST_KINDS)
  #budgets: readonly PodDisruptionBudget[] = []

  /** For one cycle. A trial counts again while neither the node nor who is promised it nor a budget has changed. */
  begin(profile: Profile, state: CycleState, pod: PodInfo, budgets: readonly PodDisruptionBudget[]): TryNode {
    const afresh: TryNode = (node, guests) => findVictims(profile, state, pod, node, budgets, guests)
    const { others, kind } = activeFilters(profile, state, pod)
    // These look farther than the node: at pods elsewhere, or volumes.
    if (others.length > 0) return afresh
    this.#follow(budgets)
    const key = `${pod.pod.spec.priority ?? 0} ${kind.signature}`
    const trials = this.#kinds.use(key, () => new Map<NodeInfo, Trial>())
    const { uid } = pod.pod.metadata
    return (node, guests) => {
      // It may be promised the node itself, and does not count then.
      if (guests.some(guest => guest.pod.metadata.uid === uid)) return afresh(node, guests)
      const { generation } = node
      const known = trials.get(node)
      if (known?.generation === generation && known.guests === guests) return known.found
      const found = afresh(node, guests)
      if (trials.size >= MOST_NODES) trials.clear()
      trials.set(node, { generation, guests, found })
      return found
    }
  }

  #follow(budgets: readonly PodDisruptionBudget[]): void {
    const same = budgets.length === this.#budgets.length && budgets.every((budget, i) => budget === this.#budgets[i])
    if (!same) this.#kinds.clear()
    this.#budgets = budgets
  }
}
