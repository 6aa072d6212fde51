// NodeAffinity: nodeSelector and node affinity, required and preferred.
import type { Node, NodeAffinity, Pod } from '../../../../shared/api/core/v1.ts'
import { matchesNodeSelector, matchesNodeSelectorTerm } from '../../../../shared/machinery/node-selector.ts'
import { on } from '../../framework/cluster-event.ts'
import { normalizeScores } from '../../framework/normalize.ts'
import type { SchedulerPlugin } from '../../framework/plugin.ts'
import { skip, success, unresolvable } from '../../framework/status.ts'

const REASON = "node(s) didn't match Pod's node affinity/selector"
const ENFORCED_REASON = "node(s) didn't match scheduler-enforced node affinity"

const CONFLICT = unresolvable('pod affinity terms conflict')

/** Whether the pod's nodeSelector and required affinity accept the node. */
export function acceptsNode({ spec }: Pod, node: Node): boolean {
  const labels = node.metadata.labels ?? {}
  for (const [key, value] of Object.entries(spec.nodeSelector ?? {}))
    if (!Object.hasOwn(labels, key) || labels[key] !== value) return false
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return !required || matchesNodeSelector(required, node)
}

const preferred = ({ spec }: Pod) => spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []

/** The only nodes that terms of `matchFields: metadata.name In […]` allow, when every term has one; perhaps none. */
function namedNodes({ spec }: Pod): Set<string> | undefined {
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  if (!terms?.length) return undefined
  const names = new Set<string>()
  for (const { matchFields } of terms) {
    const fields = (matchFields ?? []).filter(({ key, operator }) => key === 'metadata.name' && operator === 'In')
    const [first, ...others] = fields.map(({ values }) => values ?? [])
    if (!first) return undefined
    for (const name of first) if (others.every(values => values.includes(name))) names.add(name)
  }
  return names
}

/** @param added what the scheduler's own configuration demands of every pod's node, besides the pod's affinity */
export function nodeAffinity(added?: NodeAffinity): SchedulerPlugin {
  const enforced = added?.requiredDuringSchedulingIgnoredDuringExecution
  const liked = added?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  return {
    name: 'NodeAffinity',
    requeueOn: [on('Node', ['added', 'updated'], (pod, { object }) => acceptsNode(pod, object as unknown as Node))],
    sign: ({ pod: { spec } }) => [spec.nodeSelector, spec.affinity?.nodeAffinity],
    preFilter(_state, { pod }) {
      const { nodeSelector, affinity } = pod.spec
      if (!enforced && !nodeSelector && !affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution)
        return { status: skip }
      const nodeNames = namedNodes(pod)
      if (nodeNames?.size === 0) return { status: CONFLICT }
      return nodeNames ? { status: success, nodeNames } : { status: success }
    },
    filter(_state, { pod }, { node }) {
      if (!node) return unresolvable(REASON)
      if (enforced && !matchesNodeSelector(enforced, node)) return unresolvable(ENFORCED_REASON)
      return acceptsNode(pod, node) ? success : unresolvable(REASON)
    },
    preScore: (_state, { pod }) => (preferred(pod).length + liked.length === 0 ? skip : success),
    score: (_state, { pod }, { node }) =>
      [...liked, ...preferred(pod)].reduce(
        (sum, { weight, preference }) => sum + (node && matchesNodeSelectorTerm(preference, node) ? weight : 0),
        0,
      ),
    normalize: (_state, _pod, scores) => normalizeScores(scores, false),
  }
}
