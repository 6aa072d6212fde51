// What the owners of like pods have in common, whatever their kind.
import type { PodTemplateSpec } from '../../../shared/api/core/v1.ts'
import type { ReplicaSetSpec, ReplicaSetStatus } from '../../../shared/api/apps/v1.ts'
import type { KubeObject, NamespacedMeta } from '../../../shared/machinery/object.ts'

/** What ReplicaSets and ReplicationControllers have in common. */
export interface ReplicaOwner extends KubeObject {
  metadata: NamespacedMeta
  spec: Pick<ReplicaSetSpec, 'replicas' | 'minReadySeconds'> & { template?: PodTemplateSpec }
  status: ReplicaSetStatus
}
