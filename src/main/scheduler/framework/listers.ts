// What plugins read besides nodes and pods.
import { ReplicaSet, StatefulSet } from '../../../shared/api/apps/v1.ts'
import {
  Namespace,
  PersistentVolume,
  PersistentVolumeClaim,
  ReplicationController,
  Service,
} from '../../../shared/api/core/v1.ts'
import { PodDisruptionBudget } from '../../../shared/api/policy/v1.ts'
import { DeviceClass, ResourceClaim, ResourceSlice } from '../../../shared/api/resource/v1.ts'
import { CSIDriver, CSINode, CSIStorageCapacity, StorageClass } from '../../../shared/api/storage/v1.ts'
import type { InformerFactory } from '../../../shared/client/informer-factory.ts'
import type { Lister } from '../../../shared/client/lister.ts'

export interface Listers {
  readonly namespaces: Lister<Namespace>
  readonly services: Lister<Service>
  readonly replicaSets: Lister<ReplicaSet>
  readonly replicationControllers: Lister<ReplicationController>
  readonly statefulSets: Lister<StatefulSet>
  readonly disruptionBudgets: Lister<PodDisruptionBudget>
  readonly claims: Lister<PersistentVolumeClaim>
  readonly volumes: Lister<PersistentVolume>
  readonly storageClasses: Lister<StorageClass>
  readonly csiNodes: Lister<CSINode>
  readonly csiDrivers: Lister<CSIDriver>
  readonly storageCapacities: Lister<CSIStorageCapacity>
  readonly resourceClaims: Lister<ResourceClaim>
  readonly resourceSlices: Lister<ResourceSlice>
  readonly deviceClasses: Lister<DeviceClass>
}

export const listersOf = (informers: InformerFactory): Listers => ({
  namespaces: informers.informer(Namespace).lister,
  services: informers.informer(Service).lister,
  replicaSets: informers.informer(ReplicaSet).lister,
  replicationControllers: informers.informer(ReplicationController).lister,
  statefulSets: informers.informer(StatefulSet).lister,
  disruptionBudgets: informers.informer(PodDisruptionBudget).lister,
  claims: informers.informer(PersistentVolumeClaim).lister,
  volumes: informers.informer(PersistentVolume).lister,
  storageClasses: informers.informer(StorageClass).lister,
  csiNodes: informers.informer(CSINode).lister,
  csiDrivers: informers.informer(CSIDriver).lister,
  storageCapacities: informers.informer(CSIStorageCapacity).lister,
  resourceClaims: informers.informer(ResourceClaim).lister,
  resourceSlices: informers.informer(ResourceSlice).lister,
  deviceClasses: informers.informer(DeviceClass).lister,
})
