// replicationcontroller: what ReplicaSets do, under the older kind.
import { ReplicationController } from '../../../shared/api/core/v1.ts'
import type { Reconciler } from '../../../shared/client/reconciler.ts'
import { Selectors } from '../../../shared/client/selection.ts'
import type { Clock } from '../../../shared/machinery/clock.ts'
import { fromMatchLabels, nothing } from '../../../shared/machinery/selectors.ts'
import { ReplicaController } from '../replicaset/controller.ts'

const selectors = new Selectors<ReplicationController>(({ spec: { selector } }) =>
  selector ? fromMatchLabels(selector) : nothing,
)

export const replicationController = (clock: Clock): Reconciler<ReplicationController> =>
  new ReplicaController<ReplicationController>(
    {
      name: 'replicationcontroller',
      identity: 'replication-controller',
      eventSource: 'replication-controller',
      type: ReplicationController,
      selectors,
    },
    clock,
  )
