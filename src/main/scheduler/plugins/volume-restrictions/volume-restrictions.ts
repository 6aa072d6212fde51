// VolumeRestrictions: disks that only one pod of a node may write, and claims that only one pod of the cluster may use.
import type { Pod, Volume } from '../../../../shared/api/core/v1.ts'
import { podClaims } from '../../../../shared/machinery/volume-claims.ts'
import type { PodInfo } from '../../cache/pod-info.ts'
import { on } from '../../framework/cluster-event.ts'
import type { StateKey } from '../../framework/cycle-state.ts'
import type { Listers } from '../../framework/listers.ts'
import type { SchedulerPlugin } from '../../framework/plugin.ts'
import { skip, success, unschedulable } from '../../framework/status.ts'

const DISK_CONFLICT = 'node(s) had no available disk'
const POD_CONFLICT =
  'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod'

/** A disk named in a pod itself: its identity, and whether it is mounted read-only (then several may). */
function diskOf(volume: Volume): { id: string; readOnly: boolean } | undefined {
  const { gcePersistentDisk, awsElasticBlockStore, iscsi, rbd } = volume
  if (gcePersistentDisk) return { id: `gce/${gcePersistentDisk.pdName}`, readOnly: Boolean(gcePersistentDisk.readOnly) }
  if (awsElasticBlockStore) return { id: `aws/${awsElasticBlockStore.volumeID}`, readOnly: false }
  if (iscsi) return { id: `iscsi/${iscsi.iqn}`, readOnly: Boolean(iscsi.readOnly) }
  if (rbd)
    return {
      id: `rbd/${[...rbd.monitors].sort().join()}/${rbd.pool ?? 'rbd'}/${rbd.image}`,
      readOnly: Boolean(rbd.readOnly),
    }
  return undefined
}

const disksOf = ({ spec }: Pod) => (spec.volumes ?? []).flatMap(volume => diskOf(volume) ?? [])

interface Exclusive {
  /** Names of the pod's claims that only one pod may use. */
  readonly claims: ReadonlySet<string>
  /** How many pods use them now. */
  users: number
}
const exclusive: StateKey<Exclusive> = { name: 'VolumeRestrictions' }

export function volumeRestrictions({ claims }: Listers): SchedulerPlugin {
  const uses = ({ pod }: PodInfo, names: ReadonlySet<string>, namespace: string): number =>
    pod.metadata.namespace === namespace ? podClaims(pod).filter(({ name }) => names.has(name)).length : 0
  return {
    name: 'VolumeRestrictions',
    requeueOn: [on('Pod', ['deleted']), on('Node', ['added']), on('PersistentVolumeClaim', ['added', 'updated'])],
    preFilter(state, { pod }, view) {
      const { namespace } = pod.metadata
      const names = new Set(
        podClaims(pod)
          .map(({ name }) => name)
          .filter(name => claims.get({ namespace, name })?.spec.accessModes?.includes('ReadWriteOncePod')),
      )
      if (names.size === 0 && disksOf(pod).length === 0) return { status: skip }
      let users = 0
      if (names.size > 0)
        for (const { pods } of view.nodes) for (const other of pods.values()) users += uses(other, names, namespace)
      state.set(exclusive, { claims: names, users })
      return { status: success }
    },
    addPod(state, { pod }, added) {
      const found = state.get(exclusive)
      if (found)
        state.set(exclusive, { ...found, users: found.users + uses(added, found.claims, pod.metadata.namespace) })
    },
    removePod(state, { pod }, removed) {
      const found = state.get(exclusive)
      if (found)
        state.set(exclusive, { ...found, users: found.users - uses(removed, found.claims, pod.metadata.namespace) })
    },
    filter(state, { pod }, { pods }) {
      const wanted = disksOf(pod)
      if (wanted.length > 0)
        for (const { pod: other } of pods.values())
          for (const disk of disksOf(other))
            if (wanted.some(({ id, readOnly }) => id === disk.id && !(readOnly && disk.readOnly)))
              return unschedulable(DISK_CONFLICT)
      return (state.get(exclusive)?.users ?? 0) > 0 ? unschedulable(POD_CONFLICT) : success
    },
  }
}
