// InterPodAffinity: keeps pods near to, or away from, other pods, by the topology of their nodes. An existing pod's
// required anti-affinity binds newcomers too.
import type { Namespace } from '../../../../shared/api/core/v1.ts'
import type { Lister } from '../../../../shared/client/lister.ts'
import { labelOf } from '../../../../shared/machinery/selectors.ts'
import type { NodeInfo } from '../../cache/node-info.ts'
import type { PodInfo } from '../../cache/pod-info.ts'
import type { PluginArgs } from '../../config/plugin-args.ts'
import { on } from '../../framework/cluster-event.ts'
import type { CycleState, StateKey } from '../../framework/cycle-state.ts'
import { type ClusterView, MAX_NODE_SCORE, type SchedulerPlugin } from '../../framework/plugin.ts'
import { skip, success, unresolvable, unschedulable } from '../../framework/status.ts'
import { type Target, type Term, type Terms, termsOf } from './terms.ts'
import { TopologyCounts } from './topology-counts.ts'

interface Filtering {
  readonly terms: Terms
  readonly self: Target
  readonly existingAnti: TopologyCounts
  readonly affinity: TopologyCounts
  readonly anti: TopologyCounts
}

const filtering: StateKey<Filtering> = { name: 'InterPodAffinity/filter' }
const viewed: StateKey<ClusterView> = { name: 'InterPodAffinity/view' }
const scoring: StateKey<TopologyCounts> = { name: 'InterPodAffinity/score' }

interface Weighted {
  readonly topologyKey: string
  readonly weight: number
}

const against = ({ topologyKey, weight }: Term): Weighted => ({ topologyKey, weight: -weight })

const targetOf = ({ pod: { metadata } }: PodInfo): Target => metadata
/** A pod counts for required affinity when it matches every term. */
const matchesAll = (terms: readonly Term[], target: Target) =>
  terms.length > 0 && terms.every(term => term.matches(target))

export function interPodAffinity(namespaces: Lister<Namespace>, args: PluginArgs['InterPodAffinity']): SchedulerPlugin {
  const { hardPodAffinityWeight: hardWeight, ignorePreferredTermsOfExistingPods: ignorePreferred } = args
  const terms = ({ pod }: PodInfo) => termsOf(pod, namespaces)

  function countGroup(state: Filtering, target: Target, node: NodeInfo, amount: number): void {
    const { affinity, antiAffinity } = state.terms
    if (matchesAll(affinity, target)) for (const term of affinity) state.affinity.add(term.topologyKey, node, amount)
    for (const term of antiAffinity) if (term.matches(target)) state.anti.add(term.topologyKey, node, amount)
  }
  function countGroups(state: Filtering, { nodes }: ClusterView): void {
    const { affinity, antiAffinity } = state.terms
    const answers = new Map<string, { all: boolean; anti: readonly Term[] }>()
    for (const node of nodes)
      for (const [key, group] of node.groups) {
        let answer = answers.get(key)
        if (!answer) {
          answer = { all: matchesAll(affinity, group), anti: antiAffinity.filter(term => term.matches(group)) }
          answers.set(key, answer)
        }
        if (answer.all) for (const term of affinity) state.affinity.add(term.topologyKey, node, group.count)
        for (const term of answer.anti) state.anti.add(term.topologyKey, node, group.count)
      }
  }
  function countExisting(state: Filtering, existing: PodInfo, node: NodeInfo, amount: number): void {
    for (const term of terms(existing).antiAffinity)
      if (term.matches(state.self)) state.existingAnti.add(term.topologyKey, node, amount)
  }
  /** What pods with these terms wish about a pod, the required ones with the weight that the arguments give them. */
  function wishesFor(theirs: Terms, self: Target): Weighted[] {
    return [
      ...theirs.affinity
        .filter(term => term.matches(self))
        .map(({ topologyKey }) => ({ topologyKey, weight: hardWeight })),
      ...theirs.preferredAffinity.filter(term => term.matches(self)),
      ...theirs.preferredAntiAffinity.filter(term => term.matches(self)).map(against),
    ]
  }
  function change(cycle: CycleState, other: PodInfo, node: NodeInfo, amount: 1 | -1): void {
    const state = cycle.get(filtering)
    if (!state) return
    countGroup(state, targetOf(other), node, amount)
    countExisting(state, other, node, amount)
  }

  return {
    name: 'InterPodAffinity',
    requeueOn: [on('Pod', ['added', 'updated', 'deleted']), on('Node', ['added', 'updated'])],

    preFilter(cycle, pod, view) {
      cycle.set(viewed, view)
      const state: Filtering = {
        terms: terms(pod),
        self: targetOf(pod),
        existingAnti: new TopologyCounts(),
        affinity: new TopologyCounts(),
        anti: new TopologyCounts(),
      }
      const { affinity, antiAffinity } = state.terms
      const asks = affinity.length + antiAffinity.length > 0
      if (asks) countGroups(state, view)
      const antiOf = new Map<string, readonly Term[]>()
      for (const node of view.nodesWithAffinity)
        for (const [key, { info, count }] of node.affinityGroups) {
          let meant = antiOf.get(key)
          if (!meant) antiOf.set(key, (meant = terms(info).antiAffinity.filter(term => term.matches(state.self))))
          for (const { topologyKey } of meant) state.existingAnti.add(topologyKey, node, count)
        }
      // Pods for which preemption makes room may come with an anti-affinity of their own.
      if (!asks && state.existingAnti.empty && !view.promisedAffinity) return { status: skip }
      cycle.set(filtering, state)
      return { status: success }
    },
    addPod: (cycle, _pod, added, node) => change(cycle, added, node, 1),
    removePod: (cycle, _pod, removed, node) => change(cycle, removed, node, -1),

    filter(cycle, _pod, node) {
      const state = cycle.get(filtering)
      if (!state) return success
      const { affinity, antiAffinity } = state.terms
      // Nearly every pod, on every node.
      if (affinity.length === 0 && antiAffinity.length === 0 && state.existingAnti.empty) return success
      const labels = node.node?.metadata.labels
      if (affinity.some(({ topologyKey }) => labelOf(labels, topologyKey) === undefined))
        return unresolvable("node(s) didn't match pod affinity rules")
      if (affinity.some(({ topologyKey }) => state.affinity.at(topologyKey, node) === 0)) {
        // The first of a group that wants to be together has to start somewhere.
        const first = state.affinity.empty && matchesAll(affinity, state.self)
        if (!first) return unresolvable("node(s) didn't match pod affinity rules")
      }
      if (antiAffinity.some(({ topologyKey }) => state.anti.at(topologyKey, node) > 0))
        return unschedulable("node(s) didn't match pod anti-affinity rules")
      if (state.existingAnti.empty) return success
      return state.existingAnti.sum(node) > 0
        ? unschedulable("node(s) didn't satisfy existing pods anti-affinity rules")
        : success
    },

    preScore(cycle, pod) {
      const view = cycle.get(viewed)
      const { preferredAffinity, preferredAntiAffinity } = terms(pod)
      const self = targetOf(pod)
      const asks = preferredAffinity.length + preferredAntiAffinity.length > 0
      const scores = new TopologyCounts()
      if (asks) {
        const wanted = new Map<string, readonly Weighted[]>()
        for (const node of view?.nodes ?? [])
          for (const [key, group] of node.groups) {
            let found = wanted.get(key)
            if (!found)
              wanted.set(
                key,
                (found = [
                  ...preferredAffinity.filter(term => term.matches(group)),
                  ...preferredAntiAffinity.filter(term => term.matches(group)).map(against),
                ]),
              )
            for (const { topologyKey, weight } of found) scores.add(topologyKey, node, weight * group.count)
          }
      }
      if (asks || !ignorePreferred) {
        const theirs = new Map<string, readonly Weighted[]>()
        for (const node of view?.nodesWithAffinity ?? [])
          for (const [key, { info, count }] of node.affinityGroups) {
            let found = theirs.get(key)
            if (!found) theirs.set(key, (found = wishesFor(terms(info), self)))
            for (const { topologyKey, weight } of found) scores.add(topologyKey, node, weight * count)
          }
      }
      if (scores.empty) return skip
      cycle.set(scoring, scores)
      return success
    },
    score: (cycle, _pod, node) => cycle.get(scoring)?.sum(node) ?? 0,
    normalize(_cycle, _pod, scores) {
      const [least, most] = [Math.min(...scores), Math.max(...scores)]
      for (const [i, score] of scores.entries())
        scores[i] = most === least ? 0 : Math.trunc((MAX_NODE_SCORE * (score - least)) / (most - least))
    },
  }
}
