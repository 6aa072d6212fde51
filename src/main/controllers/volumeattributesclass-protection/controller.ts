// volumeattributesclass-protection: a class of attributes that is deleted stays while a claim or a volume names it.
import { PersistentVolume, PersistentVolumeClaim } from '../../../shared/api/core/v1.ts'
import { VolumeAttributesClass } from '../../../shared/api/storage/v1.ts'
import {
  type Change,
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  mapped,
  own,
} from '../../../shared/client/reconciler.ts'
import { setFinalizer } from '../support/finalizer.ts'

const FINALIZER = 'kubernetes.io/vac-protection'

/** What a claim asks for, has, and is on its way to. */
const ofClaim = ({ spec, status }: PersistentVolumeClaim) => [
  spec.volumeAttributesClassName,
  status.currentVolumeAttributesClassName,
  status.modifyVolumeStatus?.targetVolumeAttributesClassName,
]
const ofVolume = ({ spec }: PersistentVolume) => [spec.volumeAttributesClassName]

/** Whoever let a class go: before the change, or with the object. */
function* letGo<T>({ type, object, old }: Change<T>, classesOf: (object: T) => (string | undefined)[]) {
  const kept = type === 'deleted' ? [] : classesOf(object)
  for (const name of classesOf(old ?? object)) if (name && !kept.includes(name)) yield { name }
}

export class VolumeAttributesClassProtectionController implements Reconciler<VolumeAttributesClass> {
  readonly name = 'volumeattributesclass-protection'
  readonly type = VolumeAttributesClass
  readonly watches = [
    own(VolumeAttributesClass),
    mapped(PersistentVolumeClaim, change => letGo(change, ofClaim)),
    mapped(PersistentVolume, change => letGo(change, ofVolume)),
  ]

  async reconcile(given: VolumeAttributesClass, context: ControllerContext): Promise<Result> {
    const { name, deletionTimestamp, finalizers = [] } = given.metadata
    const has = finalizers.includes(FINALIZER)
    if (!deletionTimestamp) {
      if (!has) await setFinalizer(context, VolumeAttributesClass, given, FINALIZER, true)
      return done
    }
    if (!has) return done
    const { client, signal } = context
    // What is let go here is lost, so the server is asked, not a cache.
    const claims = await client.list(PersistentVolumeClaim, { signal })
    const volumes = await client.list(PersistentVolume, { signal })
    const isUsed =
      claims.items.some(claim => ofClaim(claim).includes(name)) ||
      volumes.items.some(volume => ofVolume(volume).includes(name))
    if (!isUsed) await setFinalizer(context, VolumeAttributesClass, given, FINALIZER, false)
    return done
  }
}
