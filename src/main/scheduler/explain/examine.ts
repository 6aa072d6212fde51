// Every filter's verdict about every node. A scheduling cycle stops at the first that rejects; whoever asks why wants all.
import type { PluginScore } from '../../../shared/api/flotilla/scheduling-v1.ts'
import type { NodeInfo } from '../cache/node-info.ts'
import type { PodInfo } from '../cache/pod-info.ts'
import { CycleState } from '../framework/cycle-state.ts'
import { describeFit } from '../framework/fit-error.ts'
import type { NodeStatuses } from '../framework/plugin.ts'
import type { ClusterView } from '../framework/cluster-view.ts'
import { type Profile, having } from '../framework/profile.ts'
import { Rejections } from '../framework/rejections.ts'
import { type NodeScore, filterWithNominated, scoreNodes } from '../framework/run-plugins.ts'
import { type Status, isSuccess, skip, success, unresolvable } from '../framework/status.ts'
import type { Pace } from './pace.ts'

export interface Verdict {
  readonly plugin: string
  readonly status: Status
}

export interface ExaminedNode {
  readonly node: NodeInfo
  readonly verdicts: readonly Verdict[]
  readonly fits: boolean
}

export interface ScoredNode extends NodeScore {
  readonly parts: readonly PluginScore[]
}

export interface Examination {
  readonly state: CycleState
  /** PreEnqueue and PreFilter: plugins that refuse the pod whatever the node. */
  readonly refused: readonly Verdict[]
  readonly nodes: readonly ExaminedNode[]
  /** Of nodes that fit, best first; of equals the first by name. */
  readonly scores: readonly ScoredNode[]
  /** Why no node fits; undefined when one does. */
  readonly message: string | undefined
}

const ONLY_NAMED = unresolvable("node(s) didn't satisfy plugin(s) [NodeAffinity]")
const accepts = ({ status: { code } }: Verdict) => code === 'Success' || code === 'Skip'

/** @param view a copy: neither it nor the pod changes, but plugins' states follow it */
export async function examine(profile: Profile, view: ClusterView, pod: PodInfo, pace: Pace): Promise<Examination> {
  const state = new CycleState()
  const refused: Verdict[] = []
  for (const plugin of having(profile, 'preEnqueue')) {
    const status = plugin.preEnqueue(pod.pod)
    if (!isSuccess(status)) refused.push({ plugin: plugin.name, status })
  }
  const gate = refused[0]
  let names: Set<string> | undefined
  for (const plugin of having(profile, 'preFilter')) {
    const { status, nodeNames } = plugin.preFilter(state, pod, view)
    if (!isSuccess(status)) state.skippedFilters.add(plugin.name)
    if (!isSuccess(status) && status.code !== 'Skip') refused.push({ plugin: plugin.name, status })
    if (nodeNames) names = new Set(names ? [...names].filter(name => nodeNames.has(name)) : nodeNames)
  }
  const nodes: ExaminedNode[] = []
  const statuses = new Rejections()
  for (const node of view.nodes) {
    const verdicts = having(profile, 'filter').map(plugin => {
      const { name } = plugin
      if (state.skippedFilters.has(name))
        return refused.find(verdict => verdict.plugin === name) ?? { plugin: name, status: skip }
      if (name === 'NodeAffinity' && names && !names.has(node.name)) return { plugin: name, status: ONLY_NAMED }
      const rejected = filterWithNominated(profile, [plugin], state, pod, node, view)
      return { plugin: name, status: rejected ?? success }
    })
    const first = verdicts.find(verdict => !accepts(verdict))
    if (first) statuses.add(node, { ...first.status, plugin: first.plugin })
    nodes.push({ node, verdicts, fits: first === undefined && refused.length === 0 })
    await pace.breathe()
  }
  const fitting = nodes.filter(({ fits }) => fits).map(({ node }) => node)
  const parts = new Map<NodeInfo, PluginScore[]>(fitting.map(node => [node, []]))
  const totals = scoreNodes(profile, state, pod, fitting, ({ plugin, weight, scores: all }) => {
    for (const [i, node] of fitting.entries()) parts.get(node)?.push({ plugin, score: all[i] ?? 0, weight })
  })
  const scores = totals
    .map(score => ({ ...score, parts: parts.get(score.node) ?? [] }))
    .sort((a, b) => b.total - a.total || (a.node.name < b.node.name ? -1 : 1))
  return { state, refused, nodes, scores, message: whyNot(fitting.length, view, statuses, gate, refused) }
}

function whyNot(
  fitting: number,
  view: ClusterView,
  statuses: NodeStatuses,
  gate: Verdict | undefined,
  [first]: readonly Verdict[],
): string | undefined {
  if (fitting > 0) return undefined
  if (gate) return gate.status.reasons.join(', ')
  return describeFit(view.nodes.length, statuses, first?.status)
}
