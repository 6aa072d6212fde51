// Which of a pod's volumes its containers use, and as what. What none of them uses is not made ready, as upstream does it.
import type { Pod, Volume } from '../../../shared/api/core/v1.ts'
import { allContainers } from './containers.ts'

export interface VolumeUse {
  readonly mounts: ReadonlySet<string>
  readonly devices: ReadonlySet<string>
}

/** Names of volumes. */
export const volumeUse = (pod: Pod): VolumeUse => ({
  mounts: new Set(allContainers(pod).flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name))),
  devices: new Set(allContainers(pod).flatMap(({ volumeDevices = [] }) => volumeDevices.map(({ name }) => name))),
})

export function usedVolumes(pod: Pod): readonly Volume[] {
  const { mounts, devices } = volumeUse(pod)
  return (pod.spec.volumes ?? []).filter(({ name }) => mounts.has(name) || devices.has(name))
}
