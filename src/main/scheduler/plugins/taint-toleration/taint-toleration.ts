// TaintToleration: keeps pods off nodes whose hard taints they do not tolerate, and prefers nodes with fewer soft ones.
import type { Node, Pod, Taint } from '../../../../shared/api/core/v1.ts'
import { firstUntolerated, tolerates } from '../../../../shared/machinery/taints.ts'
import { on } from '../../framework/cluster-event.ts'
import { normalizeScores } from '../../framework/normalize.ts'
import type { SchedulerPlugin } from '../../framework/plugin.ts'
import { success, unresolvable } from '../../framework/status.ts'

const HARD = ['NoSchedule', 'NoExecute']

const show = ({ key, value }: Taint) => `{${key}: ${value ?? ''}}`

function countSoft(taints: readonly Taint[] | undefined, { spec }: Pod): number {
  if (!taints?.length) return 0
  const tolerations = spec.tolerations?.filter(({ effect }) => !effect || effect === 'PreferNoSchedule')
  return taints.filter(taint => taint.effect === 'PreferNoSchedule' && !tolerations?.some(t => tolerates(t, taint)))
    .length
}

const fits = (pod: Pod, node: Node) => !firstUntolerated(node.spec.taints, pod.spec.tolerations, HARD)

export const taintToleration: SchedulerPlugin = {
  name: 'TaintToleration',
  requeueOn: [on('Node', ['added', 'updated'], (pod, { object }) => fits(pod, object as unknown as Node))],
  sign: ({ pod }) => pod.spec.tolerations,
  filter(_state, { pod }, { node }) {
    const taint = firstUntolerated(node?.spec.taints, pod.spec.tolerations, HARD)
    return taint ? unresolvable(`node(s) had untolerated taint ${show(taint)}`) : success
  },
  score: (_state, { pod }, { node }) => countSoft(node?.spec.taints, pod),
  normalize: (_state, _pod, scores) => normalizeScores(scores, true),
}
