// InterPodAffinity: keeps pods near to, or away from, other pods, by the topology of their nodes. An existing pod's
// required anti-affinity binds newcomers too.
import type { Namespace } from '../../../../shared/api/core/v1.ts'
import type { Lister } from '../../../../shared/client/lister.ts'
import type { NodeInfo } from '../../cache/node-info.ts'
import type { PodInfo } from '../../cache/pod-info.ts'
import type { PluginArgs } from '../../config/plugin-args.ts'
import type { Placement } from '../../cache/journal.ts'
import { on } from '../../framework/cluster-event.ts'
import type { CycleState, StateKey } from '../../framework/cycle-state.ts'
import { KeptCounts } from '../../framework/kept-counts.ts'
import { rangeOf } from '../../framework/normalize.ts'
import { MAX_NODE_SCORE, type SchedulerPlugin } from '../../framework/plugin.ts'
import type { ClusterView } from '../../framework/cluster-view.ts'
import { skip, success, unresolvable, unschedulable } from '../../framework/status.ts'
import { type Target, type Term, type Terms, termsOf } from './terms.ts'
import { TopologyCounts } from './topology-counts.ts'

/** What the pods in the cluster mean for pods with the same labels and terms. */
interface Filtering {
  readonly terms: Terms
  readonly self: Target
  readonly existingAnti: TopologyCounts
  readonly affinity: TopologyCounts
  readonly anti: TopologyCounts
  /** Whether a term asks for namespaces by their labels: then it counts for this cycle alone. */
  passing: boolean
}
interface Scoring {
  readonly terms: Terms
  readonly self: Target
  readonly scores: TopologyCounts
  passing: boolean
}

const filtering: StateKey<Filtering> = { name: 'InterPodAffinity/filter' }
const viewed: StateKey<ClusterView> = { name: 'InterPodAffinity/view' }
const scoring: StateKey<TopologyCounts> = { name: 'InterPodAffinity/score' }

interface Weighted {
  readonly topologyKey: string
  readonly weight: number
}

const against = ({ topologyKey, weight }: Term): Weighted => ({ topologyKey, weight: -weight })

const FAR = unresolvable("node(s) didn't match pod affinity rules")
const NEAR = unschedulable("node(s) didn't match pod anti-affinity rules")
const UNWANTED = unschedulable("node(s) didn't satisfy existing pods anti-affinity rules")

const targetOf = ({ pod: { metadata } }: PodInfo): Target => metadata
/** The same for pods that mean the same to others, and to which others mean the same. */
const keyOf = ({ affinityKey, groupKey }: PodInfo): string => affinityKey ?? groupKey
const isPassing = ({ affinity, antiAffinity, preferredAffinity, preferredAntiAffinity }: Terms) =>
  [affinity, antiAffinity, preferredAffinity, preferredAntiAffinity].some(terms =>
    terms.some(({ byNamespaceLabels }) => byNamespaceLabels),
  )
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
    if (existing.affinityKey === undefined) return
    const theirs = terms(existing)
    state.passing ||= isPassing(theirs)
    for (const term of theirs.antiAffinity)
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
  /** What a pod wishes about others with these labels. */
  const wishesAbout = ({ preferredAffinity, preferredAntiAffinity }: Terms, target: Target): Weighted[] => [
    ...preferredAffinity.filter(term => term.matches(target)),
    ...preferredAntiAffinity.filter(term => term.matches(target)).map(against),
  ]
  function weigh(state: Scoring, wishes: readonly Weighted[], node: NodeInfo, amount: number): void {
    for (const { topologyKey, weight } of wishes) state.scores.add(topologyKey, node, weight * amount)
  }
  const asksFor = ({ preferredAffinity, preferredAntiAffinity }: Terms) =>
    preferredAffinity.length + preferredAntiAffinity.length > 0
  const hearsOthers = (own: Terms) => asksFor(own) || !ignorePreferred

  function countOne(state: Filtering, { pod: other, node, amount }: Placement): void {
    countGroup(state, targetOf(other), node, amount)
    countExisting(state, other, node, amount)
  }
  function weighOne(state: Scoring, { pod: other, node, amount }: Placement): void {
    if (asksFor(state.terms)) weigh(state, wishesAbout(state.terms, targetOf(other)), node, amount)
    if (other.affinityKey === undefined || !hearsOthers(state.terms)) return
    const theirs = terms(other)
    state.passing ||= isPassing(theirs)
    weigh(state, wishesFor(theirs, state.self), node, amount)
  }
  const lasts = ({ passing }: { readonly passing: boolean }) => !passing
  const counted = new KeptCounts(countOne, lasts)
  const weighed = new KeptCounts(weighOne, lasts)

  function countAll(pod: PodInfo, view: ClusterView): Filtering {
    const own = terms(pod)
    const state: Filtering = {
      terms: own,
      self: targetOf(pod),
      existingAnti: new TopologyCounts(),
      affinity: new TopologyCounts(),
      anti: new TopologyCounts(),
      passing: isPassing(own),
    }
    if (own.affinity.length + own.antiAffinity.length > 0) countGroups(state, view)
    const antiOf = new Map<string, readonly Term[]>()
    for (const node of view.nodesWithAffinity)
      for (const [key, { info, count }] of node.affinityGroups) {
        let meant = antiOf.get(key)
        if (!meant) {
          const theirs = terms(info)
          state.passing ||= isPassing(theirs)
          antiOf.set(key, (meant = theirs.antiAffinity.filter(term => term.matches(state.self))))
        }
        for (const { topologyKey } of meant) state.existingAnti.add(topologyKey, node, count)
      }
    return state
  }

  function weighAll(pod: PodInfo, view: ClusterView): Scoring {
    const own = terms(pod)
    const state: Scoring = {
      terms: own,
      self: targetOf(pod),
      scores: new TopologyCounts(),
      passing: isPassing(own),
    }
    if (asksFor(own)) {
      const wanted = new Map<string, readonly Weighted[]>()
      for (const node of view.nodes)
        for (const [key, group] of node.groups) {
          let found = wanted.get(key)
          if (!found) wanted.set(key, (found = wishesAbout(own, group)))
          weigh(state, found, node, group.count)
        }
    }
    if (!hearsOthers(own)) return state
    const theirs = new Map<string, readonly Weighted[]>()
    for (const node of view.nodesWithAffinity)
      for (const [key, { info, count }] of node.affinityGroups) {
        let found = theirs.get(key)
        if (!found) {
          state.passing ||= isPassing(terms(info))
          theirs.set(key, (found = wishesFor(terms(info), state.self)))
        }
        weigh(state, found, node, count)
      }
    return state
  }

  function change(cycle: CycleState, pod: PodInfo, node: NodeInfo, amount: 1 | -1): void {
    const state = cycle.get(filtering)
    if (state) countOne(state, { pod, node, amount })
  }

  return {
    name: 'InterPodAffinity',
    requeueOn: [on('Pod', ['added', 'updated', 'deleted']), on('Node', ['added', 'updated'])],

    preFilter(cycle, pod, view) {
      cycle.set(viewed, view)
      const state = counted.of(view, keyOf(pod), () => countAll(pod, view))
      const { affinity, antiAffinity } = state.terms
      // Pods for which preemption makes room may come with an anti-affinity of their own.
      if (affinity.length + antiAffinity.length === 0 && state.existingAnti.empty && !view.promisedAffinity)
        return { status: skip }
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
      let isNear = true
      for (const { topologyKey } of affinity) {
        const count = state.affinity.at(topologyKey, node)
        if (count === 0 && node.label(topologyKey) === undefined) return FAR
        isNear &&= count > 0
      }
      // The first of a group that wants to be together has to start somewhere.
      if (!isNear && !(state.affinity.empty && matchesAll(affinity, state.self))) return FAR
      if (antiAffinity.some(({ topologyKey }) => state.anti.at(topologyKey, node) > 0)) return NEAR
      if (state.existingAnti.empty) return success
      return state.existingAnti.sum(node) > 0 ? UNWANTED : success
    },

    preScore(cycle, pod) {
      const view = cycle.get(viewed)
      if (!view) return skip
      const { scores } = weighed.of(view, keyOf(pod), () => weighAll(pod, view))
      if (scores.empty) return skip
      cycle.set(scoring, scores)
      return success
    },
    score: (cycle, _pod, node) => cycle.get(scoring)?.sum(node) ?? 0,
    normalize(_cycle, _pod, scores) {
      const { least, most } = rangeOf(scores)
      for (let i = 0; i < scores.length; i++)
        scores[i] = most === least ? 0 : Math.trunc((MAX_NODE_SCORE * ((scores[i] ?? 0) - least)) / (most - least))
    },
  }
}
