// From a pod's claim to the volume that is bound to it.
import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '../../../shared/api/core/v1.ts'
import { volumeUse } from '../spec/volume-use.ts'

export interface ClaimSource {
  /** @returns undefined when it does not exist @throws Error when it cannot be known */
  claim(namespace: string, name: string): Promise<PersistentVolumeClaim | undefined>
  volume(name: string): Promise<PersistentVolume | undefined>
}

/** A claim that cannot be used yet; the message is upstream's. */
export class ClaimError extends Error {
  override readonly name = 'ClaimError'
}

/** @returns the name of the claim behind a volume, if there is one */
export const claimNameOf = (pod: Pod, { name, persistentVolumeClaim, ephemeral }: Volume): string | undefined =>
  ephemeral ? `${pod.metadata.name}-${name}` : persistentVolumeClaim?.claimName

/**
 * @param isMounted whether the pod has it already, as it does until it ends, whatever becomes of the claim meanwhile
 * @throws ClaimError
 */
export async function boundVolume(
  pod: Pod,
  volume: Volume,
  source: ClaimSource,
  { isMounted = false } = {},
): Promise<PersistentVolume> {
  const { namespace } = pod.metadata
  const name = claimNameOf(pod, volume) ?? ''
  const fail = (why: string): never => refuse(volume, `error processing PVC ${namespace}/${name}: ${why}`)
  const claim =
    (await source.claim(namespace, name)) ??
    fail(`failed to fetch PVC from API server: persistentvolumeclaims "${name}" not found`)
  if (volume.ephemeral && !isMadeFor(claim, pod))
    fail(`PVC ${namespace}/${name} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`)
  if (claim.metadata.deletionTimestamp && !isMounted) fail('PVC is being deleted')
  const { volumeName } = claim.spec
  if (!volumeName || claim.status.phase !== 'Bound') return fail('PVC is not bound')
  const found =
    (await source.volume(volumeName)) ??
    fail(`failed to fetch PV ${volumeName} from API server: persistentvolumes "${volumeName}" not found`)
  const owner = found.spec.claimRef?.uid
  if (owner !== claim.metadata.uid)
    fail(`found PV object ${volumeName} with an incorrect claimRef.UID ${owner ?? ''}, expected ${claim.metadata.uid}`)
  return found
}

/** @throws ClaimError where a container wants a folder of a device, or a device of a folder */
export function checkMode(pod: Pod, volume: Volume, { spec: { volumeMode = 'Filesystem' } }: PersistentVolume): void {
  const { mounts, devices } = volumeUse(pod)
  const mismatch = (field: string) => refuse(volume, `volume ${volume.name} has volumeMode ${volumeMode}, but is specified in ${field}`) // prettier-ignore
  if (mounts.has(volume.name) && volumeMode !== 'Filesystem') mismatch('volumeMounts')
  if (devices.has(volume.name) && volumeMode !== 'Block') mismatch('volumeDevices')
}

function refuse({ name }: Volume, why: string): never {
  const all = `unmounted volumes=[${name}], unattached volumes=[], failed to process volumes=[${name}]`
  throw new ClaimError(`Unable to attach or mount volumes: ${all}: ${why}`)
}

const isMadeFor = (claim: PersistentVolumeClaim, pod: Pod): boolean =>
  (claim.metadata.ownerReferences ?? []).some(owner => owner.controller === true && owner.uid === pod.metadata.uid)
