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

/** Topology key and value → how many pods match there. */
class TopologyCounts {
  readonly #counts = new Map<string, Map<string, number>>()

  add(key: string, node: NodeInfo, amount: number): void {
    const value = labelOf(node.node?.metadata.labels, key)
    if (value === undefined) return
    let values = this.#counts.get(key)
    if (!values) this.#counts.set(key, (values = new Map()))
    const count = (values.get(value) ?? 0) + amount
    if (count === 0) values.delete(value)
    else values.set(value, count)
  }
  at(key: string, node: NodeInfo): number {
    const value = labelOf(node.node?.metadata.labels, key)
    return value === undefined ? 0 : (this.#counts.get(key)?.get(value) ?? 0)
  }
  get empty(): boolean {
    return [...this.#counts.values()].every(({ size }) => size === 0)
  }
}

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

const NONE: readonly PodInfo[] = []

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
  function countExisting(state: Filtering, existing: PodInfo, node: NodeInfo, amount: number): void {
    for (const term of terms(existing).antiAffinity)
      if (term.matches(state.self)) state.existingAnti.add(term.topologyKey, node, amount)
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
      const asks = state.terms.affinity.length + state.terms.antiAffinity.length > 0
      for (const node of view.nodes) {
        for (const existing of node.podsWithRequiredAntiAffinity.values()) countExisting(state, existing, node, 1)
        if (asks) for (const group of node.groups.values()) countGroup(state, group, node, group.count)
      }
      cycle.set(filtering, state)
      // Preemption may bring nominated pods with anti-affinity of their own, so the state stays even when all is empty.
      return { status: asks || !state.existingAnti.empty || view.nominated ? success : skip }
    },
    addPod: (cycle, _pod, added, node) => change(cycle, added, node, 1),
    removePod: (cycle, _pod, removed, node) => change(cycle, removed, node, -1),

    filter(cycle, _pod, node) {
      const state = cycle.get(filtering)
      if (!state) return success
      const labels = node.node?.metadata.labels
      const { affinity, antiAffinity } = state.terms
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
      for (const [key, value] of Object.entries(labels ?? {}))
        if (value !== undefined && state.existingAnti.at(key, node) > 0)
          return unschedulable("node(s) didn't satisfy existing pods anti-affinity rules")
      return success
    },

    preScore(cycle, pod) {
      const view = cycle.get(viewed)
      const { preferredAffinity, preferredAntiAffinity } = terms(pod)
      const self = targetOf(pod)
      const asks = preferredAffinity.length + preferredAntiAffinity.length > 0
      const scores = new TopologyCounts()
      for (const node of view?.nodes ?? []) {
        if (asks)
          for (const group of node.groups.values()) {
            for (const term of preferredAffinity)
              if (term.matches(group)) scores.add(term.topologyKey, node, term.weight * group.count)
            for (const term of preferredAntiAffinity)
              if (term.matches(group)) scores.add(term.topologyKey, node, -term.weight * group.count)
          }
        for (const existing of ignorePreferred && !asks ? NONE : node.podsWithAffinity.values()) {
          const theirs = terms(existing)
          for (const term of theirs.affinity) if (term.matches(self)) scores.add(term.topologyKey, node, hardWeight)
          for (const term of theirs.preferredAffinity)
            if (term.matches(self)) scores.add(term.topologyKey, node, term.weight)
          for (const term of theirs.preferredAntiAffinity)
            if (term.matches(self)) scores.add(term.topologyKey, node, -term.weight)
        }
      }
      if (scores.empty) return skip
      cycle.set(scoring, scores)
      return success
    },
    score(cycle, _pod, node) {
      const scores = cycle.get(scoring)
      return Object.keys(node.node?.metadata.labels ?? {}).reduce((sum, key) => sum + (scores?.at(key, node) ?? 0), 0)
    },
    normalize(_cycle, _pod, scores) {
      const [least, most] = [Math.min(...scores), Math.max(...scores)]
      for (const [i, score] of scores.entries())
        scores[i] = most === least ? 0 : Math.trunc((MAX_NODE_SCORE * (score - least)) / (most - least))
    },
  }
}
