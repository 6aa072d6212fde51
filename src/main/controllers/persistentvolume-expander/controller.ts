// persistentvolume-expander: a bound claim may ask for more. A local folder has no size of its own, so it grows by
// writing down the new one; volumes of other provisioners wait for their own resizer.
// @see https://kubernetes.io/docs/concepts/storage/persistent-volumes/#expanding-persistent-volumes-claims
import { PersistentVolume, PersistentVolumeClaim } from '../../../shared/api/core/v1.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  own,
  read,
} from '../../../shared/client/reconciler.ts'
import { parseQuantity } from '../../../shared/machinery/quantity.ts'
import { LOCAL_PROVISIONER, PROVISIONED_BY, capacityOf, requestOf } from '../../../shared/machinery/volume-claims.ts'
import { writeStatus } from '../support/write-status.ts'

export class PersistentVolumeExpander implements Reconciler<PersistentVolumeClaim> {
  readonly name = 'persistentvolume-expander'
  readonly identity = 'expand-controller'
  readonly eventSource = 'volume_expand'
  readonly type = PersistentVolumeClaim
  readonly watches = [
    own(PersistentVolumeClaim, ({ type, object }) => type !== 'deleted' && wantsMore(object)),
    read(PersistentVolume),
  ]

  async reconcile(claim: PersistentVolumeClaim, context: ControllerContext): Promise<Result> {
    if (!wantsMore(claim)) return done
    const { lister, client, events, signal } = context
    const volume = lister(PersistentVolume).get({ name: claim.spec.volumeName ?? '' })
    if (volume?.spec.claimRef?.uid !== claim.metadata.uid) return done
    if (volume.metadata.annotations?.[PROVISIONED_BY] !== LOCAL_PROVISIONER) {
      events.event(claim, 'Normal', 'ExternalExpanding', 'waiting for an external controller to expand this PVC')
      return done
    }
    const storage = claim.spec.resources?.requests?.storage ?? '0'
    events.event(claim, 'Normal', 'Resizing', `External resizer is resizing volume ${volume.metadata.name}`)
    if (capacityOf(volume).compare(requestOf(claim)) < 0) {
      const spec = { ...volume.spec, capacity: { ...volume.spec.capacity, storage } }
      await client.update(PersistentVolume, { ...volume, spec }, { signal })
    }
    const { status } = claim
    const capacity = { ...status.capacity, storage }
    const allocatedResources = { ...status.allocatedResources, storage }
    await writeStatus(context, PersistentVolumeClaim, claim, { ...status, capacity, allocatedResources })
    events.event(claim, 'Normal', 'VolumeResizeSuccessful', 'Resize volume succeeded')
    return done
  }
}

function wantsMore(claim: PersistentVolumeClaim): boolean {
  const { phase, capacity } = claim.status
  if (phase !== 'Bound' || capacity?.storage === undefined || claim.metadata.deletionTimestamp) return false
  return requestOf(claim).compare(parseQuantity(capacity.storage)) > 0
}
