// NodeUnschedulable: a cordoned node takes only pods that tolerate its being cordoned.
import type { Node } from '../../../../shared/api/core/v1.ts'
import { firstUntolerated } from '../../../../shared/machinery/taints.ts'
import type { SchedulerPlugin } from '../../framework/plugin.ts'
import { on } from '../../framework/cluster-event.ts'
import { success, unresolvable } from '../../framework/status.ts'

const REASON = 'node(s) were unschedulable'
const CORDONED = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }

export const nodeUnschedulable: SchedulerPlugin = {
  name: 'NodeUnschedulable',
  requeueOn: [on('Node', ['added', 'updated'], (_pod, { object }) => !(object as unknown as Node).spec.unschedulable)],
  sign: ({ pod }) => pod.spec.tolerations,
  filter(_state, { pod }, { node }) {
    if (!node?.spec.unschedulable) return success
    return firstUntolerated([CORDONED], pod.spec.tolerations, ['NoSchedule']) ? unresolvable(REASON) : success
  },
}
