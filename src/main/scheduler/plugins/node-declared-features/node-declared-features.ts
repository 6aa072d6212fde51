// NodeDeclaredFeatures: a pod that needs a feature of its node's agent goes where that is declared.
import type { Node } from '../../../../shared/api/core/v1.ts'
import { featuresToRun } from '../../../../shared/machinery/node-features.ts'
import { on } from '../../framework/cluster-event.ts'
import type { SchedulerPlugin } from '../../framework/plugin.ts'
import { skip, success, unresolvable } from '../../framework/status.ts'

const lacking = unresolvable("node(s) didn't match Pod's required features")
const declaredBy = (node: Node | undefined) => node?.status.declaredFeatures ?? []

export const nodeDeclaredFeatures: SchedulerPlugin = {
  name: 'NodeDeclaredFeatures',
  requeueOn: [
    on('Node', ['added', 'updated'], (_pod, { object, old }) => {
      const now = declaredBy(object as Node | undefined)
      return old === undefined || now.join() !== declaredBy(old as Node).join()
    }),
  ],
  sign: ({ pod }) => featuresToRun(pod),
  preFilter: (_state, { pod }) => ({ status: featuresToRun(pod).length > 0 ? success : skip }),
  filter: (_state, { pod }, { node }) =>
    featuresToRun(pod).every(feature => declaredBy(node).includes(feature)) ? success : lacking,
}
