// What volumes of CSI drivers need while their pod runs: some are published again and again, others have grown.
import { PersistentVolumeClaim, type PersistentVolume, type Pod, type Volume } from '../../../shared/api/core/v1.ts'
import { capacityOf } from '../../../shared/machinery/volume-claims.ts'
import { parseQuantity } from '../../../shared/machinery/quantity.ts'
import type { KubeletParts } from '../parts.ts'
import { podReference } from '../references.ts'
import { usedVolumes } from '../spec/volume-use.ts'
import { boundVolume, claimNameOf } from '../volumes/claims.ts'

type Parts = Pick<KubeletParts, 'csi' | 'objects' | 'client' | 'recorder' | 'node'>

/** Conditions of a claim that grows. */
const RESIZING = [
  'Resizing', 'FileSystemResizePending', 'ControllerResizeError', 'NodeResizeError',
] as const // prettier-ignore

export const mayBeCsi = (volume: Volume): boolean =>
  volume.csi !== undefined || volume.persistentVolumeClaim !== undefined || volume.ephemeral !== undefined

/** What goes wrong is told by events. */
export async function keepCsiVolumes(parts: Parts, pod: Pod, signal: AbortSignal): Promise<void> {
  for (const volume of usedVolumes(pod)) {
    if (signal.aborted) return
    if (!mayBeCsi(volume)) continue
    try {
      await keepOne(parts, pod, volume, signal)
    } catch (error) {
      if (!signal.aborted) parts.recorder.event(podReference(pod), 'Warning', 'FailedMount', (error as Error).message)
    }
  }
}

async function keepOne(parts: Parts, pod: Pod, volume: Volume, signal: AbortSignal): Promise<void> {
  const { csi, objects } = parts
  const { fsGroup: gid, fsGroupChangePolicy: policy } = pod.spec.securityContext ?? {}
  const group = { gid, policy }
  if (volume.csi) return void (await csi.prepareInline(pod, volume, group))
  const found = await boundVolume(pod, volume, objects, { isMounted: true })
  if (!found.spec.csi) return
  const readOnly = volume.persistentVolumeClaim?.readOnly ?? false
  await csi.preparePersistent(pod, found, { name: volume.name, group, readOnly, signal })
  if (!readOnly) await grow(parts, pod, found, claimNameOf(pod, volume) ?? '')
}

/** The driver's resizer has made the volume larger; what is on it follows, and the claim has what it asked for. */
async function grow(
  { csi, objects, client, recorder, node: { nodeName } }: Parts,
  pod: Pod,
  volume: PersistentVolume,
  claimName: string,
): Promise<void> {
  const { namespace, uid } = pod.metadata
  const claim = await objects.claim(namespace, claimName)
  const { capacity, conditions = [], allocatedResourceStatuses } = claim?.status ?? {}
  const has = capacity?.storage
  if (!claim || has === undefined || capacityOf(volume).compare(parseQuantity(has)) <= 0) return
  if (allocatedResourceStatuses?.storage === 'NodeResizeInfeasible') return
  const { name } = volume.metadata
  try {
    if (!(await csi.expand(uid, volume))) return
  } catch (error) {
    const why = `Expander.NodeExpand failed to expand the volume : ${(error as Error).message}`
    const message = `NodeExpandVolume.NodeExpandVolume failed for volume "${name}" : ${why}`
    recorder.event(podReference(pod), 'Warning', 'VolumeResizeFailed', message)
    return
  }
  const status = {
    capacity: { storage: volume.spec.capacity?.storage },
    conditions: conditions.filter(({ type }) => !RESIZING.some(each => each === type)),
    ...(allocatedResourceStatuses ? { allocatedResourceStatuses: { storage: null } } : {}),
  }
  const options = { type: 'merge', subresource: 'status' } as const
  await client.patch(PersistentVolumeClaim, { namespace, name: claimName }, { status }, options)
  const message = `MountVolume.NodeExpandVolume succeeded for volume "${name}" ${nodeName}`
  for (const about of [podReference(pod), claim]) recorder.event(about, 'Normal', 'FileSystemResizeSuccessful', message)
}
