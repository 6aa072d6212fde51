// Places one pod in the supposed world, as a scheduling cycle would: filters, scores, and preemption when nothing fits.
// Of equally good nodes the first by name is taken, so that a question asked twice has one answer.
import type { Pod } from '../../../shared/api/core/v1.ts'
import { podInfoOf } from '../cache/pod-info.ts'
import { CycleState } from '../framework/cycle-state.ts'
import { describeFit } from '../framework/fit-error.ts'
import type { Candidate } from '../framework/plugin.ts'
import { type Profile, having } from '../framework/profile.ts'
import { findFeasible, scoreNodes } from '../framework/run-plugins.ts'
import { isSuccess } from '../framework/status.ts'
import { cheapest, findVictims } from '../plugins/default-preemption/find-victims.ts'
import type { Supposition } from './supposition.ts'

export interface Placement {
  readonly nodeName?: string
  /** Why it lands nowhere. */
  readonly message?: string
  /** Pods that have to go for it; most important first. */
  readonly victims: readonly Pod[]
}

/** The pod is counted on the node that it gets; victims are left to the caller. */
export async function placePod(world: Supposition, profile: Profile, pod: Pod): Promise<Placement> {
  const { trial, pace } = world
  for (const plugin of having(profile, 'preEnqueue')) {
    const status = plugin.preEnqueue(pod)
    if (!isSuccess(status)) return { message: status.reasons.join(', '), victims: [] }
  }
  const info = podInfoOf(pod)
  const state = new CycleState()
  const { feasible, statuses, rejection } = findFeasible(profile, state, info, trial, 0, 100)
  const [best] = scoreNodes(profile, state, info, feasible).sort(
    (a, b) => b.total - a.total || (a.node.name < b.node.name ? -1 : 1),
  )
  if (best) {
    world.place(pod, best.node.name)
    for (const plugin of having(profile, 'reserve')) plugin.reserve(state, info, best.node)
    return { nodeName: best.node.name, victims: [] }
  }
  const message = describeFit(trial.nodes.length, statuses, rejection)
  if (rejection || having(profile, 'postFilter').length === 0 || pod.spec.preemptionPolicy === 'Never')
    return { message, victims: [] }
  const budgets = world.listers.disruptionBudgets.list()
  const candidates: Candidate[] = []
  for (const node of statuses.nodesWith('Unschedulable')) {
    const found = findVictims(profile, state, info, node, budgets, trial.nominated(node.name))
    if ('victims' in found) candidates.push(found)
    await pace.breathe()
  }
  const chosen = cheapest(candidates)
  if (!chosen) return { message, victims: [] }
  for (const { metadata } of chosen.victims) trial.remove(metadata.uid)
  world.place(pod, chosen.nodeName)
  return { nodeName: chosen.nodeName, victims: chosen.victims }
}
