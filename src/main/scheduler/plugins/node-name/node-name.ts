// NodeName: a pod that names its node fits only there.
import type { SchedulerPlugin } from '../../framework/plugin.ts'
import { success, unresolvable } from '../../framework/status.ts'
import { on } from '../../framework/cluster-event.ts'

const REASON = "node(s) didn't match the requested node name"

export const nodeName: SchedulerPlugin = {
  name: 'NodeName',
  requeueOn: [on('Node', ['added'])],
  sign: ({ pod }) => pod.spec.nodeName,
  filter: (_state, { pod }, node) =>
    !pod.spec.nodeName || pod.spec.nodeName === node.name ? success : unresolvable(REASON),
}
