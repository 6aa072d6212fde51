// PodTopologySpread: keeps a workload's pods evenly over zones, hosts or any other domain of nodes.
import type { Placement } from '../../cache/journal.ts'
import type { NodeInfo } from '../../cache/node-info.ts'
import { on } from '../../framework/cluster-event.ts'
import type { CycleState, StateKey } from '../../framework/cycle-state.ts'
import { KeptCounts } from '../../framework/kept-counts.ts'
import type { PluginArgs } from '../../config/plugin-args.ts'
import type { Listers } from '../../framework/listers.ts'
import type { PodInfo } from '../../cache/pod-info.ts'
import { MAX_NODE_SCORE, type SchedulerPlugin } from '../../framework/plugin.ts'
import type { ClusterView } from '../../framework/cluster-view.ts'
import { skip, success, unresolvable, unschedulable } from '../../framework/status.ts'
import { type Constraint, type Constraints, HOSTNAME, constraintsOf, countOn, domainOf } from './constraints.ts'
import { DomainCounts } from './domain-counts.ts'

const REASON = "node(s) didn't match pod topology spread constraints"
const UNLABELLED = unresolvable(`${REASON} (missing required label)`)
const SKEWED = unschedulable(REASON)

/** A constraint with what it counts: the same for every pod that asks the same. */
interface Spread {
  readonly constraint: Constraint
  /** 1 when the pod counts itself. */
  readonly self: 0 | 1
  readonly counts: DomainCounts
}
interface Spreading {
  readonly namespace: string
  readonly constraints: readonly Constraint[]
  readonly spreads: readonly Spread[]
  /** Whether a node that lacks a label counts for the other constraints. */
  readonly mayLack: boolean
  readonly counts: Counts
}
interface Scoring {
  readonly spreading: Spreading
  readonly weights: readonly number[]
  readonly ignored: ReadonlySet<string>
}

const hardState: StateKey<Spreading> = { name: 'PodTopologySpread/filter' }
const softState: StateKey<Scoring> = { name: 'PodTopologySpread/score' }
const viewed: StateKey<ClusterView> = { name: 'PodTopologySpread/view' }

const hasAll = (node: NodeInfo, constraints: readonly Constraint[]) =>
  constraints.every(constraint => domainOf(node, constraint) !== undefined)

/** Whether a node's pods count. */
type Counts = (constraint: Constraint, node: NodeInfo) => boolean
type Counting = Pick<Spreading, 'counts' | 'mayLack'>
const toFilter: Counting = { counts: (constraint, node) => constraint.counts(node), mayLack: false }
/** A host is scored by the pods that are there, whatever its taints. */
const toScore = ({ areDefaults }: Constraints): Counting => ({
  counts: (constraint, node) => constraint.topologyKey === HOSTNAME || constraint.counts(node),
  mayLack: areDefaults,
})

function countAll(
  { pod: { metadata } }: PodInfo,
  { list }: Constraints,
  view: ClusterView,
  counting: Counting,
): Spreading {
  const { namespace, labels } = metadata
  const spreading: Spreading = {
    namespace,
    constraints: list,
    spreads: list.map(constraint => ({
      constraint,
      self: constraint.matches(labels) ? 1 : 0,
      counts: new DomainCounts(),
    })),
    ...counting,
  }
  for (const node of view.nodes)
    eachDomain(spreading, node, ({ constraint, counts: known }, domain) =>
      known.add(domain, countOn(node, namespace, constraint)),
    )
  return spreading
}

function eachDomain(
  { constraints, spreads, mayLack, counts }: Spreading,
  node: NodeInfo,
  visit: (spread: Spread, domain: string) => void,
): void {
  if (!mayLack && !hasAll(node, constraints)) return
  for (const spread of spreads) {
    const domain = domainOf(node, spread.constraint)
    if (domain !== undefined && counts(spread.constraint, node)) visit(spread, domain)
  }
}

/** Pods on their way out do not count. */
function countOne(spreading: Spreading, { pod: { pod }, node, amount }: Placement): void {
  const { namespace, labels, deletionTimestamp } = pod.metadata
  if (namespace !== spreading.namespace || deletionTimestamp) return
  eachDomain(spreading, node, ({ constraint, counts: known }, domain) => {
    if (constraint.matches(labels)) known.add(domain, amount)
  })
}

function change(cycle: CycleState, pod: PodInfo, node: NodeInfo, amount: 1 | -1): void {
  const state = cycle.get(hardState)
  if (state) countOne(state, { pod, node, amount })
}

export interface Skew {
  readonly topologyKey: string
  /** Undefined: the node lacks the label. */
  readonly domain: string | undefined
  /** Matching pods in the domain, with the pod itself. */
  readonly count: number
  /** Matching pods in the domain that has the fewest. */
  readonly least: number
  readonly maxSkew: number
}

/** What the pod's constraints come to on a node, as PreFilter counted. */
export function skewsOn(cycle: CycleState, node: NodeInfo): Skew[] {
  return (cycle.get(hardState)?.spreads ?? []).map(({ constraint, counts, self }) => {
    const domain = domainOf(node, constraint)
    const { topologyKey, maxSkew, minDomains } = constraint
    const count = (domain === undefined ? 0 : counts.at(domain)) + self
    return { topologyKey, domain, count, least: counts.least(minDomains), maxSkew }
  })
}

/** A domain's pods weigh more where there are many domains. */
const weightOf = (domains: number) => Math.log(domains + 2)

export function podTopologySpread(listers: Listers, args: PluginArgs['PodTopologySpread']): SchedulerPlugin {
  const hard = new KeptCounts<Spreading>(countOne)
  const soft = new KeptCounts<Spreading>(countOne)
  const keyOf = ({ groupKey }: PodInfo, { key }: Constraints) => `${groupKey} ${key}`

  return {
    name: 'PodTopologySpread',
    requeueOn: [on('Pod', ['added', 'updated', 'deleted']), on('Node', ['added', 'updated', 'deleted'])],

    preFilter(cycle, pod, view) {
      cycle.set(viewed, view)
      const asked = constraintsOf(pod.pod, 'DoNotSchedule', listers, args)
      if (!asked) return { status: skip }
      const count = () => countAll(pod, asked, view, toFilter)
      cycle.set(hardState, hard.of(view, keyOf(pod, asked), count))
      return { status: success }
    },
    addPod: (cycle, _pod, added, node) => change(cycle, added, node, 1),
    removePod: (cycle, _pod, removed, node) => change(cycle, removed, node, -1),

    filter(cycle, _pod, node) {
      const spreads = cycle.get(hardState)?.spreads ?? []
      for (const { constraint, counts, self } of spreads) {
        const domain = domainOf(node, constraint)
        if (domain === undefined) return UNLABELLED
        if (counts.at(domain) + self - counts.least(constraint.minDomains) > constraint.maxSkew) return SKEWED
      }
      return success
    },

    preScore(cycle, pod, nodes) {
      const view = cycle.get(viewed)
      const asked = view && constraintsOf(pod.pod, 'ScheduleAnyway', listers, args)
      if (!asked) return skip
      const count = () => countAll(pod, asked, view, toScore(asked))
      const spreading = soft.of(view, keyOf(pod, asked), count)
      const { constraints, mayLack } = spreading
      const ignored = new Set(mayLack ? [] : nodes.filter(node => !hasAll(node, constraints)).map(({ name }) => name))
      const scored = ignored.size === 0 ? nodes : nodes.filter(({ name }) => !ignored.has(name))
      const weights = constraints.map(constraint => {
        const domains = new Set(scored.map(node => domainOf(node, constraint)))
        domains.delete(undefined)
        return weightOf(domains.size)
      })
      cycle.set(softState, { spreading, weights, ignored })
      return success
    },
    score(cycle, _pod, node) {
      const state = cycle.get(softState)
      if (!state || state.ignored.has(node.name)) return 0
      let sum = 0
      for (const [i, { constraint, counts }] of state.spreading.spreads.entries()) {
        const domain = domainOf(node, constraint)
        if (domain !== undefined) sum += counts.at(domain) * (state.weights[i] ?? 1) + constraint.maxSkew - 1
      }
      return Math.round(sum)
    },
    normalize(cycle, _pod, scores, nodes) {
      const ignored = cycle.get(softState)?.ignored
      const counted = scores.filter((_score, i) => !ignored?.has(nodes[i]?.name ?? ''))
      const [min, max] = [Math.min(...counted), Math.max(...counted)]
      for (const [i, score] of scores.entries()) {
        if (ignored?.has(nodes[i]?.name ?? '')) scores[i] = 0
        else scores[i] = max === 0 ? MAX_NODE_SCORE : Math.trunc((MAX_NODE_SCORE * (max + min - score)) / max)
      }
    },
  }
}
