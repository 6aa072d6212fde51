// NodeVolumeLimits: a node takes only as many volumes of a CSI driver as the driver says that it can.
import type { Pod } from '../../../../shared/api/core/v1.ts'
import { NO_PROVISIONER, podClaims, storageClassOf } from '../../../../shared/machinery/volume-claims.ts'
import { on } from '../../framework/cluster-event.ts'
import type { StateKey } from '../../framework/cycle-state.ts'
import type { Listers } from '../../framework/listers.ts'
import type { SchedulerPlugin } from '../../framework/plugin.ts'
import { skip, success, unschedulable } from '../../framework/status.ts'

/** Volume (driver and handle) → driver. */
type CsiVolumes = ReadonlyMap<string, string>
const wanted: StateKey<CsiVolumes> = { name: 'NodeVolumeLimits' }

export function nodeVolumeLimits({ claims, volumes, storageClasses, csiNodes }: Listers): SchedulerPlugin {
  function csiVolumesOf(pod: Pod): Map<string, string> {
    const { namespace } = pod.metadata
    const found = new Map<string, string>()
    for (const { name } of podClaims(pod)) {
      const claim = claims.get({ namespace, name })
      if (!claim) continue
      const volume = volumes.get({ name: claim.spec.volumeName ?? '' })
      const csi = volume?.spec.csi
      if (csi) found.set(`${csi.driver}/${csi.volumeHandle}`, csi.driver)
      if (volume) continue
      // The volume that is made for it, or bound to it, on this node.
      const driver = storageClasses.get({ name: storageClassOf(claim) })?.provisioner
      if (driver && driver !== NO_PROVISIONER) found.set(`${driver}/of ${namespace}/${name}`, driver)
    }
    return found
  }
  return {
    name: 'NodeVolumeLimits',
    requeueOn: [
      on('Pod', ['deleted']),
      on('Node', ['added']),
      on('PersistentVolumeClaim', ['added', 'updated']),
      // A driver that registers anew may take more.
      on('CSINode', ['added', 'updated', 'deleted']),
    ],
    preFilter(state, { pod }) {
      const found = csiVolumesOf(pod)
      if (found.size === 0) return { status: skip }
      state.set(wanted, found)
      return { status: success }
    },
    filter(state, _pod, { name, pods }) {
      const drivers = csiNodes.get({ name })?.spec.drivers ?? []
      if (!drivers.some(({ allocatable }) => allocatable?.count !== undefined)) return success
      const attached = new Map<string, string>()
      for (const { pod } of pods.values()) for (const [id, driver] of csiVolumesOf(pod)) attached.set(id, driver)
      const before = attached.size
      for (const [id, driver] of state.get(wanted) ?? []) attached.set(id, driver)
      if (attached.size === before) return success
      for (const { name: driver, allocatable } of drivers) {
        const count = [...attached.values()].filter(other => other === driver).length
        const adds = [...(state.get(wanted) ?? [])].some(([, other]) => other === driver)
        if (adds && allocatable?.count !== undefined && count > allocatable.count)
          return unschedulable('node(s) exceed max volume count')
      }
      return success
    },
  }
}
