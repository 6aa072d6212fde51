// PodTopologySpread: keeps a workload's pods evenly over zones, hosts or any other domain of nodes.
import type { NodeInfo } from '../../cache/node-info.ts'
import { on } from '../../framework/cluster-event.ts'
import type { CycleState, StateKey } from '../../framework/cycle-state.ts'
import type { PluginArgs } from '../../config/plugin-args.ts'
import type { Listers } from '../../framework/listers.ts'
import type { PodInfo } from '../../cache/pod-info.ts'
import { MAX_NODE_SCORE, type SchedulerPlugin } from '../../framework/plugin.ts'
import type { ClusterView } from '../../framework/cluster-view.ts'
import { skip, success, unresolvable, unschedulable } from '../../framework/status.ts'
import { type Constraint, HOSTNAME, constraintsOf, countOn, domainOf } from './constraints.ts'

const REASON = "node(s) didn't match pod topology spread constraints"
const UNLABELLED = unresolvable(`${REASON} (missing required label)`)
const SKEWED = unschedulable(REASON)

interface Hard {
  readonly constraints: readonly Constraint[]
  /** By constraint: domain → matching pods. */
  readonly counts: readonly Map<string, number>[]
}
interface Soft extends Hard {
  readonly weights: readonly number[]
  readonly ignored: ReadonlySet<string>
}

const hardState: StateKey<Hard> = { name: 'PodTopologySpread/filter' }
const softState: StateKey<Soft> = { name: 'PodTopologySpread/score' }
const viewed: StateKey<ClusterView> = { name: 'PodTopologySpread/view' }

const hasAll = (node: NodeInfo, constraints: readonly Constraint[]) =>
  constraints.every(constraint => domainOf(node, constraint) !== undefined)

function least(counts: ReadonlyMap<string, number>, minDomains: number): number {
  if (counts.size < minDomains) return 0
  let min = Number.POSITIVE_INFINITY
  for (const count of counts.values()) min = Math.min(min, count)
  return min === Number.POSITIVE_INFINITY ? 0 : min
}

function change(cycle: CycleState, { pod }: PodInfo, other: PodInfo, node: NodeInfo, amount: 1 | -1): void {
  const state = cycle.get(hardState)
  const { namespace, labels, deletionTimestamp } = other.pod.metadata
  if (!state || namespace !== pod.metadata.namespace || deletionTimestamp || !hasAll(node, state.constraints)) return
  for (const [i, constraint] of state.constraints.entries()) {
    const domain = domainOf(node, constraint)
    const counts = state.counts[i]
    if (domain !== undefined && counts && constraint.counts(node) && constraint.matches(labels))
      counts.set(domain, (counts.get(domain) ?? 0) + amount)
  }
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
export function skewsOn(cycle: CycleState, { pod }: PodInfo, node: NodeInfo): Skew[] {
  const { constraints, counts } = cycle.get(hardState) ?? { constraints: [], counts: [] }
  return constraints.map((constraint, i) => {
    const domain = domainOf(node, constraint)
    const known = counts[i] ?? new Map<string, number>()
    const self = constraint.matches(pod.metadata.labels) ? 1 : 0
    const { topologyKey, maxSkew, minDomains } = constraint
    const count = (domain === undefined ? 0 : (known.get(domain) ?? 0)) + self
    return { topologyKey, domain, count, least: least(known, minDomains), maxSkew }
  })
}

export function podTopologySpread(listers: Listers, args: PluginArgs['PodTopologySpread']): SchedulerPlugin {
  return {
    name: 'PodTopologySpread',
    requeueOn: [on('Pod', ['added', 'updated', 'deleted']), on('Node', ['added', 'updated', 'deleted'])],

    preFilter(cycle, { pod }, view) {
      cycle.set(viewed, view)
      const { constraints } = constraintsOf(pod, 'DoNotSchedule', listers, args)
      if (constraints.length === 0) return { status: skip }
      const counts = constraints.map(() => new Map<string, number>())
      for (const node of view.nodes) {
        if (!hasAll(node, constraints)) continue
        for (const [i, constraint] of constraints.entries()) {
          const domain = domainOf(node, constraint)
          if (domain === undefined || !constraint.counts(node)) continue
          const known = counts[i]
          known?.set(domain, (known.get(domain) ?? 0) + countOn(node, pod.metadata.namespace, constraint))
        }
      }
      cycle.set(hardState, { constraints, counts })
      return { status: success }
    },
    addPod: (cycle, pod, added, node) => change(cycle, pod, added, node, 1),
    removePod: (cycle, pod, removed, node) => change(cycle, pod, removed, node, -1),

    filter(cycle, { pod }, node) {
      const state = cycle.get(hardState)
      for (const [i, constraint] of (state?.constraints ?? []).entries()) {
        const domain = domainOf(node, constraint)
        if (domain === undefined) return UNLABELLED
        const counts = state?.counts[i] ?? new Map<string, number>()
        const self = constraint.matches(pod.metadata.labels) ? 1 : 0
        const skew = (counts.get(domain) ?? 0) + self - least(counts, constraint.minDomains)
        if (skew > constraint.maxSkew) return SKEWED
      }
      return success
    },

    preScore(cycle, { pod }, nodes) {
      const { constraints, defaults } = constraintsOf(pod, 'ScheduleAnyway', listers, args)
      if (constraints.length === 0) return skip
      const ignored = new Set(defaults ? [] : nodes.filter(node => !hasAll(node, constraints)).map(({ name }) => name))
      const counts = constraints.map(() => new Map<string, number>())
      for (const node of nodes) {
        if (ignored.has(node.name)) continue
        for (const [i, constraint] of constraints.entries()) {
          const domain = domainOf(node, constraint)
          if (domain !== undefined) counts[i]?.set(domain, 0)
        }
      }
      const weights = counts.map(({ size }) => Math.log(size + 2))
      for (const node of cycle.get(viewed)?.nodes ?? nodes) {
        if (!defaults && !hasAll(node, constraints)) continue
        for (const [i, constraint] of constraints.entries()) {
          const domain = domainOf(node, constraint)
          const known = domain === undefined ? undefined : counts[i]?.get(domain)
          if (domain === undefined || known === undefined) continue
          if (constraint.topologyKey !== HOSTNAME && !constraint.counts(node)) continue
          counts[i]?.set(domain, known + countOn(node, pod.metadata.namespace, constraint))
        }
      }
      cycle.set(softState, { constraints, counts, weights, ignored })
      return success
    },
    score(cycle, _pod, node) {
      const state = cycle.get(softState)
      if (!state || state.ignored.has(node.name)) return 0
      return Math.round(
        state.constraints.reduce((sum, constraint, i) => {
          const domain = domainOf(node, constraint)
          if (domain === undefined) return sum
          return sum + (state.counts[i]?.get(domain) ?? 0) * (state.weights[i] ?? 1) + constraint.maxSkew - 1
        }, 0),
      )
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
