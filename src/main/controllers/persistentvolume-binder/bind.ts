// Ties a claim and a volume to each other, in upstream's order: the volume first, so that nobody else takes it.
import { PersistentVolume, PersistentVolumeClaim } from '../../../shared/api/core/v1.ts'
import type { ControllerContext } from '../../../shared/client/reconciler.ts'
import { formatTime } from '../../../shared/machinery/clock.ts'
import { BIND_COMPLETED, BOUND_BY_CONTROLLER, isFullyBound } from '../../../shared/machinery/volume-claims.ts'
import { writeStatus } from '../support/write-status.ts'

export async function claimVolume(
  { client, signal }: ControllerContext,
  volume: PersistentVolume,
  claim: PersistentVolumeClaim,
): Promise<PersistentVolume> {
  const { claimRef } = volume.spec
  if (claimRef?.uid === claim.metadata.uid) return volume
  const { namespace, name, uid, resourceVersion } = claim.metadata
  const reference = { kind: 'PersistentVolumeClaim', namespace, name, uid, apiVersion: 'v1', resourceVersion }
  // Who reserved the volume for this claim by hand gets it back reserved when the claim goes.
  const annotations: Record<string, string> = claimRef ? {} : { [BOUND_BY_CONTROLLER]: 'yes' }
  return client.update(
    PersistentVolume,
    {
      ...volume,
      metadata: { ...volume.metadata, annotations: { ...volume.metadata.annotations, ...annotations } },
      spec: { ...volume.spec, claimRef: reference },
    },
    { signal },
  )
}

/** The claim's side, once the volume is the claim's. */
export async function bindClaim(
  context: ControllerContext,
  claim: PersistentVolumeClaim,
  volume: PersistentVolume,
): Promise<void> {
  let bound = claim
  if (claim.spec.volumeName !== volume.metadata.name || !isFullyBound(claim)) {
    const annotations = {
      ...claim.metadata.annotations,
      ...(claim.spec.volumeName ? {} : { [BOUND_BY_CONTROLLER]: 'yes' }),
      [BIND_COMPLETED]: 'yes',
    }
    const metadata = { ...claim.metadata, annotations }
    const spec = { ...claim.spec, volumeName: volume.metadata.name }
    bound = await context.client.update(PersistentVolumeClaim, { ...claim, metadata, spec }, { signal: context.signal })
  }
  const { accessModes = [], capacity = {}, volumeAttributesClassName } = volume.spec
  await writeStatus(context, PersistentVolumeClaim, bound, {
    ...bound.status,
    phase: 'Bound',
    accessModes: [...accessModes],
    // What a bound claim has grown to is the resizer's to say.
    capacity: bound.status.phase === 'Bound' && bound.status.capacity ? bound.status.capacity : { ...capacity },
    ...(volumeAttributesClassName ? { currentVolumeAttributesClassName: volumeAttributesClassName } : {}),
  })
}

export async function setVolumePhase(
  context: ControllerContext,
  volume: PersistentVolume,
  phase: string,
  message?: string,
): Promise<PersistentVolume> {
  if (volume.status.phase === phase && volume.status.message === message) return volume
  const { message: _old, reason: _reason, ...status } = volume.status
  const lastPhaseTransitionTime =
    status.phase === phase ? status.lastPhaseTransitionTime : formatTime(context.clock.now())
  return writeStatus(context, PersistentVolume, volume, {
    ...status,
    phase,
    ...(lastPhaseTransitionTime ? { lastPhaseTransitionTime } : {}),
    ...(message ? { message } : {}),
  })
}
