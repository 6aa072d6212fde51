// pv-protection: a volume that is deleted stays while it is bound to a claim.
import { PersistentVolume } from '../../../shared/api/core/v1.ts'
import { type ControllerContext, type Reconciler, type Result, done, own } from '../../../shared/client/reconciler.ts'
import { setFinalizer } from '../support/finalizer.ts'

const FINALIZER = 'kubernetes.io/pv-protection'

export class PvProtectionController implements Reconciler<PersistentVolume> {
  readonly name = 'pv-protection'
  readonly type = PersistentVolume
  readonly watches = [own(PersistentVolume)]

  async reconcile(volume: PersistentVolume, context: ControllerContext): Promise<Result> {
    const { deletionTimestamp, finalizers = [] } = volume.metadata
    const wanted = !deletionTimestamp
    if (finalizers.includes(FINALIZER) === wanted) return done
    if (wanted || volume.status.phase !== 'Bound')
      await setFinalizer(context, PersistentVolume, volume, FINALIZER, wanted)
    return done
  }
}
