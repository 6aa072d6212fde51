// VolumeBinding: a pod waits for claims that do not exist or are to be bound before use, and goes only where its
// volumes can be reached.
import type { PersistentVolumeClaim, Pod } from '../../../../shared/api/core/v1.ts'
import { matchesNodeSelector } from '../../../../shared/machinery/node-selector.ts'
import { on } from '../../framework/cluster-event.ts'
import type { StateKey } from '../../framework/cycle-state.ts'
import type { Listers } from '../../framework/listers.ts'
import type { SchedulerPlugin } from '../../framework/plugin.ts'
import { skip, success, unresolvable } from '../../framework/status.ts'

const bound: StateKey<readonly PersistentVolumeClaim[]> = { name: 'VolumeBinding' }

/** Names of the claims that the pod mounts; an ephemeral volume's claim is called after pod and volume. */
const claimNames = ({ metadata, spec }: Pod): string[] =>
  (spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) =>
    persistentVolumeClaim ? [persistentVolumeClaim.claimName] : ephemeral ? [`${metadata.name}-${name}`] : [],
  )

export function volumeBinding({ claims, volumes, storageClasses }: Listers): SchedulerPlugin {
  const waitsForPod = ({ spec: { storageClassName } }: PersistentVolumeClaim) =>
    Boolean(storageClassName) &&
    storageClasses.get({ name: storageClassName ?? '' })?.volumeBindingMode === 'WaitForFirstConsumer'
  return {
    name: 'VolumeBinding',
    requeueOn: [
      on('PersistentVolumeClaim', ['added', 'updated']),
      on('PersistentVolume', ['added', 'updated']),
      on('StorageClass', ['added', 'updated']),
      on('Node', ['added', 'updated']),
    ],
    preFilter(state, { pod }) {
      const names = claimNames(pod)
      if (names.length === 0) return { status: skip }
      const found: PersistentVolumeClaim[] = []
      for (const name of names) {
        const claim = claims.get({ namespace: pod.metadata.namespace, name })
        if (!claim) return { status: unresolvable(`persistentvolumeclaim "${name}" not found`) }
        if (claim.metadata.deletionTimestamp)
          return { status: unresolvable(`persistentvolumeclaim "${name}" is being deleted`) }
        if (claim.status.phase === 'Lost')
          return {
            status: unresolvable(
              `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec.volumeName ?? ''}"`,
            ),
          }
        found.push(claim)
      }
      if (found.some(claim => !claim.spec.volumeName && !waitsForPod(claim)))
        return { status: unresolvable('pod has unbound immediate PersistentVolumeClaims') }
      state.set(
        bound,
        found.filter(claim => claim.spec.volumeName),
      )
      return { status: success }
    },
    filter(state, _pod, { node }) {
      for (const { spec } of state.get(bound) ?? []) {
        const volume = volumes.get({ name: spec.volumeName ?? '' })
        if (!volume) return unresolvable('node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)')
        const required = volume.spec.nodeAffinity?.required
        if (required && node && !matchesNodeSelector(required, node))
          return unresolvable("node(s) didn't match PersistentVolume's node affinity")
      }
      return success
    },
  }
}
