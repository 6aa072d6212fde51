// Whether a driver that tells how much room it has where (CSIDriver.spec.storageCapacity) can make a volume for a node.
// @see https://kubernetes.io/docs/concepts/storage/storage-capacity/
import type { Node, PersistentVolumeClaim } from '../../../../shared/api/core/v1.ts'
import type { CSIStorageCapacity, StorageClass } from '../../../../shared/api/storage/v1.ts'
import { parseQuantity } from '../../../../shared/machinery/quantity.ts'
import { fromLabelSelector } from '../../../../shared/machinery/selectors.ts'
import { requestOf } from '../../../../shared/machinery/volume-claims.ts'
import type { Listers } from '../../framework/listers.ts'

/** The largest single volume counts, where the driver tells it. Without a topology it is reachable from nowhere. */
function suffices(
  { capacity, maximumVolumeSize, nodeTopology }: CSIStorageCapacity,
  claim: PersistentVolumeClaim,
  { metadata }: Node,
): boolean {
  const most = maximumVolumeSize ?? capacity
  if (most === undefined || !nodeTopology) return false
  return parseQuantity(most).compare(requestOf(claim)) >= 0 && fromLabelSelector(nodeTopology).matches(metadata.labels)
}

export function hasEnoughCapacity(
  { csiDrivers, storageCapacities }: Pick<Listers, 'csiDrivers' | 'storageCapacities'>,
  claim: PersistentVolumeClaim,
  { provisioner, metadata }: StorageClass,
  node: Node,
): boolean {
  if (!csiDrivers.get({ name: provisioner })?.spec.storageCapacity) return true
  return storageCapacities
    .list()
    .some(capacity => capacity.storageClassName === metadata.name && suffices(capacity, claim, node))
}
