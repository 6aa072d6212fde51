// DefaultBinder: writes the decision through the pod's binding subresource.
import { Pod } from '../../../../shared/api/core/v1.ts'
import type { Client } from '../../../../shared/client/client.ts'
import type { SchedulerPlugin } from '../../framework/plugin.ts'
import { failed, success } from '../../framework/status.ts'

export const defaultBinder = (client: Client): SchedulerPlugin => ({
  name: 'DefaultBinder',
  async bind(_state, { pod }, nodeName) {
    const { namespace, name, uid } = pod.metadata
    try {
      await client.createSubresource(Pod, { namespace, name }, 'binding', {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { namespace, name, uid },
        target: { kind: 'Node', name: nodeName },
      })
      return success
    } catch (error) {
      return failed((error as Error).message)
    }
  },
})
