// What would happen to a pod now, without doing it: which nodes rule it out and why, and how the others score.
import type { Pod } from '../../shared/api/core/v1.ts'
import { podInfoOf } from './cache/pod-info.ts'
import { CycleState } from './framework/cycle-state.ts'
import { describeFit } from './framework/fit-error.ts'
import type { ClusterView, NodeStatuses } from './framework/plugin.ts'
import type { Profile } from './framework/profile.ts'
import { type NodeScore, findFeasible, scoreNodes } from './framework/run-plugins.ts'

export interface Simulation {
  /** Nodes that fit, best first. */
  readonly scores: readonly NodeScore[]
  readonly statuses: NodeStatuses
  /** Why no node fits; undefined when one does. */
  readonly message: string | undefined
}

/** Looks at every node, and preempts nothing. Works on copies: neither `view` nor `pod` changes. */
export function simulate(profile: Profile, view: ClusterView, pod: Pod): Simulation {
  const copies = new Map(view.nodes.map(node => [node.name, node.clone()]))
  const snapshot: ClusterView = {
    nodes: [...copies.values()],
    node: name => copies.get(name),
    nominated: name => view.nominated?.(name) ?? [],
  }
  const state = new CycleState()
  const info = podInfoOf(pod)
  const everyNode = { ...profile, percentageOfNodesToScore: 100 }
  const { feasible, statuses, rejection } = findFeasible(everyNode, state, info, snapshot, 0)
  const scores = scoreNodes(everyNode, state, info, feasible).sort((a, b) => b.total - a.total)
  const message = feasible.length > 0 ? undefined : describeFit(snapshot.nodes.length, statuses, rejection)
  return { scores, statuses, message }
}
