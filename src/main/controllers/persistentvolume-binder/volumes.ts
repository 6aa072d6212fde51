// persistentvolume-binder, the volumes' side: their phase, and what becomes of them when their claim is gone.
import { PersistentVolume, PersistentVolumeClaim } from '../../../shared/api/core/v1.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  mapped,
  own,
} from '../../../shared/client/reconciler.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import { BOUND_BY_CONTROLLER, PROVISIONED_BY, volumeModeOf } from '../../../shared/machinery/volume-claims.ts'
import { setVolumePhase } from './bind.ts'
import { keyOf, volumesByClaim } from './indexes.ts'

type Context = ControllerContext

export class VolumeBinder implements Reconciler<PersistentVolume> {
  readonly name = 'persistentvolume-binder-volumes'
  readonly identity = 'persistent-volume-binder'
  readonly eventSource = 'persistentvolume-controller'
  readonly type = PersistentVolume
  readonly watches = [
    own(PersistentVolume),
    mapped(PersistentVolumeClaim, ({ object, old }, { lister }) => {
      const names = [object.spec.volumeName, old?.spec.volumeName].flatMap(name => (name ? [{ name }] : []))
      const holders = lister(PersistentVolume).by(volumesByClaim, keyOf(object.metadata))
      return [...names, ...holders.map(({ metadata }) => ({ name: metadata.name }))]
    }),
  ]

  async reconcile(volume: PersistentVolume, context: Context): Promise<Result> {
    const { claimRef } = volume.spec
    // Reserved for a claim that is not there yet is still available.
    if (!claimRef?.uid) {
      await setVolumePhase(context, volume, 'Available')
      return done
    }
    const claim = await findClaim(claimRef, context)
    if (claim?.metadata.uid !== claimRef.uid) await this.#release(volume, context)
    else if (!claim.spec.volumeName) this.#checkMode(volume, claim, context)
    else if (claim.spec.volumeName === volume.metadata.name) await setVolumePhase(context, volume, 'Bound')
    // The claim took another volume meanwhile. What was made for it alone is of no use to anybody else.
    else if (isProvisioned(volume) && volume.spec.persistentVolumeReclaimPolicy === 'Delete')
      await this.#release(volume, context)
    else await unbind(volume, context)
    return done
  }

  async #release(volume: PersistentVolume, context: Context): Promise<void> {
    const { phase } = volume.status
    if (phase === 'Failed') return
    const released = phase === 'Released' ? volume : await setVolumePhase(context, volume, 'Released')
    const policy = released.spec.persistentVolumeReclaimPolicy
    if (policy === 'Recycle')
      await this.#fail(released, 'VolumeFailedRecycle', 'No recycler plugin found for the volume!', context)
    // Volumes that a provisioner made are deleted by it, those of a driver by what belongs to that.
    else if (policy === 'Delete' && !isProvisioned(released) && !released.spec.csi)
      await this.#fail(released, 'VolumeFailedDelete', whyKept(released), context)
  }

  async #fail(volume: PersistentVolume, reason: string, message: string, context: Context): Promise<void> {
    context.events.event(volume, 'Warning', reason, message)
    await setVolumePhase(context, volume, 'Failed', message)
  }

  #checkMode(volume: PersistentVolume, claim: PersistentVolumeClaim, { events }: Context): void {
    if (volumeModeOf(volume) === volumeModeOf(claim)) return
    const why = 'due to incompatible volumeMode.'
    events.event(
      volume,
      'Warning',
      'VolumeMismatch',
      `Cannot bind PersistentVolume to requested PersistentVolumeClaim "${claim.metadata.name}" ${why}`,
    )
    events.event(
      claim,
      'Warning',
      'VolumeMismatch',
      `Cannot bind PersistentVolume "${volume.metadata.name}" to requested PersistentVolumeClaim ${why}`,
    )
  }
}

/** In upstream's words, which deletes folders below /tmp where it runs; here, nobody deletes those either. */
function whyKept({ metadata: { name }, spec: { hostPath, nfs, local } }: PersistentVolume): string {
  if (hostPath && !/\/tmp\/./.test(hostPath.path))
    return `host_path deleter only supports /tmp/.+ but received provided ${hostPath.path}`
  const kind = (hostPath ?? nfs ?? local) ? 'deletable volume' : 'volume'
  return `error getting deleter volume plugin for volume "${name}": no ${kind} plugin matched`
}

const isProvisioned = ({ metadata }: PersistentVolume) => metadata.annotations?.[PROVISIONED_BY] !== undefined

/** The cache may not show a claim that was made a moment ago; what is let go here is lost, so the server is asked. */
async function findClaim(
  ref: { readonly namespace?: string; readonly name?: string; readonly uid?: string },
  { lister, client, signal }: Context,
): Promise<PersistentVolumeClaim | undefined> {
  const key = { namespace: ref.namespace ?? '', name: ref.name ?? '' }
  const cached = lister(PersistentVolumeClaim).get(key)
  if (cached?.metadata.uid === ref.uid) return cached
  try {
    return await client.get(PersistentVolumeClaim, key, { signal })
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/** Takes the volume away from a claim that does not want it; a reservation by hand stays. */
async function unbind(volume: PersistentVolume, context: Context): Promise<void> {
  const { claimRef, ...spec } = volume.spec
  const { [BOUND_BY_CONTROLLER]: ours, ...annotations } = volume.metadata.annotations ?? {}
  const { uid: _uid, resourceVersion: _version, ...reservation } = claimRef ?? {}
  const freed = await context.client.update(
    PersistentVolume,
    {
      ...volume,
      metadata: { ...volume.metadata, annotations },
      spec: ours ? spec : { ...spec, claimRef: reservation },
    },
    { signal: context.signal },
  )
  await setVolumePhase(context, freed, 'Available')
}
