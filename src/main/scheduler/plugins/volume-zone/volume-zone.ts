// VolumeZone: a bound volume that says where it lives takes its pod only there.
import { labelOf } from '../../../../shared/machinery/selectors.ts'
import { podClaims } from '../../../../shared/machinery/volume-claims.ts'
import { on } from '../../framework/cluster-event.ts'
import type { StateKey } from '../../framework/cycle-state.ts'
import type { Listers } from '../../framework/listers.ts'
import type { SchedulerPlugin } from '../../framework/plugin.ts'
import { skip, success, unresolvable } from '../../framework/status.ts'

const KEYS = [
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
]
const GA_KEYS: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
}
/** Between the zones of a volume that lives in several. */
const SEPARATOR = '__'

interface Place {
  readonly key: string
  readonly values: readonly string[]
}
const places: StateKey<readonly Place[]> = { name: 'VolumeZone' }

export const volumeZone = ({ claims, volumes }: Listers): SchedulerPlugin => ({
  name: 'VolumeZone',
  requeueOn: [
    on('PersistentVolumeClaim', ['added', 'updated']),
    on('PersistentVolume', ['added', 'updated']),
    on('Node', ['added', 'updated']),
  ],
  preFilter(state, { pod }) {
    const found: Place[] = []
    for (const { name } of podClaims(pod)) {
      const claim = claims.get({ namespace: pod.metadata.namespace, name })
      const volume = volumes.get({ name: claim?.spec.volumeName ?? '' })
      for (const key of KEYS) {
        const value = labelOf(volume?.metadata.labels, key)
        if (value !== undefined) found.push({ key, values: value.split(SEPARATOR) })
      }
    }
    if (found.length === 0) return { status: skip }
    state.set(places, found)
    return { status: success }
  },
  filter(state, _pod, { node }) {
    const labels = node?.metadata.labels
    // A node that says nothing about zones is in a cluster that has none.
    if (!KEYS.some(key => labelOf(labels, key) !== undefined)) return success
    const fits = (state.get(places) ?? []).every(({ key, values }) => {
      const value = labelOf(labels, key) ?? labelOf(labels, GA_KEYS[key] ?? key)
      return value !== undefined && values.includes(value)
    })
    return fits ? success : unresolvable('node(s) had no available volume zone')
  },
})
