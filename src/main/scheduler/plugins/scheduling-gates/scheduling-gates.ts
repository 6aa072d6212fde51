// SchedulingGates: a pod with gates is not tried before all are removed.
import type { SchedulerPlugin } from '../../framework/plugin.ts'
import { success, unresolvable } from '../../framework/status.ts'

export const schedulingGates: SchedulerPlugin = {
  name: 'SchedulingGates',
  requeueOn: [], // only the pod itself can change
  preEnqueue({ spec }) {
    const gates = spec.schedulingGates ?? []
    return gates.length === 0
      ? success
      : unresolvable(`waiting for scheduling gates: [${gates.map(({ name }) => name).join(' ')}]`)
  },
}
